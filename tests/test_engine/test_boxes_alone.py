"""The configuration for data without masks trains and measures on them."""

import json

import pytest
from mmengine.config import Config
from mmengine.runner import Runner
from toy_detector import CLASSES, CONFIGS, coco_content, shrink, write_coco

from mmaddp.run.config import use_supported_precision
from mmaddp.run.inputs import check_inputs

(FASTER_RCNN,) = CONFIGS.glob('faster-rcnn_*')


@pytest.fixture
def config(tmp_path):
    """The configuration at toy size, on boxes without masks."""
    content = coco_content()
    write_coco(tmp_path / 'data', content)
    for annotation in content['annotations']:
        del annotation['segmentation']
    truth = tmp_path / 'data' / 'objects.json'
    truth.write_text(json.dumps(content))
    cfg = Config.fromfile(FASTER_RCNN)
    shrink(cfg.model)
    for name in ('train_dataloader', 'val_dataloader', 'test_dataloader'):
        cfg[name].update(num_workers=0, persistent_workers=False)
        cfg[name].dataset.update(
            data_root=str(tmp_path / 'data'),
            ann_file='objects.json',
            data_prefix=dict(img=''),
            metainfo=dict(classes=CLASSES),
        )
        for step in cfg[name].dataset.pipeline:
            step.update({key: (64, 64) for key in ('scale', 'crop_size') if key in step})
    cfg.val_evaluator.ann_file = cfg.test_evaluator.ann_file = str(truth)
    use_supported_precision(cfg)
    cfg.train_cfg.update(max_iters=1, val_interval=1)
    cfg.work_dir, cfg.experiment_name = str(tmp_path / 'work'), tmp_path.name
    cfg.default_hooks.check_classes = dict(type='mmaddp.CheckClassesHook')
    return cfg


def test_training_and_validation(config):
    check_inputs(config)
    runner = Runner.from_cfg(config)
    runner.train()
    assert 'coco/bbox_mAP' in runner.val_loop.run()


def test_masks_are_not_asked_for(config):
    config.val_evaluator.metric = ['bbox', 'segm']
    with pytest.raises(ValueError, match=r"Set val_evaluator=dict\(metric='bbox'\)"):
        Runner.from_cfg(config).train()
