import pytest
from mmengine.config import Config

from mmaddp.run.config_keys import check_config_keys, variables_used

HOST_BASES = [
    'mmpretrain::_base_/default_runtime.py',
    'mmpretrain::_base_/datasets/imagenet_bs512_mae.py',
    'mmdet::_base_/default_runtime.py',
    'mmdet::_base_/datasets/coco_instance.py',
    'mmdet::_base_/models/mask-rcnn_r50_fpn.py',
    'mmseg::_base_/default_runtime.py',
    'mmseg::_base_/datasets/ade20k.py',
    'mmseg::_base_/models/upernet_vit-b16_ln_mln.py',
    'mmseg::_base_/schedules/schedule_160k.py',
]


def write(path, text):
    path.write_text(text)
    return Config.fromfile(path)


@pytest.mark.parametrize('base', HOST_BASES)
def test_host_bases_pass(tmp_path, base):
    check_config_keys(write(tmp_path / 'child.py', f'_base_ = [{base!r}]\n'))


def test_host_bases_pass_together_and_are_really_read(tmp_path):
    bases = ['mmdet::_base_/default_runtime.py', 'mmdet::_base_/datasets/coco_instance.py']
    cfg = write(tmp_path / 'child.py', f'_base_ = {bases}\n')
    assert {'data_root', 'dataset_type', 'vis_backends'} <= variables_used(cfg.filename)
    check_config_keys(cfg)


@pytest.mark.parametrize(
    'key, nearest',
    [
        ('fp16', None),
        ('optim_wraper', 'optim_wrapper'),
        ('train_dataloder', 'train_dataloader'),
        ('custom_hook', 'custom_hooks'),
    ],
)
def test_unknown_key_raises_with_the_nearest(tmp_path, key, nearest):
    cfg = write(tmp_path / 'typo.py', f'{key} = dict(a=1)\n')
    with pytest.raises(ValueError, match=rf"typo\.py sets '{key}'") as error:
        check_config_keys(cfg)
    assert ('did you mean' in str(error.value)) is (nearest is not None)
    assert nearest is None or repr(nearest) in str(error.value)


def test_key_that_belongs_deeper_is_found_there(tmp_path):
    cfg = write(tmp_path / 'a.py', 'train_cfg = dict(max_epochs=3)\n')
    options = {'max_epochs': 1}
    cfg.merge_from_dict(options)
    with pytest.raises(ValueError, match=r"--cfg-options sets 'max_epochs' .*train_cfg.max_epochs"):
        check_config_keys(cfg, options)


def test_unknown_key_of_a_base_raises(tmp_path):
    write(tmp_path / 'base.py', 'fp16 = dict(loss_scale="dynamic")\n')
    with pytest.raises(ValueError, match='fp16'):
        check_config_keys(write(tmp_path / 'child.py', '_base_ = "./base.py"\n'))


@pytest.mark.parametrize(
    'reader',
    [
        'train_cfg = dict(max_epochs=_base_.epochs)',
        'train_cfg = dict(max_epochs={{_base_.epochs}})',
        'train_cfg = dict(_base_.epochs)',
    ],
)
def test_variable_read_through_base_is_known(tmp_path, reader):
    (tmp_path / 'base.py').write_text('epochs = dict(max_epochs=3)\n')
    cfg = write(tmp_path / 'child.py', f'_base_ = "./base.py"\n{reader}\n')
    check_config_keys(cfg)


def test_variable_that_no_file_reads_is_unknown(tmp_path):
    with pytest.raises(ValueError, match='epochs'):
        check_config_keys(write(tmp_path / 'a.py', 'epochs = 3\ntrain_cfg = dict(max_epochs=3)'))


def test_command_line_keys_are_checked(tmp_path):
    cfg = write(tmp_path / 'a.py', 'train_cfg = dict(max_epochs=3)')
    options = {'fp16.loss_scale': 'dynamic'}
    cfg.merge_from_dict(options)
    with pytest.raises(ValueError, match='fp16'):
        check_config_keys(cfg, options)
    check_config_keys(Config.fromfile(cfg.filename), {'train_cfg.max_epochs': 5})


@pytest.mark.parametrize('variable', ['epochs', 'max_epochs'])
def test_variable_on_the_command_line_would_change_nothing(tmp_path, variable):
    cfg = write(tmp_path / 'a.py', f'{variable} = 3\ntrain_cfg = dict(max_epochs={variable})')
    with pytest.raises(ValueError, match=f"'{variable}'.*change nothing") as error:
        check_config_keys(cfg, [variable])
    assert variable == 'epochs' or 'train_cfg.max_epochs' in str(error.value)
