import numpy as np
import pytest
from mmengine.registry import HOOKS
from PIL import Image
from test_engine.watched_training import scalars, sheets, train, training
from toy_models import NUM_CODES


@pytest.mark.parametrize(
    'inputs, by_epoch, steps', [('images', True, (4,)), ('tokens', False, (2, 4, 6))]
)
def test_sheets_go_to_the_visualizer(tmp_path, inputs, by_epoch, steps):
    hook = dict(type='mmaddp.GenerationPreviewHook', interval=2, by_epoch=by_epoch, num_images=3)
    cfg = training(tmp_path, f'{inputs}_sheets', inputs, [hook])
    train(cfg)
    found = sheets(cfg)
    names = ('samples', 'reconstructions', 'targets')
    assert sorted(found) == sorted(f'{name}_{step}.png' for name in names for step in steps)
    side, last = 34, steps[-1]
    assert found[f'samples_{last}.png'].shape == (side + 2, 3 * side + 2, 3)
    assert found[f'targets_{last}.png'].shape == (3 * side + 2, 3 * side + 2, 3)
    rows = 2 if inputs == 'images' else 1
    assert found[f'reconstructions_{last}.png'].shape == (rows * side + 2, 3 * side + 2, 3)
    if inputs == 'images':  # the first row holds images of the training set
        shown = found[f'reconstructions_{last}.png'][2:34, 2:34]
        stored = [np.asarray(Image.open(f)) for f in (tmp_path / 'images').iterdir()]
        assert any(np.abs(shown.astype(int) - image).max() <= 1 for image in stored)
    else:  # the tokenizer is frozen, the network is not
        assert np.array_equal(found['reconstructions_2.png'], found['reconstructions_6.png'])
        assert not np.array_equal(found['samples_2.png'], found['samples_6.png'])
    figures = [entry for entry in scalars(cfg) if 'insight/samples_perplexity' in entry]
    assert [entry['step'] for entry in figures] == list(steps)
    for name in ('samples', 'images'):
        assert 0 < figures[0][f'insight/{name}_code_use'] <= 1
        assert 1 <= figures[0][f'insight/{name}_perplexity'] <= NUM_CODES


@pytest.mark.parametrize('wrong', [dict(interval=0), dict(num_images=0)])
def test_bad_arguments(wrong):
    ((name, value),) = wrong.items()
    with pytest.raises(ValueError, match=f'{name} must be at least 1, got {value}'):
        HOOKS.build(dict(type='mmaddp.GenerationPreviewHook', **wrong))
