import copy
import os

import pytest
from mmengine.config import Config
from PIL import Image
from toy_detector import MASK_RCNN, shrink
from toy_models import toy_upernet

from mmaddp.run.config import use_supported_precision
from mmaddp.run.dry_run import DryRunReport, dry_run
from mmaddp.run.stand_ins import IMAGENET_IMAGES, use_stand_ins

pytestmark = pytest.mark.slow


@pytest.fixture
def cfg(request, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    config = Config.fromfile(request.config.rootpath / 'tests' / 'test_tools' / 'toy_addp.py')
    config.work_dir = str(tmp_path / 'work')
    config.experiment_name = f'dry_run_{tmp_path.name}'
    with pytest.warns(UserWarning, match='float32'):
        use_supported_precision(config)
    return config


def test_reports_size_time_and_what_was_replaced(cfg, tmp_path):
    before = copy.deepcopy(cfg._cfg_dict)
    report = dry_run(cfg)
    assert report.parameters.keys() == {'backbone', 'neck', 'head', 'target_generator'}
    total, trainable = report.parameters['target_generator']
    assert total > 0 and trainable == 0
    assert report.parameters['head'][0] == report.parameters['head'][1] > 0
    assert len(report.seconds_per_step) == 2 and min(report.seconds_per_step) > 0
    assert report.memory_gib['process'] > 0.1
    assert report.total_steps == IMAGENET_IMAGES // 2 * 5
    assert len(report.replaced) == 3
    text = str(report)
    for part in ('absent/tokenizer.pth', 'absent/predictor.pth', 'absent/images', 'hours'):
        assert part in text
    assert cfg._cfg_dict == before
    assert os.listdir(tmp_path) == []


def test_counts_the_steps_of_the_data_that_is_there(cfg, tmp_path):
    for index in range(6):
        Image.new('RGB', (20, 20)).save(tmp_path / f'{index}.png')
    cfg.train_dataloader.dataset.dataset.data_root = str(tmp_path)
    report = dry_run(cfg)
    assert report.total_steps == 3 * 5
    assert not any(line.startswith('data') for line in report.replaced)


def test_random_tokens_stand_in_for_a_token_cache(cfg):
    tokens = dict(type='mmaddp.TokenDataset', data_root='absent/tokens', num_codes=8)
    cfg.train_dataloader.dataset.dataset = tokens
    looks = dict(type='mmaddp.FeatureInsightHook', pictures='absent/photos')
    cfg.default_hooks = dict(cfg.get('default_hooks') or {}, features=looks)
    report = str(dry_run(cfg))
    assert 'data absent/tokens' in report
    assert 'pictures absent/photos (default_hooks.features)' in report


def test_weights_that_are_there_are_kept(cfg, tmp_path):
    present = tmp_path / 'present.pth'
    present.touch()
    cfg.model.target_generator.tokenizer.init_cfg.checkpoint = str(present)
    changed, replaced = use_stand_ins(cfg, tmp_path, 2)
    assert changed.model.target_generator.tokenizer.init_cfg.checkpoint == str(present)
    assert changed.model.target_generator.token_predictor.init_cfg is None
    assert not any('present.pth' in line for line in replaced)


def test_nothing_is_downloaded(cfg, tmp_path):
    cfg.model.target_generator.tokenizer.init_cfg = [
        dict(type='Pretrained', checkpoint='https://example.org/a.pth')
    ]
    changed, replaced = use_stand_ins(cfg, tmp_path, 2)
    assert changed.model.target_generator.tokenizer.init_cfg == []
    assert any('example.org' in line for line in replaced)


def test_unknown_data_set_is_named(cfg):
    cfg.train_dataloader.dataset.dataset.type = 'VOCDataset'
    with pytest.raises(ValueError, match=r'no random stand-in.*VOCDataset'):
        dry_run(cfg)


def test_estimate_is_steps_times_the_last_step():
    report = DryRunReport(dict(head=(10, 5)), [9.0, 0.5], dict(process=1.0), 7200, 'this data set')
    assert 'estimated total: 1.0 hours = 7,200 steps' in str(report)
    assert 'replaced by random: nothing' in str(report)


def test_random_label_maps_stand_in_for_a_segmentation_set(tmp_path, monkeypatch, request):
    monkeypatch.chdir(tmp_path)
    (file,) = (request.config.rootpath / 'configs' / 'segmentation').glob('*base-p16_upernet*')
    config = Config.fromfile(file)
    config.model = toy_upernet(num_classes=150)
    for step in config.train_dataloader.dataset.pipeline:
        if 'Crop' in step.type or 'Resize' in step.type:
            step.update(dict(crop_size=(32, 32)) if 'Crop' in step.type else dict(scale=(80, 64)))
    config.work_dir, config.experiment_name = str(tmp_path), f'dry_run_{tmp_path.name}'
    for loader in (config.train_dataloader, config.val_dataloader, config.test_dataloader):
        loader.update(num_workers=0, persistent_workers=False)
    use_supported_precision(config)
    report = dry_run(config)
    assert report.total_steps == 160000
    assert len([line for line in report.replaced if 'images/training' in line]) == 1
    assert len(report.replaced) == 3 and len(report.seconds_per_step) == 2
    assert os.listdir(tmp_path) == []


def test_random_objects_stand_in_for_coco(tmp_path, monkeypatch):
    """Data and the metrics' annotation file; the random objects are of COCO's 80 classes."""
    monkeypatch.chdir(tmp_path)
    config = Config.fromfile(MASK_RCNN)
    shrink(config.model, num_classes=80)
    for dataset in (loader.dataset for loader in (config.train_dataloader, config.val_dataloader)):
        for step in dataset.pipeline:
            if 'Crop' in step.type or 'Resize' in step.type:
                step.update({'crop_size' if 'Crop' in step.type else 'scale': (64, 64)})
    config.work_dir, config.experiment_name = str(tmp_path), f'dry_run_{tmp_path.name}'
    for loader in (config.train_dataloader, config.val_dataloader, config.test_dataloader):
        loader.update(num_workers=0, persistent_workers=False)
    use_supported_precision(config)
    report = dry_run(config)
    assert report.total_steps == 184375
    assert len([line for line in report.replaced if 'instances_train2017.json' in line]) == 1
    assert len(report.replaced) == 3 and len(report.seconds_per_step) == 2
    assert os.listdir(tmp_path) == []
