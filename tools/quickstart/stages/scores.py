"""Stage ``scores``: a Frechet distance on the features of the quickstart's judge."""

import json
import math
from itertools import pairwise
from pathlib import Path

import matplotlib

matplotlib.use('Agg')
from matplotlib import pyplot as plt
from run import Run

from mmaddp.own.stage import Figure, Picture, Stage, cfg_options

from .chain import TOKENIZER
from .judge import CONFIG as EXTRACTOR

# From the nearest to the training digits to the farthest, as it must come out.
ORDER = ('real', 'reconstructed', 'generated', 'untrained')


def score(run: Run) -> dict:
    """Compare four sets with the training split, with equally many images on each side."""
    digits = run.data / 'digits' / 'classification'
    folders = dict(
        real=digits / 'val',
        generated=run.folder('generate') / 'trained' / 'images',
        untrained=run.folder('judge') / 'untrained_fresh' / 'images',
    )
    number = 16 if run.smoke else len(list((digits / 'val').glob('*/*.png')))
    common = (
        *('--reference', digits / 'train', '--num-images', number, '--scores', 'fid'),
        *('--extractor', EXTRACTOR, '--extractor-checkpoint', run.checkpoint('judge')),
        *('--cache-dir', run.folder('scores') / 'cache'),
    )
    tool = 'analysis_tools/eval_generation.py'
    files = [run.folder('scores') / f'{name}.json' for name in ('folders', 'tokenizer')]
    images = [f'{name}={path}' for name, path in folders.items()]
    run.call('scores', tool, '--images', *images, *common, '--out', files[0])
    root = cfg_options({'test_dataloader.dataset.dataset.data_root': digits})
    tokenizer = ('--config', TOKENIZER, '--checkpoints', run.checkpoint('tokenizer'))
    place = ('--work-dir', run.folder('scores') / 'log')
    run.call('scores', tool, *tokenizer, *common, '--out', files[1], *place, *root)
    found = {name: part['scores']['fid'] for name, part in json.loads(files[0].read_text()).items()}
    (reconstructed,) = json.loads(files[1].read_text()).values()
    found['reconstructed'] = reconstructed['scores']['fid']
    draw(found, run.folder('scores') / 'distances.png')
    return {name: found[name] for name in ORDER} | dict(steps_up=steps_up(found))


def draw(found: dict[str, float], file: Path) -> None:
    """Draw the distances as bars, on a logarithmic axis."""
    figure, axis = plt.subplots(figsize=(5, 2.2))
    bars = axis.barh(ORDER[::-1], [found[name] for name in ORDER[::-1]])
    axis.bar_label(bars, fmt='%.1f', padding=3)
    axis.set_xscale('log')
    axis.margins(x=0.3)
    axis.set_xlabel('Frechet distance to the training digits')
    figure.tight_layout()
    figure.savefig(file, dpi=100)
    plt.close(figure)


def steps_up(found: dict[str, float]) -> int:
    """How many of the three steps of the order come out right."""
    values = [found[name] for name in ORDER]
    assert all(map(math.isfinite, values))
    return sum(nearer < farther for nearer, farther in pairwise(values))


SCORES = Stage(
    'scores',
    score,
    dict(
        real=Figure("Frechet distance (judge's features) of held-out digits", '{:.2f}'),
        reconstructed=Figure('of their reconstructions', '{:.2f}'),
        generated=Figure('of generated digits', '{:.2f}'),
        untrained=Figure('of outputs of an untrained network', '{:.2f}'),
        steps_up=Figure('of these three steps upwards, right', '{:.0f}', at_least=3),
    ),
    (
        Picture(
            'How far from the training digits',
            'scores/distances.png',
            'Frechet distance on the features of the judge, with equally many images on each side.',
        ),
    ),
)
