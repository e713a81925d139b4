"""The figures of all arms and seeds, in one file and as a table."""

import json
import platform
import statistics
from pathlib import Path

import torch

from mmaddp.own.pages import markdown_table
from mmaddp.utils.atomic import write_json
from mmaddp.version import __version__

TITLES = dict(
    addp='ADDP',
    mage='MAGE, on tokens',
    mae='MAE, equal epochs',
    mae_long='MAE, equal time',
    untrained='none',
)
# Column -> stage, figure, and how it is shown.
COLUMNS = {
    'k-NN, last block': ('features', 'knn_picture_4', '{:.1%}'),
    'k-NN, block 2': ('features', 'knn_picture_2', '{:.1%}'),
    'probe, last block': ('features', 'probe_picture_4', '{:.1%}'),
    'probe, block 2': ('features', 'probe_picture_2', '{:.1%}'),
    'probe of reconstructions': ('features', 'probe_reconstruction_4', '{:.1%}'),
    'probe of x_t': ('features', 'probe_x_t_4', '{:.1%}'),
    'fine-tuned, 10 labels per class': ('fine_tuning', 'few', '{:.1%}'),
    'fine-tuned, all labels': ('fine_tuning', 'all', '{:.1%}'),
    'Frechet distance': ('samples', 'fid', '{:.1f}'),
    'recall': ('samples', 'recall', '{:.2f}'),
}
NOTHING = ''


def gather(work_dir: Path) -> str:
    """Write ``results.json`` of what is finished; return the table."""
    arms: dict = {}
    for file in sorted(work_dir.glob('seed*/*/stages/*.json')):
        seed, arm = file.parts[-4].removeprefix('seed'), file.parts[-3]
        result = json.loads(file.read_text())
        kept = {name: result[name] for name in ('seconds', 'figures')}
        arms.setdefault(arm, {}).setdefault(seed, {})[file.stem] = kept
    made_by = dict(
        mmaddp=__version__,
        torch=torch.__version__,
        threads=torch.get_num_threads(),
        machine=platform.machine(),
    )
    results = dict(made_by=made_by, arms=arms)
    write_json(work_dir / 'results.json', results)
    return table(results)


def table(results: dict) -> str:
    """Arms against figures, as mean and standard deviation of the seeds, in Markdown."""
    rows = [['pre-training', 'seeds', *COLUMNS]]
    for arm, title in TITLES.items():
        seeds = results['arms'].get(arm, {}).values()
        row = [title, str(len(seeds))]
        for stage, name, form in COLUMNS.values():
            values = [seed[stage]['figures'][name] for seed in seeds if stage in seed]
            row.append(_shown(values, form))
        rows.append(row)
    return markdown_table(rows)


def _shown(values: list[float], form: str) -> str:
    if not values:
        return NOTHING
    shown = form.format(statistics.mean(values))
    return f'{shown} ± {form.format(statistics.stdev(values))}' if len(values) > 1 else shown
