import copy

import pytest
from mmengine.config import Config

from mmaddp.run.check_settings import check_settings
from mmaddp.run.check_values import check_values
from mmaddp.run.config import merge_options, read_config, require

QUICKSTART = 'configs/quickstart'


@pytest.fixture(scope='module', params=['vqgan', 'mask-rcnn', 'upernet'])
def quickstart(request):
    (path,) = (request.config.rootpath / QUICKSTART).glob(f'{request.param}-*.py')
    return read_config(path)


@pytest.fixture(scope='module')
def tokenizer(request):
    (path,) = (request.config.rootpath / QUICKSTART).glob('vqgan-*.py')
    return read_config(path)


@pytest.fixture(scope='module')
def detector(request):
    (path,) = (request.config.rootpath / QUICKSTART).glob('mask-rcnn-*.py')
    return read_config(path)


def changed(cfg, **options):
    cfg = copy.deepcopy(cfg)
    merge_options(cfg, options)
    return cfg


@pytest.mark.parametrize(
    'key, value, parts',
    [
        ('env_cfg.cudnn_bench', True, ['env_cfg.cudnn_bench', "'cudnn_benchmark'"]),
        ('env_cfg.mp_cfg.mp_start_metod', 'x', ["'mp_start_method'"]),
        ('auto_scale_lr.enabled', True, ['auto_scale_lr.enabled', "'enable'"]),
        ('randomness.sed', 1, ['randomness.sed', "'seed'"]),
        ('train_dataloader.batchsize', 1, ['train_dataloader.batchsize', "'batch_size'"]),
        ('train_dataloader.dataset.sed', 1, ['SeededDataset', "'seed'"]),
        ('default_hooks.checkpoint.intervall', 1, ['CheckpointHook', "'interval'"]),
        ('default_hooks.loger', dict(interval=1), ['default_hooks.loger', "'logger'"]),
        ('default_hooks.logger.intervall', 1, ['LoggerHook', "'interval'"]),
        ('custom_hooks', [dict(type='EMAHok')], ['custom_hooks.0.type', "'EMAHook'"]),
        ('custom_hooks', [dict(type='Foo')], ["custom_hooks.0.type is 'Foo'"]),
        ('train_cfg.max_epoch', 1, ['train_cfg.max_epoch', "'max_epochs'"]),
        ('val_cfg.fp17', True, ['val_cfg.fp17', "'fp16'"]),
        ('model.type', 'mmaddp.VQGANTrainin', ["'mmaddp.VQGANTraining'"]),
        ('model.type', 'mmaddp.Foo', ["model.type is 'mmaddp.Foo'"]),
        ('model.tokenizer.num_code', 1, ['model.tokenizer.num_code', "'num_codes'"]),
        ('model.tokenizer.wholly_other', 1, ['model.tokenizer.wholly_other: VQGAN has none']),
    ],
)
def test_misspelled_settings_are_refused(tokenizer, key, value, parts):
    with pytest.raises(ValueError, match='has wrong settings') as error:
        check_settings(changed(tokenizer, **{key: value}))
    assert all(part in str(error.value) for part in parts), str(error.value)


@pytest.mark.parametrize(
    'key, value, parts',
    [
        ('optim_wrapper.optimizer.lrr', 1, ['optim_wrapper.optimizer.lrr: AdamW', "'lr'"]),
        ('optim_wrapper.clip_grad.max_nrom', 1, ["'max_norm'"]),
        (
            'train_dataloader.dataset.dataset.data_rot',
            'x',
            ['data_rot: CocoDataset', "'data_root'"],
        ),
        ('train_dataloader.dataset.dataset.pipeline.0.typ', 'x', ['pipeline.0.typ', "'type'"]),
        ('train_dataloader.sampler.shufle', True, ["'shuffle'"]),
        ('model.roi_head.bbox_head.num_clases', 3, ["'num_classes'"]),
        ('model.rpn_head.anchor_generator.scale', [8], ["'scales'"]),
        ('model.backbone.type', 'mmaddp.ADDPVit', ["'mmaddp.ADDPViT"]),
        ('model.neck.type', 'mmaddp.SimpleFP', ["'mmaddp.SimpleFPN'"]),
        ('val_evaluator.metrics', 'bbox', ["'metric'"]),
        ('param_scheduler.0.enn', 3, ["'end'"]),
        ('visualizer.nam', 'x', ["'name'"]),
    ],
)
def test_misspelled_settings_in_a_host_s_scope(detector, key, value, parts):
    with pytest.raises(ValueError, match='has wrong settings') as error:
        check_settings(changed(detector, **{key: value}))
    assert all(part in str(error.value) for part in parts), str(error.value)


def test_sound_configurations_pass(quickstart):
    check_settings(quickstart)
    check_values(quickstart)


def test_types_given_as_classes_are_checked_too(tokenizer):
    from mmaddp.datasets import SeededDataset

    cfg = changed(tokenizer, **{'train_dataloader.dataset.sed': 1})
    cfg.train_dataloader.dataset.type = SeededDataset
    with pytest.raises(ValueError, match=r"SeededDataset has none .*'seed'"):
        check_settings(cfg)


