"""The quickstart's table and report."""

import json
import statistics
from pathlib import Path

import matplotlib

matplotlib.use('Agg')
from matplotlib import pyplot as plt

from .stages import STAGES, Run

FIGURES = dict(
    train_images=('training images', '{:.0f}'),
    psnr=('PSNR of held-out digits, dB', '{:.1f}'),
    codebook_usage=('codes in use', '{:.0%}'),
    acc_50=('held-out tokens guessed with half of them hidden', '{:.1%}'),
    acc_90=('with 90 % hidden', '{:.1%}'),
    masked_acc=('masked-token accuracy', '{:.1%}'),
    loss=('loss', '{:.3f}'),
    images=('images', '{:.0f}'),
    accepted_generated=('generated digits accepted', '{:.1%}'),
    classes=('classes among them', '{:.0f}'),
    accepted_untrained=('outputs of an untrained network accepted', '{:.1%}'),
    accepted_real=('held-out real digits accepted', '{:.1%}'),
)
LIMITS = dict(
    psnr=(18, 100),
    codebook_usage=(0.5, 1),
    accepted_generated=(0.6, 1),
    accepted_untrained=(0, 0.05),
    accepted_real=(0.97, 1),
    classes=(10, 10),
)
"""What a run that was not cut short must reach: smallest and largest value."""

PICTURES = (
    ('Generated digits', 'generate/trained/grid.png', 'Not chosen: the first 64 seeds.'),
    (
        'Generation, step by step',
        'generate/steps.png',
        'One digit per row, one step per column; the last column is the result.',
    ),
    (
        'What the encoder sees',
        'generate/targets.png',
        'First row: held-out digits. Below: the decoded images x_t that the encoder is trained on, '
        'with 50, 65, 80 and 95 % of the tokens unreliable.',
    ),
    (
        'Reconstructions',
        'generate/reconstructions.png',
        'Held-out digits above, what the tokenizer keeps of them below.',
    ),
    (
        'What the judge says',
        'judge/histograms.png',
        'A classifier trained on real digits and on an eleventh class, "none": shuffled patches, '
        'mixtures of two digits, outputs of an untrained network.',
    ),
)


def write_report(work_dir: Path, runs: list[Run]) -> str:
    """Write ``report.md`` and the histograms.

    Returns:
        str: The table, and where the report lies.
    """
    for run in runs:
        _draw_histograms(run.folder('judge'))
    table = _table(runs)
    first = runs[0].work_dir / f'seed{runs[0].seed}'
    parts = [
        '# Quickstart',
        'Tokenizer, token predictor, ADDP pre-training and generation on the 1,797 handwritten '
        'digits that scikit-learn carries.' + _how_long(runs),
        table,
    ]
    for title, file, text in PICTURES:
        if (first / file).is_file():
            path = (first / file).relative_to(work_dir)
            parts.append(f'## {title}\n\n{text}\n\n![{title}]({path})')
    report = work_dir / 'report.md'
    report.write_text('\n\n'.join(parts) + '\n')
    return f'\n{table}\n\nReport: {report}'


def _how_long(runs: list[Run]) -> str:
    if runs[0].smoke:
        return ' This was a smoke run of a few iterations: its figures and pictures mean nothing.'
    return f' Seeds: {", ".join(str(run.seed) for run in runs)}.'


def _table(runs: list[Run]) -> str:
    lines = ['| stage | time | figure |', '| --- | ---: | --- |']
    for stage in STAGES:
        results = [run.result(stage.name) for run in runs]
        if not all(results):
            lines.append(f'| {stage.name} | not run | |')
            continue
        seconds = statistics.mean(result['seconds'] for result in results)
        figures = [
            figure(name, [result['figures'][name] for result in results], runs[0].smoke)
            for name in results[0]['figures']
        ]
        lines.append(f'| {stage.name} | {seconds:.0f} s | {"; ".join(figures)} |')
    return '\n'.join(lines)


def figure(name: str, values: list[float], smoke: bool) -> str:
    """Describe a figure by mean and spread, and say whether it lies within its limits."""
    text, form = FIGURES[name]
    shown = form.format(statistics.mean(values))
    if len(values) > 1:
        shown += f' ± {form.format(statistics.stdev(values))}'
    if smoke or name not in LIMITS:
        return f'{text} {shown}'
    low, high = LIMITS[name]
    passed = low <= statistics.mean(values) <= high
    needed = form.format(low) if name != 'accepted_untrained' else f'at most {form.format(high)}'
    return f'{text} {shown} ({"ok" if passed else "MISSED"}, needed {needed})'


def _draw_histograms(folder: Path) -> None:
    verdict = folder / 'verdict.json'
    if not verdict.is_file():
        return
    found = json.loads(verdict.read_text())
    figure, axes = plt.subplots(1, len(found), figsize=(4 * len(found), 2.6), sharey=True)
    for axis, (name, entry) in zip(axes, found.items()):
        share = [count / entry['num_images'] for count in entry['histogram'].values()]
        axis.bar(list(entry['histogram']), share)
        axis.set_title(f'{name}: {entry["accepted"]:.1%} accepted')
    axes[0].set_ylabel('share of images')
    figure.tight_layout()
    figure.savefig(folder / 'histograms.png', dpi=100)
    plt.close(figure)
