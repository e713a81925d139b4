"""What is seen of a training, and that the training does not change by it."""

import random

import numpy as np
import pytest
import torch
from mmengine.hooks import Hook
from mmengine.registry import HOOKS
from PIL import Image
from test_engine.watched_training import scalars, sheets, train, training

from mmaddp.engine.insight import allowance
from mmaddp.engine.insight.allowance import TimeAllowance
from mmaddp.engine.insight.figures import rank_me
from mmaddp.engine.insight.picture_set import two_sets
from mmaddp.models.tokenizers.figures import code_use
from mmaddp.visualization.feature_maps import feature_sheet, principal_colours

COLOURS = dict(blue=(0, 0, 200), green=(0, 180, 0), red=(200, 0, 0))


class FreezeByHand(Hook):
    """Keeps a part in evaluation mode, as no ``train`` of a model knows; counts what is drawn."""

    def before_train(self, runner):
        runner.model.backbone.layers[0].eval()

    def after_train(self, runner):
        runner.cfg.modes = [part.training for part in runner.model.modules()]
        runner.cfg.drawn = [random.random(), np.random.rand(), torch.rand(()).item()]
        runner.cfg.momenta = [
            state['momentum_buffer']
            for state in runner.optim_wrapper.state_dict()['state'].values()
        ]


@pytest.fixture(scope='module')
def pictures(tmp_path_factory):
    """Class folders of ten pictures each, of one colour with noise; 'few' holds two more each."""
    folder, rng = tmp_path_factory.mktemp('pictures'), np.random.default_rng(0)
    for split, number in (('many', 10), ('few', 2)):
        for name, colour in COLOURS.items():
            (folder / split / name).mkdir(parents=True)
            for index in range(number):
                pixels = np.clip(rng.normal(colour, 20, (40, 36, 3)), 0, 255).astype(np.uint8)
                Image.fromarray(pixels).save(folder / split / name / f'{index}.png')
    return folder


def watch(**settings):
    return dict(type='mmaddp.FeatureInsightHook', max_share=None, **settings)


def test_training_is_the_same_with_all_hooks(tmp_path, pictures):
    HOOKS.register_module(module=FreezeByHand, force=True)
    hooks = [
        watch(pictures=str(pictures / 'many'), by_epoch=False),
        dict(type='mmaddp.GenerationPreviewHook', by_epoch=False),
    ]
    frozen, ends = dict(type='mmengine.FreezeByHand'), []
    for name, looking in (('watched', hooks), ('alone', [])):
        cfg = training(tmp_path, name, hooks=[*looking, frozen])
        cfg.optim_wrapper.optimizer.momentum = 0.9
        ends.append(train(cfg).cfg)
    watched, alone = ends
    assert len(sheets(watched)) == 6 * 4
    for name in ('left', 'momenta'):
        assert len(watched[name]) == len(alone[name]) > 10
        for one, other in zip(watched[name], alone[name]):
            assert torch.equal(one, other)
    assert watched.drawn == alone.drawn
    assert watched.modes == alone.modes and len({*watched.modes}) == 2


def test_figures_and_sheet(tmp_path, pictures):
    hook = watch(pictures=str(pictures / 'many'), held_out=str(pictures / 'few'), num_images=3)
    cfg = training(tmp_path, 'figures', hooks=[hook])
    train(cfg)
    found = [entry for entry in scalars(cfg) if 'insight/knn' in entry]
    assert [entry['step'] for entry in found] == [2, 4, 6]
    for entry in found:
        assert entry['insight/knn'] == entry['insight/probe'] == 1
        assert 1 <= entry['insight/rank_me'] <= 16
    sheet = sheets(cfg)['features_6.png']
    assert sheet.shape == (2 * 34 + 2, 3 * 34 + 2, 3)
    # The first of them is blue, as it is in the folder; below it are its 4 x 4 patches.
    assert sheet[2:34, 2:34].mean(axis=(0, 1)).argmax() == 2
    patches = sheet[36:68, 2:34].reshape(4, 8, 4, 8, 3)
    assert (patches == patches[:, :1, :, :1]).all()


def test_pictures_without_classes_and_one_folder(tmp_path, pictures):
    cfg = training(tmp_path, 'plain', hooks=[watch(pictures=str(pictures / 'few' / 'red'))])
    train(cfg)
    (entry, *_) = (entry for entry in scalars(cfg) if 'insight/rank_me' in entry)
    assert 'insight/knn' not in entry and 'features_2.png' in sheets(cfg)


