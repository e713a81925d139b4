import pytest
from mmengine.config import Config
from mmengine.registry import DATASETS, TRANSFORMS, VISUALIZERS, init_default_scope

import mmaddp  # noqa: F401

CONFIG = 'mmaddp::addp/addp_vit-base-p16_8xb512-amp-coslr-1600e_in1k-256px.py'


@pytest.fixture
def inherited(tmp_path):
    (tmp_path / 'mine.py').write_text(
        f"_base_ = ['{CONFIG}']\ncopy = _base_.train_pipeline\ntrain_pipeline = copy\n"
    )
    init_default_scope('mmpretrain')
    return Config.fromfile(tmp_path / 'mine.py')


def test_host_classes_of_an_inherited_config_build(inherited, tmp_path):
    import mmpretrain.datasets  # noqa: F401, the classes themselves

    names = [type(TRANSFORMS.build(step)).__name__ for step in inherited.train_pipeline]
    assert names == ['LoadRGBImage', 'RandomResizedCrop', 'RandomFlip', 'PackInputs']
    assert type(TRANSFORMS.build(inherited.train_pipeline[1])).__module__.startswith('mmpretrain')
    dataset = dict(inherited.train_dataloader.dataset.dataset, data_root=str(tmp_path))
    with pytest.raises(Exception, match='train'):  # built; the images are absent
        DATASETS.build(dataset)
    assert type(VISUALIZERS.build(dict(inherited.visualizer, name='here'))).__name__ == (
        'UniversalVisualizer'
    )


def test_hosts_own_configs_keep_their_stamp(tmp_path):
    (tmp_path / 'mine.py').write_text(
        "_base_ = ['mmpretrain::_base_/default_runtime.py']\nhooks = _base_.default_hooks\n"
    )
    assert Config.fromfile(tmp_path / 'mine.py').hooks.timer._scope_ == 'mmpretrain'
