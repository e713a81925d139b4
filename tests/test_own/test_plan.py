"""The plan follows from pictures, device and time; its configurations are what was planned."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope

from mmaddp.own.look import Look, Picture
from mmaddp.own.plan import STAGES, Wishes, candidates
from mmaddp.own.plan_table import print_table, table
from mmaddp.own.plan_time import (
    FEWEST_STEPS,
    Cost,
    is_good,
    least_seconds,
    planned_seconds,
    with_epochs,
)
from mmaddp.own.starts import continued, read_start
from mmaddp.own.write import checkpoint_file, config_texts
from mmaddp.registry import MODELS
from mmaddp.run.config import read_config
from mmaddp.utils.atomic import write_json
from mmaddp.weights.model import pretrained_settings

ROOT = Path(__file__).parents[2]
COSTS = dict.fromkeys(STAGES, Cost(0.1, 1.0))
SECONDS = dict.fromkeys(STAGES, 0.1)


def pictures(number, side=96):
    """A look at pictures that nobody reads."""
    rng = np.random.default_rng(0)
    thumbnails = rng.integers(0, 256, (20, 16, 16, 3), dtype=np.uint8)
    listed = [
        Picture(f'{i:06}.png', side, side, 'PNG, colour', True, str(i)) for i in range(number)
    ]
    return Look(Path('in'), listed, [], {}, '', thumbnails)


def wishes(**changes):
    settings = dict(size='auto', resolution=None, grid=None, budget=600.0, device='cpu', seed=0)
    return Wishes(**settings | changes)


@pytest.mark.parametrize(
    'number, side, device, expected',
    [
        (500, 28, 'cpu', [('tiny', 32, 4)]),
        (500, 96, 'cpu', [('tiny', 64, 8), ('tiny', 32, 4)]),
        (60_000, 28, 'cpu', [('tiny', 32, 4)]),
        (60_000, 28, 'cuda', [('small', 32, 8), ('tiny', 32, 8)]),
        (5000, 200, 'cuda', [('small', 256, 8), ('tiny', 256, 8), ('small', 128, 8)]),
        (300_000, 300, 'cuda', [('base', 256, 16), ('small', 256, 8), ('tiny', 256, 8)]),
    ],
)
def test_candidates_from_ambitious_to_modest(number, side, device, expected):
    found = candidates(pictures(number, side), wishes(device=device))
    assert [(p.size, p.resolution, p.grid) for p in found][:3] == expected


def test_what_is_asked_for_is_planned():
    asked = wishes(size='small', resolution=128, grid=16)
    (plan,) = candidates(pictures(500), asked)
    assert (plan.size, plan.resolution, plan.grid, plan.patch) == ('small', 128, 16, 8)
    text = print_table(table(with_epochs(plan, COSTS, 600), pictures(500), asked, COSTS))
    assert text.count('asked for') == 3


def test_grids_that_do_not_fit_are_refused_with_those_that_do():
    with pytest.raises(ValueError, match=r'--grid 16 or 8 or 4 or 2'):
        candidates(pictures(500), wishes(resolution=64, grid=7))
    with pytest.raises(ValueError, match='multiple of 32'):
        candidates(pictures(500), wishes(resolution=63, grid=7))


@pytest.mark.parametrize('number', [16, 60, 500, 5000])
def test_time_is_used_and_not_exceeded(number):
    plan = candidates(pictures(number), wishes())[-1]
    assert plan.num_train + plan.num_val == number
    for stage in STAGES:
        assert plan.steps_per_epoch(stage) >= 1
    timed = with_epochs(plan, COSTS, 330)
    assert 260 < planned_seconds(timed, COSTS) <= 330
    assert is_good(timed)


def test_the_tokenizer_of_coloured_pictures_is_trained_for_longer():
    coloured = candidates(pictures(500), wishes())[-1]
    assert coloured.coloured
    grey = replace(coloured, coloured=False)
    coloured, grey = (with_epochs(plan, COSTS, 280) for plan in (coloured, grey))
    assert coloured.steps('tokenizer') > 1.5 * grey.steps('tokenizer')
    assert is_good(grey) and not is_good(coloured)


def test_encoding_takes_its_time_from_the_trainings():
    plan = candidates(pictures(500), wishes())[-1]
    costs = COSTS | dict(tokenizer=Cost(0.1, 1.0, start_seconds=5, encode_seconds=50))
    timed = with_epochs(plan, costs, 250)
    assert 190 < planned_seconds(timed, costs) <= 250
    assert timed.steps('tokenizer') < with_epochs(plan, COSTS, 250).steps('tokenizer')


def test_many_pictures_have_short_epochs_and_few_views(tmp_path):
    found, asked = pictures(60_000), wishes()
    plan = candidates(found, asked)[-1]
    costs = COSTS | dict(tokenizer=Cost(0.1, 1.0, encode_seconds=90))
    timed = with_epochs(plan, costs, 700)
    assert plan.views == 2 and timed.views == 1
    assert plan.num_codes == 1024 and timed.num_codes == 128
    assert with_epochs(plan, costs, 20_000).num_codes == 1024
    assert 600 < planned_seconds(timed, costs) <= 700
    assert 'an epoch is 6,400 pictures' in ' '.join(
        print_table(table(timed, found, asked, costs)).split()
    )
    for stage, text in config_texts(timed, tmp_path, Path('in'), SECONDS).items():
        (tmp_path / f'{stage}.py').write_text(text)
        loader = read_config(tmp_path / f'{stage}.py', work_dir=tmp_path / stage).train_dataloader
        assert loader.sampler.epoch_length == 200 * loader.batch_size


def test_too_little_time_has_no_plan_and_the_least_is_enough():
    plan = candidates(pictures(500), wishes())[-1]
    assert with_epochs(plan, COSTS, 3 * FEWEST_STEPS * 0.1 - 1) is None
    assert with_epochs(plan, COSTS, least_seconds(plan, COSTS)) is not None


@pytest.mark.parametrize(
    'size, resolution, grid', [('tiny', 32, 4), ('small', 64, 8), ('large', 256, 16)]
)
def test_written_configurations_are_the_plan(tmp_path, size, resolution, grid):
    asked = wishes(size=size, resolution=resolution, grid=grid, seed=3)
    (plan,) = candidates(pictures(500), asked)
    plan = with_epochs(plan, COSTS, 600)
    texts = config_texts(plan, tmp_path, Path('/my pictures'), SECONDS)
    for stage, text in texts.items():
        assert max(map(len, text.splitlines())) <= 300 and len(text.splitlines()) < 60
        file = tmp_path / f'{stage}.py'
        file.write_text(text)
        cfg = read_config(file, work_dir=tmp_path / stage)  # every key is known and in range
        assert cfg.train_cfg.max_epochs == plan.epochs[stage]
        assert cfg.train_dataloader.batch_size == plan.batch[stage]
        assert cfg.randomness.seed == 3
        assert str(cfg.model).count(f"'num_codes': {plan.num_codes}") == 1
    tokenizer, _, addp = (Config.fromfile(tmp_path / f'{stage}.py') for stage in STAGES)
    levels = len(tokenizer.model.tokenizer.channel_multipliers)
    assert 2 ** (levels - 1) == plan.patch == addp.model.backbone.patch_size
    assert addp.model.target_generator.grid_size == (grid, grid)
    assert addp.model.backbone.img_size == resolution
    found = addp.model.target_generator.tokenizer.init_cfg.checkpoint
    assert found == str(checkpoint_file('tokenizer', plan, tmp_path))
    flips = [step for step in tokenizer.train_pipeline if step.type == 'RandomFlip']
    assert bool(flips) == plan.flip


def test_earlier_weights_are_continued_in_their_sizes(tmp_path):
    (plan,) = candidates(pictures(500), wishes(size='tiny', resolution=64, grid=8))
    earlier = with_epochs(plan, COSTS, 600)
    write_json(tmp_path / 'plan.json', dict(plan=earlier.to_dict()))
    with pytest.raises(ValueError, match='no checkpoint of tokenizer and predictor and addp'):
        read_start(str(tmp_path))
    for stage in STAGES:
        (tmp_path / stage).mkdir()
        (tmp_path / stage / 'epoch_3.pth').touch()
        (tmp_path / stage / 'last_checkpoint').write_text('epoch_3.pth')
    found, start = pictures(2000, side=30), read_start(str(tmp_path))
    asked = wishes(start=str(tmp_path))
    plan = with_epochs(continued(candidates(found, asked)[0], start, asked), COSTS, 600)
    assert (plan.resolution, plan.grid, plan.num_codes) == (64, 8, earlier.num_codes)
    texts = config_texts(plan, tmp_path, Path('in'), SECONDS)
    loaded = {}
    for stage, text in texts.items():
        (tmp_path / f'{stage}.py').write_text(text)
        cfg = read_config(tmp_path / f'{stage}.py', work_dir=tmp_path / 'work')
        loaded |= {
            where: part.prefix for where, _, _, part in pretrained_settings(cfg.model, stage)
        }
    assert cfg.model.neck.init_cfg.checkpoint == str(tmp_path / 'addp' / 'epoch_3.pth')
    assert loaded == {
        'tokenizer.tokenizer.init_cfg': 'tokenizer.',
        'predictor.tokenizer.init_cfg': 'tokenizer.',
        'predictor.token_predictor.init_cfg': 'token_predictor.',
        'addp.backbone.init_cfg': 'backbone.',
        'addp.neck.init_cfg': 'neck.',
        'addp.head.init_cfg': 'head.',
        'addp.target_generator.tokenizer.init_cfg': 'tokenizer.',
        'addp.target_generator.token_predictor.init_cfg': 'token_predictor.',
    }
    with pytest.raises(ValueError, match='--size small does not fit the weights'):
        continued(plan, start, wishes(size='small', start='x'))
    with pytest.raises(ValueError, match='is not the --out of an earlier'):
        read_start(str(tmp_path / 'tokenizer'))


@pytest.mark.parametrize('size', ['base', 'large'])
def test_released_weights_fit_the_planned_models(tmp_path, size):
    asked = wishes(start=f'mmaddp://addp-vit-{size}')
    plan = continued(candidates(pictures(500), asked)[0], read_start(asked.start), asked)
    text = config_texts(with_epochs(plan, COSTS, 900), tmp_path, Path('in'), SECONDS)['addp']
    (tmp_path / 'addp.py').write_text(text)
    released, *_ = (ROOT / 'configs' / 'addp').glob(f'addp_vit-{size}-p16_8xb*px.py')
    shapes = []
    for file in (tmp_path / 'addp.py', released):
        cfg = Config.fromfile(file)
        init_default_scope('mmpretrain')
        with torch.device('meta'):
            model = MODELS.build(cfg.model)
        shapes.append({name: value.shape for name, value in model.state_dict().items()})
    assert shapes[0] == shapes[1]
    assert f"checkpoint='mmaddp://addp-vit-{size}', prefix='backbone.'" in text
    with pytest.raises(ValueError, match='there are mmaddp://addp-vit-base and'):
        read_start('mmaddp://addp-vit-tiny')
