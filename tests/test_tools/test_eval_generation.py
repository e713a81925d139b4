import json
import sys
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.config import Config
from PIL import Image
from test_tools.conftest import ROOT

from mmaddp.evaluation.fidelity import ScoreSettings
from mmaddp.registry import MODELS

sys.path.insert(0, str(ROOT / 'tools' / 'analysis_tools'))
import eval_generation

QUICKSTART = ROOT / 'configs' / 'quickstart'
(JUDGE,) = QUICKSTART.glob('judge-*.py')
(ADDP,) = QUICKSTART.glob('addp-vit-*digit-tokens.py')
(TOKENIZER,) = QUICKSTART.glob('vqgan-*.py')

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings('ignore:FID of 128 features')]


def save_random(config, path, seed=0):
    torch.manual_seed(seed)
    model = MODELS.build({**Config.fromfile(config).model, '_scope_': 'mmpretrain'})
    torch.save(dict(state_dict=model.state_dict()), path)


def write_images(folder, number, top, seed):
    rng = np.random.default_rng(seed)
    folder.mkdir(parents=True)
    for index in range(number):
        coarse = Image.fromarray(rng.integers(0, top, (4, 4, 3), dtype=np.uint8))
        coarse.resize((32, 32)).save(folder / f'{index:03d}.png')


@pytest.fixture
def evaluate(monkeypatch, tmp_path):
    """Run the tool, in this process, with the quickstart's judge, random, as the extractor."""
    monkeypatch.chdir(tmp_path)
    save_random(JUDGE, 'judge.pth')
    write_images(Path('real'), 40, 256, 0)

    def run(*arguments):
        extractor = ('--extractor', JUDGE, '--extractor-checkpoint', 'judge.pth')
        monkeypatch.setattr(sys, 'argv', ['tool', *map(str, [*arguments, *extractor])])
        eval_generation.main()

    return run


def test_sets_of_images_and_their_protocol(evaluate, tmp_path, capsys):
    write_images(tmp_path / 'run' / 'images', 30, 200, 1)
    write_images(tmp_path / 'far', 30, 50, 2)
    manifest = dict(seed=3, sampler=dict(schedule='cosine', num_steps=20), precision='fp32')
    (tmp_path / 'run' / 'manifest.json').write_text(json.dumps(manifest))
    evaluate(
        *('--images', 'near=run', 'far', '--reference', 'real', '--num-images', 30),
        *('--scores', 'fid', 'is', 'kid', 'prc', '--kid-subset-size', 20),
        *('--out', 'scores.json', '--curve', 'curve.png'),
    )
    text = capsys.readouterr().out
    assert 'generation: seed 3, schedule cosine, num_steps 20, precision fp32' in text
    results = json.loads((tmp_path / 'scores.json').read_text())
    near, far = results['near'], results['far']
    assert 0 < near['scores']['fid'] < far['scores']['fid']
    assert {*near['scores']} >= {'is', 'is_std', 'kid', 'kid_std', 'precision', 'recall'}
    assert 'FID of 128 features from 30 generated images' in near['warnings'][0]
    protocol = near['protocol']
    assert protocol['images']['generation']['sampler.num_steps'] == 20
    assert far['protocol']['images']['generation'] == {}
    assert protocol['images']['num_images'] == protocol['reference']['num_images'] == 30
    assert len(protocol['extractors'][0]['weights_sha256']) == 64
    Image.open(tmp_path / 'curve.png').verify()
    assert len(list((tmp_path / 'work_dirs' / 'reference_statistics').iterdir())) == 2


def test_reconstructions_of_several_checkpoints(evaluate, tmp_path):
    write_images(tmp_path / 'data' / '0', 40, 256, 1)
    for seed in (0, 1):
        save_random(TOKENIZER, tmp_path / f'epoch_{seed}.pth', seed)
    evaluate(
        *('--config', TOKENIZER, '--checkpoints', 'epoch_0.pth', 'epoch_1.pth'),
        *('--scores', 'fid', '--out', 'scores.json', '--cfg-options'),
        *(
            'test_dataloader.dataset.dataset.data_root=data',
            'test_dataloader.dataset.dataset.data_prefix=',
            *('test_dataloader.num_workers=0', 'test_dataloader.persistent_workers=False'),
        ),
    )
    results = json.loads((tmp_path / 'scores.json').read_text())
    first, second = (results[f'epoch_{seed}.pth'] for seed in (0, 1))
    assert first['scores']['fid'] != second['scores']['fid'] > 0
    assert first['protocol']['images']['generation']['checkpoint'] == 'epoch_0.pth'
    assert first['protocol']['reference']['path'] == "field 'image'"


def test_generation_is_scored_as_its_folder(evaluate, tmp_path):
    save_random(ADDP, tmp_path / 'addp.pth')
    scores = ('--reference', 'real', '--scores', 'fid', 'is', '--batch-size', 8)
    sizes = ('test_dataloader.dataset.num_images=20', 'test_dataloader.batch_size=8')
    made = ('--config', ADDP, '--checkpoints', 'addp.pth', '--work-dir', 'run')
    evaluate(*made, *scores, '--out', 'loop.json', '--cfg-options', *sizes)
    evaluate('--images', 'run/0-addp/samples', *scores, '--out', 'folder.json')
    loop, folder = (
        next(iter(json.loads((tmp_path / f'{name}.json').read_text()).values()))
        for name in ('loop', 'folder')
    )
    assert loop['scores'] == pytest.approx(folder['scores'], rel=1e-6)
    run = loop['protocol']['images']['generation']
    assert run == folder['protocol']['images']['generation']
    assert run['seed'] == 0 and run['precision'] == 'fp32' and run['sampler.schedule'] == 'cosine'


