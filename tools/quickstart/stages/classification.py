"""Stage of classification: fine-tuning with few labels and with all, from ADDP and from scratch."""

import random
from collections import defaultdict
from pathlib import Path

import matplotlib

matplotlib.use('Agg')
from matplotlib import pyplot as plt
from run import Run

from mmaddp.own.stage import Figure, Picture, Stage, last_scalars
from mmaddp.utils.atomic import write_json, write_text

CONFIG = 'configs/quickstart/classifier-vit-w96-p8{}_1xb50-20e_digits-32px.py'
# Starts, and what their configuration is called after.
STARTS = dict(addp='_addp-40e-pre', prenorm='-prenorm_addp-40e-pre', scratch='_scratch')
TITLES = dict(addp='from ADDP', prenorm='from ADDP, norm kept', scratch='from scratch')
FEW = 10
# Labels -> epochs: 80 iterations with few of them, 336 with all.
EPOCHS = dict(few=40, all=12)


def classify(run: Run) -> dict:
    """Fine-tune from each start with each number of labels; return the top-1 of held-out digits."""
    folder = run.folder('classification')
    digits = run.data / 'digits' / 'classification'
    few = choose_few(digits / 'meta' / 'train.txt', folder / 'few.txt', FEW, run.seed)
    names = [f'{start}_{labels}' for labels in EPOCHS for start in STARTS]
    runs = []
    for name in names:
        start, labels = name.split('_')
        options = settings(run, EPOCHS[labels])
        if labels == 'few':
            options['train_dataloader.dataset.dataset.ann_file'] = str(few)
        if start != 'scratch':
            options['model.backbone.init_cfg.checkpoint'] = str(run.checkpoint('addp'))
        config = CONFIG.format(STARTS[start])
        runs.append(dict(config=config, work_dir=str(folder / name), options=options))
    write_json(folder / 'runs.json', runs)
    run.call('classification', 'quickstart/train_several.py', folder / 'runs.json')
    figures = {name: last_scalars(folder / name)['accuracy/top1'] / 100 for name in names}
    draw(figures, folder / 'accuracy.png')
    return figures | dict(gain_few=figures['addp_few'] - figures['scratch_few'])


def settings(run: Run, epochs: int) -> dict:
    """Settings that all trainings of the stage share."""
    digits = str(run.data / 'digits' / 'classification')
    options = {}
    for place in ('train_dataloader.', 'val_dataloader.'):
        options[place + 'dataset.dataset.data_root'] = digits
        # Workers of one training would keep the next one waiting until they have ended.
        options |= {place + 'num_workers': 0, place + 'persistent_workers': False}
    options |= {'train_cfg.max_epochs': epochs, 'train_cfg.val_interval': epochs}
    options['randomness.seed'] = run.seed
    options['param_scheduler.warmup'] = epochs // 20
    if run.smoke:
        options |= {'train_cfg.max_epochs': 1, 'train_cfg.val_interval': 1}
        options['param_scheduler.warmup'] = 0
    return options


def choose_few(listed: Path, chosen: Path, number: int, seed: int) -> Path:
    """Write a list with ``number`` lines of each class, drawn with the seed.

    Args:
        listed (Path): Lines ``path class``.
        chosen (Path): File to write.
        number (int): Lines of each class.
        seed (int): Of the draw.
    """
    classes = defaultdict(list)
    for line in listed.read_text().splitlines():
        classes[line.rpartition(' ')[2]].append(line)
    draw_lines = random.Random(seed).sample
    lines = [line for label in sorted(classes) for line in draw_lines(classes[label], number)]
    write_text(chosen, '\n'.join(lines) + '\n')
    return chosen


def draw(figures: dict, file: Path) -> None:
    """Draw the accuracies, one group for each number of labels."""
    figure, axis = plt.subplots(figsize=(5, 2.8))
    for index, start in enumerate(STARTS):
        values = [100 * figures[f'{start}_{labels}'] for labels in EPOCHS]
        places = [place + 0.27 * (index - 1) for place in range(len(EPOCHS))]
        bars = axis.bar(places, values, 0.25, label=TITLES[start])
        axis.bar_label(bars, fmt='%.1f')
    axis.set(xticks=range(len(EPOCHS)), xticklabels=[f'{FEW} per class', 'all labels'])
    axis.set(ylabel='top-1, %', ylim=(50, 108))
    axis.legend(loc='lower right', fontsize='small')
    figure.tight_layout()
    figure.savefig(file, dpi=100)
    plt.close(figure)


CLASSIFICATION = Stage(
    'classification',
    classify,
    dict(
        addp_few=Figure(f'top-1 with {FEW} labels per class from ADDP', '{:.1%}'),
        prenorm_few=Figure('with its norm in front of the blocks kept', '{:.1%}'),
        scratch_few=Figure('from scratch', '{:.1%}'),
        gain_few=Figure('gain by ADDP', '{:.1%}', at_least=0.03),
        addp_all=Figure('with all labels from ADDP', '{:.1%}'),
        prenorm_all=Figure('norm kept', '{:.1%}'),
        scratch_all=Figure('from scratch', '{:.1%}'),
    ),
    (
        Picture(
            'Fine-tuning on digits',
            'classification/accuracy.png',
            'Accuracy on held-out digits after fine-tuning of the ADDP encoder (officially '
            'without the norm in front of its blocks) and of the same network from scratch.',
        ),
    ),
)
