"""Stage ``judge``: a classifier that tells digits from lookalikes."""

import json
import shutil
from pathlib import Path

import matplotlib

matplotlib.use('Agg')
from matplotlib import pyplot as plt
from run import Run

from mmaddp.own.stage import Figure, Picture, Stage, cfg_options

from .chain import ADDP, frozen_parts

CONFIG = 'configs/quickstart/judge-resnet18-w16_1xb128-20e_digits-32px.py'


def judge(run: Run) -> dict:
    """Train the judge; let it look at generated, untrained and real pictures."""
    folder = run.folder('judge')
    untrained = folder / 'untrained.pth'
    save = (ADDP, '--out', untrained, '--seed', run.seed, *cfg_options(frozen_parts(run)))
    run.call('judge', 'quickstart/save_untrained.py', *save)
    options = ('--num-images', 16 if run.smoke else 512, '--batch-size', 128)
    for name, seed in (('known', run.seed + 1000), ('fresh', run.seed + 2000)):
        out = ('--out', folder / f'untrained_{name}', '--seed', seed)
        run.call('judge', 'generate.py', ADDP, untrained, *options, *out)
    digits = run.data / 'digits' / 'classification'
    data = folder / 'data'
    sources = ('--digits', digits, '--untrained', folder / 'untrained_known' / 'images')
    run.call('judge', 'quickstart/make_judge_data.py', *sources, '--out', data)
    roots = {'train_dataloader.dataset.dataset.data_root': data}
    roots |= {'val_dataloader.dataset.data_root': data}
    run.train('judge', CONFIG, **roots)
    folders = dict(
        generated=run.folder('generate') / 'trained' / 'images',
        untrained=folder / 'untrained_fresh' / 'images',
        real=digits / 'val',
    )
    verdict = folder / 'verdict.json'
    pairs = [f'{name}={path}' for name, path in folders.items()]
    arguments = (CONFIG, run.checkpoint('judge'), *pairs, '--out', verdict)
    run.call('judge', 'quickstart/judge_images.py', *arguments)
    shutil.rmtree(data)
    found = json.loads(verdict.read_text())
    draw_histograms(found, folder / 'histograms.png')
    figures = {f'accepted_{name}': entry['accepted'] for name, entry in found.items()}
    *counts, _ = found['generated']['histogram'].values()
    largest = max(counts) / max(sum(counts), 1)
    return figures | dict(classes=sum(count > 0 for count in counts), largest_class=largest)


def draw_histograms(found: dict, file: Path) -> None:
    """Draw how many images of each folder the judge puts into each class."""
    figure, axes = plt.subplots(1, len(found), figsize=(4 * len(found), 2.6), sharey=True)
    for axis, (name, entry) in zip(axes, found.items()):
        share = [count / entry['num_images'] for count in entry['histogram'].values()]
        axis.bar(list(entry['histogram']), share)
        axis.set_title(f'{name}: {entry["accepted"]:.1%} accepted')
    axes[0].set_ylabel('share of images')
    figure.tight_layout()
    figure.savefig(file, dpi=100)
    plt.close(figure)


JUDGE = Stage(
    'judge',
    judge,
    dict(
        accepted_generated=Figure(
            'generated pictures that a classifier takes for digits', '{:.1%}', at_least=0.6
        ),
        # 4.3 % and 7.0 % with one seed and two numbers of threads.
        accepted_untrained=Figure('of an untrained network', '{:.1%}', at_most=0.1),
        accepted_real=Figure('of held-out digits', '{:.1%}', at_least=0.97),
        classes=Figure('digits among the generated', '{:.0f}', at_least=10),
        largest_class=Figure('share of the most frequent one', '{:.0%}'),
    ),
    (
        Picture(
            'What the judge says',
            'judge/histograms.png',
            'The judge is a classifier trained on real digits and on an eleventh class, "none": '
            'shuffled patches, mixtures of two digits, outputs of an untrained network.',
        ),
    ),
)
