"""The report of a fine-tuning: figures with their protocol, and predictions."""

import warnings
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import torch
from PIL import Image, ImageOps
from torchvision.transforms.functional import pil_to_tensor

from mmaddp.apis.loading import load
from mmaddp.own.drawings import draw_curves
from mmaddp.own.finetuning.class_data import ClassData
from mmaddp.own.finetuning.stages import Finetuning
from mmaddp.own.finetuning.write import NAMES, config_file
from mmaddp.own.pages import html_page, markdown_page
from mmaddp.own.stage import Picture
from mmaddp.utils.atomic import write_text
from mmaddp.utils.durations import duration
from mmaddp.utils.images import image_grid, save_png
from mmaddp.utils.open_picture import open_picture

SHOWN, COLUMNS, SHOWN_SIDE = 12, 4, 224
PICTURES = (
    Picture(
        'Predictions',
        'predictions.png',
        'Held-out pictures, evenly spaced and not chosen, with what was predicted.',
    ),
    Picture('Training', 'curves.png', 'The loss.'),
)
# Most pictures whose classes are counted.
MOST = 2000


def write_report(tuning: Finetuning) -> dict:
    """Load the result as a user does, draw, and write ``report.md`` and ``report.html``."""
    folder = tuning.out / 'report'
    folder.mkdir(exist_ok=True)
    model = load(tuning.out, device=tuning.plan.device)
    predict = getattr(model, tuning.plan.task)
    paths = tuning.found.paths('val')
    places = torch.linspace(0, len(paths) - 1, min(SHOWN, len(paths))).round().long().tolist()
    with warnings.catch_warnings():
        warnings.filterwarnings('ignore', 'Warning: The .* is out of bounds', UserWarning)
        for number, place in enumerate(places):
            # One folder for each, since pictures of different folders may have the same name.
            predict([paths[place]], draw=folder / 'drawn' / f'{number:02}')
    drawn = [next((folder / 'drawn' / f'{n:02}').iterdir()) for n in range(len(places))]
    save_png(image_grid(_tiles(drawn), COLUMNS), folder / 'predictions.png')
    curve = dict(train=('loss', f'{NAMES[tuning.plan.task].lower()}: loss'))
    draw_curves(tuning.out, folder / 'curves.png', curve)
    tables = _tables(tuning)
    if isinstance(tuning.found, ClassData):
        tables['Classes'] = _class_rows(tuning.found, predict(paths[:: -(-len(paths) // MOST)]))
    title = f'{NAMES[tuning.plan.task]} of {tuning.found.folder.name}'
    write_text(tuning.out / 'report.md', markdown_page(title, tables, PICTURES))
    write_text(tuning.out / 'report.html', html_page(title, tables, PICTURES, folder))
    return {}


def _tiles(files: Sequence[Path]) -> list[torch.Tensor]:
    """Pictures as squares of one size, on white."""
    tiles = []
    for file in files:
        with open_picture(file) as image:
            picture = image.convert('RGB')
        picture = ImageOps.contain(picture, (SHOWN_SIDE, SHOWN_SIDE))
        tile = Image.new('RGB', (SHOWN_SIDE, SHOWN_SIDE), 'white')
        tile.paste(picture)
        tiles.append(pil_to_tensor(tile).float() / 255)
    return tiles


def _tables(tuning: Finetuning) -> dict[str, list[list[str]]]:
    """Tables by title, the first row being the head."""
    plan, result = tuning.plan, tuning.result('train')
    figures = [['figure', 'value', 'protocol']]
    where = f'{plan.num_val} held-out pictures, last checkpoint, one run, seed {plan.seed}'
    for name, (figure, protocol) in tuning.figures().items():
        value = figure.form.format(result['figures'][name])
        figures.append([figure.text, value, f'{protocol}; {where}'])
    for name, share in tuning.found.baselines().items():
        figures.append([name, f'{share:.2f}', 'the same pictures, without looking at them'])
    times = [['stage', 'time'], ['train, with test', duration(result['seconds'])]]
    return {
        'Figures': figures,
        'What the folder holds': [['finding'], *([line] for line in tuning.found.lines)],
        'Plan': [['choice', 'value', 'reason'], *map(list, tuning.choices)],
        'Times': times,
        'To go on': [
            ['what', 'where'],
            ['configuration', str(config_file(tuning.out))],
            ['checkpoint', str(tuning.checkpoint('train'))],
        ],
    }


def _class_rows(found: ClassData, results: Sequence[dict]) -> list[list[str]]:
    """How many pictures of each class were recognised."""
    truth: Counter = Counter()
    right: Counter = Counter()
    labels = {found.folder / file: label for file, label in found.labels.items()}
    for result in results:
        label = labels[result['path']]
        truth[label] += 1
        right[label] += label == result['pred_label']
    rows = [['class', 'held-out pictures', 'recognised']]
    return rows + [
        [name, str(truth[label]), str(right[label])] for label, name in enumerate(found.classes)
    ]
