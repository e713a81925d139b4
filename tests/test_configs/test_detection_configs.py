"""Detection configurations hold the numbers of their recipe, and build."""

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmpretrain.models.utils import LayerNorm2d
from toy_detector import CONFIGS, MASK_RCNN, shrink

import mmaddp  # noqa: F401

FILES = sorted(CONFIGS.glob('*.py'))
LARGE = CONFIGS / MASK_RCNN.name.replace('base', 'large')
ONE_GPU = next(CONFIGS.glob('*_1xb2-amp-accum8-*'))
COCO_IMAGES = 118287


@pytest.mark.parametrize(
    'file, width, depth, drop_path, decay, blocks',
    [
        (MASK_RCNN, 768, 12, 0.1, 0.7, [2, 5, 8, 11]),
        (LARGE, 1024, 24, 0.4, 0.8, [5, 11, 17, 23]),
    ],
)
def test_sizes(file, width, depth, drop_path, decay, blocks):
    from mmaddp.registry import MODELS

    cfg = Config.fromfile(file)
    settings = cfg.model.backbone
    assert settings.drop_path_rate == drop_path
    assert cfg.optim_wrapper.paramwise_cfg.layer_decay_rate == decay
    assert cfg.model.neck.in_channels == width
    arch = dict(embed_dims=8, num_layers=depth, num_heads=1, feedforward_channels=8)
    backbone = MODELS.build({**settings, 'arch': arch, 'init_cfg': None})
    windows = [layer.attn.window_size for layer in backbone.layers]
    assert [i for i, window in enumerate(windows) if not window] == blocks
    assert set(windows) == {0, 14}
    assert backbone.arch_zoo[settings.arch]['embed_dims'] == width


def test_recipe_of_100_epochs():
    cfg = Config.fromfile(MASK_RCNN)
    assert cfg.optim_wrapper.type == 'AmpOptimWrapper'
    optimizer = cfg.optim_wrapper.optimizer
    assert (optimizer.lr, optimizer.weight_decay) == (1e-4, 0.1)
    assert cfg.auto_scale_lr.base_batch_size == 64
    warmup, steps = cfg.param_scheduler
    assert (warmup.start_factor, warmup.end) == (0.001, 250)
    assert steps.milestones == [163889, 177546]
    assert 99 < cfg.train_cfg.max_iters * 64 / COCO_IMAGES < 100
    assert not any(step.type == 'Pad' for step in cfg.train_dataloader.dataset.pipeline)
    assert cfg.model.rpn_head.num_convs == 2
    bbox_head, mask_head = cfg.model.roi_head.bbox_head, cfg.model.roi_head.mask_head
    assert bbox_head.type == 'Shared4Conv1FCBBoxHead'
    assert bbox_head.norm_cfg == mask_head.norm_cfg == dict(type='mmpretrain.LN2d', eps=1e-6)


def test_one_gpu_sees_as_many_images_as_64():
    short, one = (
        Config.fromfile(file) for file in (next(CONFIGS.glob('mask-rcnn_*22125i*')), ONE_GPU)
    )
    per_step = one.train_dataloader.batch_size
    update = per_step * one.optim_wrapper.accumulative_counts
    assert one.train_cfg.max_iters * per_step == short.train_cfg.max_iters * 64
    assert one.optim_wrapper.optimizer.lr / update == short.optim_wrapper.optimizer.lr / 64
    for ours, theirs in zip(one.param_scheduler[1].milestones, short.param_scheduler[1].milestones):
        assert abs(ours * per_step - theirs * 64) <= 64
    assert one.param_scheduler[0].end * per_step == short.param_scheduler[0].end * 64
    assert one.model.backbone.with_cp


@pytest.mark.parametrize('file', FILES, ids=lambda file: file.stem)
def test_optimizer_groups_of_the_real_heads(file):
    """Positions and norms of the backbone do not decay, everything else does, as in detectron2."""
    from mmdet.registry import MODELS

    from mmaddp.engine.optimizers import LayerDecayConstructor

    init_default_scope('mmdet')
    cfg = Config.fromfile(file)
    frozen = cfg.model.backbone.get('frozen_stages', -1) > 0
    model = MODELS.build(shrink(cfg.model))
    settings = dict(optimizer=cfg.optim_wrapper.optimizer)
    wrapper = LayerDecayConstructor(settings, cfg.optim_wrapper.paramwise_cfg)(model)
    decay = {id(p): g['weight_decay'] for g in wrapper.param_groups for p in g['params']}
    found = {n: decay[id(p)] for n, p in model.named_parameters() if id(p) in decay}
    norms = {
        f'backbone.layers.{layer}.{norm}.{own}'
        for layer in range(2)
        for norm in ('ln1', 'ln2')
        for own in ('weight', 'bias')
    }
    spared = {name for name, value in found.items() if value == 0}
    assert spared == (set() if frozen else norms | {'backbone.pos_embed'})
    decayed = set(found) - spared
    assert any('rel_pos' in name for name in decayed) != frozen
    assert any('backbone' in name for name in found) != frozen
    over_channels = {
        f'{name}.{own}'
        for name, module in model.named_modules()
        if isinstance(module, LayerNorm2d)
        for own in ('weight', 'bias')
    }
    # 9 layers of the pyramid, 4 of every head; three heads of boxes and one of masks in a cascade.
    heads = {'cascade-mask-rcnn': 4, 'mask-rcnn': 2, 'faster-rcnn': 1}[file.stem.split('_')[0]]
    assert len(over_channels) == 2 * (9 + 4 * heads)
    assert over_channels <= decayed


def test_best_anchor_of_every_object_is_positive():
    """However little they share; one that another object has not."""
    from mmdet.registry import TASK_UTILS
    from mmengine.structures import InstanceData

    assigner = TASK_UTILS.build(Config.fromfile(MASK_RCNN).model.train_cfg.rpn.assigner)
    anchors = torch.tensor([[0, 0, 32, 32], [16, 0, 48, 32], [100, 100, 132, 132.0]])
    objects = torch.tensor([[40, 10, 44, 14], [0, 0, 30, 30], [110, 110, 110.5, 110.5]])
    truth = InstanceData(bboxes=objects, labels=torch.zeros(3, dtype=torch.long))
    result = assigner.assign(InstanceData(priors=anchors), truth)
    assert result.gt_inds.tolist() == [2, 1, 3]
    assert result.max_overlaps[2] < 1e-3


def test_images_are_resized_as_by_pillow(tmp_path):
    """Antialiased: a fine pattern becomes grey, in training and in test."""
    from mmdet.registry import TRANSFORMS
    from PIL import Image

    pixels = np.zeros((256, 512, 3), np.uint8)
    pixels[:, ::3] = 255
    pixels[::5, :, 1] = 100
    cfg = Config.fromfile(MASK_RCNN)
    init_default_scope('mmdet')
    for loader in (cfg.train_dataloader, cfg.val_dataloader, cfg.test_dataloader):
        (settings,) = (s for s in loader.dataset.pipeline if 'Resize' in s.type)
        settings = dict(settings, scale=(100, 100))
        if 'ratio_range' in settings:
            settings['ratio_range'] = (1.0, 1.0)
        result = TRANSFORMS.build(settings)(dict(img=pixels))['img']
        expected = Image.fromarray(pixels).resize((100, 50), Image.BILINEAR)
        np.testing.assert_array_equal(result, np.asarray(expected))