def test_inception_score_needs_no_reference(evaluate, tmp_path):
    evaluate('--images', 'real', '--scores', 'is', '--out', 'scores.json')
    (result,) = json.loads((tmp_path / 'scores.json').read_text()).values()
    assert result['scores']['is'] > 1 and result['protocol']['reference'] is None


@pytest.mark.parametrize(
    'arguments, message',
    [
        (['--images', 'absent', '--reference', 'real'], 'no folder of images absent'),
        (['--images', 'real'], 'compare: give --reference'),
        (['--images', 'real', '--reference', 'real', '--scores', 'fdi'], "got 'fdi'"),
        (
            ['--images', 'real', '--reference', 'real', '--scores', 'kid'],
            'KID needs at least 1000 images on each side for subsets of kid_subset_size=1000',
        ),
        (
            ['--images', 'a.npz', '--scores', 'is', '--num-images', '3'],
            'num_images applies to fold',
        ),
        (['--images', 'real', '--scores', 'is', '--curve', 'c.png'], 'draws the FID'),
        (['--images', 'a=real', 'a=other', '--scores', 'is'], 'The name a is given 2 times'),
        (['--images', 'a=real', './real', '--scores', 'is'], 'real is given 2 times'),
        (['--images', 'real', '--scores', 'is', '--out', 'real/scores.json'], 'place for --out'),
        (
            ['--config', ADDP, '--checkpoints', 'a.pth', 'a.pth', '--scores', 'is'],
            'The checkpoint a.pth is given 2 times',
        ),
    ],
)
def test_bad_input_is_one_line(evaluate, arguments, message):
    with pytest.raises(SystemExit) as ended:
        evaluate(*arguments)
    assert message in ended.value.code and '\n' not in ended.value.code


def test_sets_of_one_name_have_a_result_each(evaluate, tmp_path):
    for name, top in (('a', 250), ('b', 60), ('lr=0.1', 120)):
        write_images(tmp_path / 'runs' / name / 'samples', 12, top, 1)
    sets = ('runs/a/samples', 'runs/b/samples', 'runs/lr=0.1/samples')
    evaluate('--images', *sets, '--scores', 'is', '--out', 'scores.json')
    results = json.loads((tmp_path / 'scores.json').read_text())
    assert list(results) == ['a/samples', 'b/samples', 'lr=0.1/samples']
    assert len({result['scores']['is'] for result in results.values()}) == 3


def test_names_with_dots_have_a_place_each_on_the_curve(tmp_path, monkeypatch):
    import matplotlib

    matplotlib.use('Agg')
    from matplotlib.axes import Axes

    seen, plot = [], Axes.plot
    monkeypatch.setattr(
        Axes,
        'plot',
        lambda axes, names, *args, **kw: seen.append(names) or plot(axes, names, *args, **kw),
    )
    names = ['v1.0', 'v1.5', 'runs/epoch_10.pth', 'mmaddp://addp-vit-base']
    results = {name: dict(scores=dict(fid=1.0)) for name in names}
    eval_generation.draw_curve(results, str(tmp_path / 'curve.png'))
    assert seen == [['v1.0', 'v1.5', 'epoch_10.pth', 'addp-vit-base']]


def test_checkpoint_by_name(evaluate, tmp_path, monkeypatch):
    """The documented ``mmaddp://NAME``; its file lies where it is looked for."""
    from mmaddp.weights.known_weights import known

    (tmp_path / 'checkpoints').mkdir()
    save_random(ADDP, tmp_path / 'checkpoints' / known('addp-vit-base').file)
    evaluate(
        *('--config', ADDP, '--checkpoints', 'mmaddp://addp-vit-base', '--work-dir', 'run'),
        *('--reference', 'real', '--scores', 'fid', '--batch-size', 8, '--out', 'scores.json'),
        *('--cfg-options', 'test_dataloader.dataset.num_images=8', 'test_dataloader.batch_size=8'),
    )
    (result,) = json.loads((tmp_path / 'scores.json').read_text()).values()
    assert len(result['protocol']['images']['generation']['checkpoint_sha256']) == 64


def test_a_cache_that_cannot_be_written_costs_no_score(evaluate, tmp_path, capsys):
    (tmp_path / 'cache').write_text('a file where a folder is needed')
    write_images(tmp_path / 'made', 20, 200, 1)
    with pytest.warns(UserWarning, match='statistics of the reference are not kept'):
        evaluate(
            *('--images', 'made', '--reference', 'real', '--scores', 'fid'),
            *('--cache-dir', 'cache/below'),
        )
    assert '| made |' in capsys.readouterr().out


def test_settings_are_those_of_the_scores():
    defaults = asdict(ScoreSettings())
    assert {name: defaults[name] for name in eval_generation.SETTINGS} == eval_generation.SETTINGS


@pytest.mark.parametrize(
    'options, message',
    [
        (('--layers', 'fid'), '--layers takes SCORE=LAYER, as in fid=768, got fid'),
        (('--layers', 'kid=768'), "--layers names ['kid']"),
        (('--num-images', 0), '--num-images must be at least 1, got 0'),
        (('--batch-size', -1), '--batch-size must be at least 1, got -1'),
    ],
)
def test_bad_values(evaluate, capsys, options, message):
    with pytest.raises(SystemExit) as ended:
        evaluate('--images', 'real', '--reference', 'real', '--scores', 'fid', *options)
    assert message in f'{ended.value.code}{capsys.readouterr().err}'