@pytest.mark.parametrize(
    'settings, message',
    [
        (dict(pictures='nowhere'), 'There is no folder nowhere with pictures'),
        (dict(pictures='PICTURES/many', held_out='PICTURES'), 'a folder of the same name for each'),
        (dict(pictures='PICTURES/single'), 'single holds a single picture'),
        (dict(pictures='PICTURES/broken'), 'Cannot read the image .*(bad|worse).png'),
        (dict(pictures='PICTURES/many/red', most=0), 'most must be at least 1, got 0'),
        (dict(pictures='PICTURES/many', interval=0), 'interval must be at least 1, got 0'),
        (dict(pictures='PICTURES/many', max_share=2), r'max_share must lie in \(0, 1\], got 2'),
    ],
)
def test_bad_settings_end_before_training(tmp_path, pictures, settings, message):
    for file in ('broken/bad.png', 'broken/worse.png', 'single/one.png'):
        (pictures / file).parent.mkdir(exist_ok=True)
        (pictures / file).write_bytes(b'no picture')
    places = {
        key: value.replace('PICTURES', str(pictures)) if isinstance(value, str) else value
        for key, value in settings.items()
    }
    with pytest.raises(ValueError, match=message):
        train(training(tmp_path, f'bad_{[*settings][-1]}', hooks=[{**watch(), **places}]))


@pytest.mark.parametrize(
    'most, classes, sizes', [((20, 5), 9, (20, 5)), ((99, 99), 9, (24, 6)), ((99, 4), 2, (16, 4))]
)
def test_pictures_are_chosen_evenly_and_held_out(pictures, most, classes, sizes):
    first, second = two_sets(pictures / 'many', None, most, classes)
    assert (len(first), len(second)) == sizes and not {*first} & {*second}
    names = {name for _, name in first}
    assert names == {'blue', 'green', 'red'} if classes > 3 else len(names) == 2
    given, held_out = two_sets(pictures / 'many', pictures / 'few', most, classes)
    assert {name for _, name in given} == {name for _, name in held_out} == names


def test_other_models_are_refused(make_runner):
    runner = make_runner(custom_hooks=[watch(pictures='nowhere')])
    with pytest.raises(ValueError, match='looks at an ADDP model, but the model is a ToyModel'):
        runner.train()


def test_time_is_kept_to_a_share(monkeypatch):
    clock = [0.0]
    monkeypatch.setattr(allowance, '_now', lambda: clock[0])
    allowed, looks = TimeAllowance(0.03), []
    for step in range(1, 10_001):
        clock[0] += 0.1
        if step % 10 == 0 and allowed.permits():
            with allowed.spend():
                clock[0] += 2.0
            looks.append(step)
    # Each look of 20 steps' time after as many others as make that 3 %.
    assert looks[0] == 10 and len(looks) == 15
    assert 0.028 < len(looks) * 2.0 / clock[0] <= 0.031
    assert str(allowed).startswith('2 s, ')


def test_rank_me_counts_directions():
    directions = torch.linalg.qr(torch.randn(64, 8, generator=torch.Generator().manual_seed(0)))[0]
    assert rank_me(directions) == pytest.approx(8)
    assert rank_me(directions[:, :1] @ torch.ones(1, 8)) == pytest.approx(1)
    assert rank_me(torch.zeros(5, 3)) == pytest.approx(1)


def test_code_use_counts_codes():
    use, perplexity = code_use(torch.tensor([[0, 0], [1, 1]]), 8)
    assert (use, perplexity) == (0.25, pytest.approx(2))


def test_colours_tell_patches_apart_and_do_not_turn():
    generator = torch.Generator().manual_seed(0)
    tokens = torch.randn(2, 16, 12, generator=generator).abs() * torch.arange(12, 0, -1)
    tokens[0, :4] += 40
    colours = principal_colours(tokens)
    inside, outside = colours[0, :4].mean(dim=0), colours[0, 4:].mean(dim=0)
    assert (inside - outside).abs().max() > 0.5 and colours.min() == 0 and colours.max() == 1
    turned = tokens @ torch.linalg.qr(torch.randn(12, 12, generator=generator))[0]
    torch.testing.assert_close(principal_colours(turned), colours, atol=1e-3, rtol=0)
    sheet = feature_sheet(torch.rand(2, 1, 8, 8), tokens, (4, 4), zoom=2)
    assert sheet.shape == (3, 2 * 18 + 2, 2 * 18 + 2)
