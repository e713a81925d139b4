"""The written configurations are models of the encoder's size, for each task."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope
from test_own.labelled_shapes import save_encoder, write_coco, write_maps
from test_own.own_pictures import write_shapes

from mmaddp.own.finetuning.class_data import look_at_classes
from mmaddp.own.finetuning.coco_data import look_at_coco
from mmaddp.own.finetuning.encoder import Encoder, read_encoder
from mmaddp.own.finetuning.map_data import look_at_maps
from mmaddp.own.finetuning.measure import measure
from mmaddp.own.finetuning.plan import Cost, Wishes, first_plan, with_length
from mmaddp.own.finetuning.write import config_text
from mmaddp.registry import MODELS

BASE = Encoder('base', 256, 16, 768, 12, 'mmaddp://addp-vit-base')
LOOKS = dict(
    classify=(look_at_classes, write_shapes),
    detect=(look_at_coco, write_coco),
    segment=(look_at_maps, write_maps),
)


def written(task, encoder, folder, **changes):
    """A configuration as text in a file, and its plan."""
    look, write = LOOKS[task]
    found = look(write(folder / 'data', 20), 0)
    plan = first_plan(found, encoder, Wishes(task, 'there', 600.0, 'cpu', 0))
    plan = replace(plan, epochs=3, **changes)
    file = folder / 'finetune.py'
    file.write_text(config_text(found, encoder, plan, folder))
    for name, content in found.lists().items():
        (folder / 'data').mkdir(exist_ok=True)
        (folder / 'data' / name).write_text(content)
    return file, plan


@pytest.mark.parametrize('depth, kept', [(4, True), (12, False)])
def test_a_classifier_of_few_layers_keeps_the_norm_in_front(tmp_path, depth, kept):
    file, _ = written('classify', replace(BASE, depth=depth), tmp_path)
    backbone = Config.fromfile(file).model.backbone
    assert backbone.pre_norm is kept
    assert (r'pre_norm\.' in backbone.init_cfg.allow_unexpected) is not kept


@pytest.mark.parametrize('task', LOOKS)
def test_a_base_encoder_gives_a_model_of_its_size(tmp_path, task):
    file, plan = written(task, BASE, tmp_path, side=256 if task == 'classify' else 512)
    config = Config.fromfile(file)
    assert plan.layer_decay in (0.65, 0.7) and plan.drop_path == 0.1
    config.model.backbone.init_cfg = None
    init_default_scope(config.get('default_scope', 'mmpretrain'))
    with torch.device('meta'):
        model = MODELS.build(config.model)
    assert len(model.backbone.layers) == 12 and model.backbone.embed_dims == 768
    if task == 'detect':
        assert not model.with_mask
        assert len(model.neck.levels) == 4
        global_blocks = [
            n for n, layer in enumerate(model.backbone.layers) if not layer.attn.window_size
        ]
        assert global_blocks == [2, 5, 8, 11]


@pytest.mark.parametrize('task', LOOKS)
def test_steps_are_measured_with_the_encoder_that_is_found(tmp_path, task):
    encoder = read_encoder(str(save_encoder(tmp_path / 'model')))
    assert (encoder.width, encoder.depth, encoder.grid) == (16, 2, 4)
    assert Path(encoder.checkpoint).name == 'epoch_1.pth'
    file, _ = written(task, encoder, tmp_path)
    cost = measure(file, 'cpu', 1.0)
    assert 0 < cost.step < 10 and 0 < cost.picture < 10 and cost.start == 1.0


def test_the_length_fills_the_time_up_to_a_limit(tmp_path):
    encoder = Encoder({}, 32, 8, 16, 2, 'there')
    _, plan = written('classify', BASE, tmp_path)
    assert (plan.batch, plan.steps_per_epoch) == (4, 4) and encoder.grid == 4
    cost = Cost(1.0, 0.5, 11.0, 1.0)
    timed = with_length(plan, cost, 100.0)
    assert timed.epochs == (85 - 11 - 4) // 4
    assert with_length(plan, cost, 1e6).steps == 2000
    with pytest.raises(ValueError, match='20 steps, fewer teach nothing, need at least 42 s'):
        with_length(plan, cost, 30.0)