@pytest.mark.parametrize(
    'base',
    [
        'mmpretrain::resnet/resnet50_8xb32_in1k.py',
        'mmpretrain::mae/mae_vit-base-p16_8xb512-amp-coslr-300e_in1k.py',
        'mmpretrain::swin_transformer/swin-tiny_16xb64_in1k.py',
        'mmdet::mask_rcnn/mask-rcnn_r50_fpn_1x_coco.py',
        'mmdet::cascade_rcnn/cascade-mask-rcnn_r50_fpn_1x_coco.py',
        'mmdet::retinanet/retinanet_r50_fpn_1x_coco.py',
        'mmseg::upernet/upernet_r50_4xb4-80k_ade20k-512x512.py',
        'mmseg::mae/mae-base_upernet_8xb2-amp-160k_ade20k-512x512.py',
    ],
)
def test_configurations_of_the_hosts_pass(tmp_path, base):
    (tmp_path / 'child.py').write_text(f'_base_ = {base!r}\n')
    check_settings(Config.fromfile(tmp_path / 'child.py'))


@pytest.mark.parametrize(
    'key, value, message',
    [
        ('train_cfg.val_interval', 0, 'train_cfg.val_interval must be at least 1, got 0'),
        ('train_cfg.max_iters', 0, 'train_cfg.max_iters must be at least 1, got 0'),
        ('train_cfg.max_iters', 2.5, 'must be a whole number, got 2.5'),
        ('train_cfg.max_iters', 'ten', "must be a whole number, got 'ten'"),
        ('train_dataloader.batch_size', 0, 'train_dataloader.batch_size must be at least 1'),
        ('train_dataloader.num_workers', -1, 'train_dataloader.num_workers must be at least 0'),
        ('optim_wrapper.clip_grad', dict(max_norm=-1), 'max_norm must be more than 0, got -1'),
        ('optim_wrapper.clip_grad', dict(max_norm=0), 'max_norm must be more than 0, got 0'),
        ('optim_wrapper.optimizer.lr', -1.0, 'optim_wrapper.optimizer.lr must be at least 0'),
        ('optim_wrapper.accumulative_counts', 0, 'accumulative_counts must be at least 1'),
        ('train_cfg.passes', 0, 'train_cfg.passes must be at least 1'),
        ('default_hooks.checkpoint.interval', 0, 'default_hooks.checkpoint.interval must be'),
        ('default_hooks.logger.interval', 0, 'default_hooks.logger.interval must be'),
        ('randomness.seed', -1, 'randomness.seed must be from 0 to 4294967295, got -1'),
        ('randomness.seed', 2**64, 'randomness.seed must be from 0 to 4294967295'),
        ('resume', 'x.pth', 'resume must be True or False'),
        ('log_level', 'FOO', 'log_level must be one of DEBUG, INFO'),
        ('model.backbone.patch_size', 0, 'patch_size must be at least 1, got 0'),
        ('model.backbone.img_size', 30, 'img_size must be a multiple of patch_size=8, got 30'),
    ],
)
def test_values_out_of_range_are_refused(detector, key, value, message):
    with pytest.raises(ValueError, match='has wrong values') as error:
        check_values(changed(detector, **{key: value}))
    assert message in str(error.value)


def test_checkpoints_may_be_saved_never(detector):
    check_values(changed(detector, **{'default_hooks.checkpoint.interval': -1}))


def test_option_through_something_without_parts(tokenizer):
    with pytest.raises(ValueError, match=r'train_cfg\.max_epochs\.x=1 cannot'):
        changed(tokenizer, **{'train_cfg.max_epochs.x': 1})


@pytest.mark.parametrize(
    'options, message',
    [
        ({'default_hooks': 3}, 'default_hooks takes settings in a dict, got 3'),
        ({'default_hooks.checkpoint': 'x'}, "default_hooks.checkpoint takes settings .*'x'"),
        ({'train_dataloader': 3}, 'train_dataloader takes settings'),
        ({'train_dataloader.dataset': None}, 'train_dataloader.dataset takes settings'),
        ({'custom_hooks': 'x'}, "custom_hooks takes a list, got 'x'"),
        ({'auto_scale_lr': 3}, 'auto_scale_lr takes settings'),
        ({'launcher': 'pytorch'}, '--cfg-options sets launcher'),
        ({'train_cfg.max_epochs.x': 1}, 'cannot be set'),
    ],
)
def test_other_kinds_of_values_in_the_place_of_settings(request, options, message):
    (path,) = (request.config.rootpath / QUICKSTART).glob('vqgan-*.py')
    with pytest.raises(ValueError, match=message):
        read_config(path, options)


def test_nothing_in_the_place_of_settings_is_the_default(request):
    (path,) = (request.config.rootpath / QUICKSTART).glob('vqgan-*.py')
    cfg = read_config(path, {'default_hooks': None, 'env_cfg': None, 'randomness': None})
    assert 'checkpoint' in cfg.default_hooks and 'env_cfg' not in cfg


def test_a_tool_says_which_settings_it_lacks(tmp_path):
    (tmp_path / 'empty.py').write_text('')
    with pytest.raises(ValueError, match=r'empty\.py has no model and no train_cfg\.'):
        require(read_config(tmp_path / 'empty.py'), 'model', 'train_cfg')
