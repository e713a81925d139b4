"""The report: what came out, in figures and pictures."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import torch
from mmengine.config import Config

from mmaddp.apis.image_files import load_images, picture_reader
from mmaddp.engine.insight.features import features_of
from mmaddp.engine.insight.figures import knn_accuracy, probe_accuracy
from mmaddp.models.selfsup import ADDP
from mmaddp.own.chain import Chain, stages
from mmaddp.own.drawings import draw_curves, draw_models, draw_nearest
from mmaddp.own.likeness import class_names, nearest_pictures, pixel_vectors
from mmaddp.own.pages import html_page, markdown_page
from mmaddp.own.plan import STAGES
from mmaddp.own.stage import Figure, Picture
from mmaddp.own.write import config_file
from mmaddp.utils.atomic import write_text
from mmaddp.utils.durations import duration
from mmaddp.utils.listing import list_pictures
from mmaddp.weights.model import build_model

# Most pictures of a split that are compared and classified, and most numbers that they may have.
MOST, MOST_NUMBERS = 4000, 2**27
SHOWN = 8
FIGURES = dict(
    likeness=Figure('distance to training pictures, samples over held-out ones', '{:.2f}')
)
PICTURES = (
    Picture('Samples', 'samples.png', 'Not chosen: the first 64 of this seed.'),
    Picture(
        'Reconstructions',
        'reconstructions.png',
        'Held-out pictures above, what the tokenizer keeps of them below.',
    ),
    Picture(
        'Completions',
        'completions.png',
        'Held-out pictures, not chosen; what the model is shown of them; two completions.',
    ),
    Picture(
        'What the encoder sees',
        'targets.png',
        'First row: held-out pictures. Below: the decoded pictures x_t that the encoder is trained '
        'on, with 50, 65, 80 and 95 % of the tokens unreliable.',
    ),
    Picture('Generation, step by step', 'steps.png', 'One sample per row, one step per column.'),
    Picture(
        'Is it copying?',
        'nearest.png',
        'The first eight samples; below each the training picture that is nearest, by the pixels '
        'at 16 x 16.',
    ),
    Picture('Training', 'curves.png', 'Scalars of the three trainings.'),
)


def write_report(chain: Chain) -> dict:
    """Draw, measure, and write ``report.md`` and ``report.html``.

    Returns:
        dict: The figures that were measured.
    """
    folder = chain.out / 'report'
    model = build_model(config_file('addp', chain.out), chain.checkpoint('addp'), chain.plan.device)
    files = {name: _files(chain, name) for name in ('train', 'val')}
    size = (chain.plan.resolution, chain.plan.resolution)
    reader = picture_reader(model)
    images = {name: load_images(listed, size, reader) for name, listed in files.items()}
    device = model.neck.mask_token.device
    shown = torch.linspace(0, len(images['val']) - 1, min(SHOWN, len(images['val']))).long()
    held_out = images['val'][shown].to(device)
    samples = draw_models(model, held_out, chain.plan.seed, folder)
    draw_nearest(samples, images['train'], folder / 'nearest.png')
    draw_curves(chain.out, folder / 'curves.png')
    from_samples, _ = nearest_pictures(samples, images['train'])
    from_held_out, _ = nearest_pictures(images['val'], images['train'])
    ratio = float(from_samples.mean() / from_held_out.mean().clamp(min=1e-6))
    classes = _classes(chain, model, files, images) if chain.found.classes else {}
    tables = _tables(chain, ratio, classes)
    title = f'Pre-training on {chain.found.folder.name}'
    write_text(chain.out / 'report.md', markdown_page(title, tables, PICTURES))
    write_text(chain.out / 'report.html', html_page(title, tables, PICTURES, folder))
    return dict(likeness=ratio, **classes)


def _files(chain: Chain, split: str) -> list[Path]:
    """Pictures of a split, or some of them, evenly spaced."""
    listed = list_pictures(chain.pictures / split, say=False).paths()
    most = min(MOST, MOST_NUMBERS // (chain.plan.channels * chain.plan.resolution**2))
    return listed[:: max(1, -(-len(listed) // most))]


def _classes(chain: Chain, model: ADDP, files: dict, images: dict) -> dict[str, float]:
    """k-NN and linear probe: of the encoder, of half of it, of an untrained one, of pixels."""
    names = chain.found.classes
    labels = {
        split: [names.index(name) for name in class_names(files[split], chain.pictures / split)]
        for split in files
    }
    torch.manual_seed(chain.plan.seed)
    config = Config.fromfile(config_file('addp', chain.out))
    config.model.backbone.init_cfg = None
    untrained = build_model(config, device=chain.plan.device)
    sources: dict[str, Callable[[torch.Tensor], torch.Tensor]] = dict(
        addp=partial(features_of, model),
        half=partial(features_of, model, num_blocks=len(model.backbone.layers) // 2),
        untrained=partial(features_of, untrained),
        pixels=pixel_vectors,
    )
    found = {}
    for source, extract in sources.items():
        train, val = extract(images['train']), extract(images['val'])
        both = (train, labels['train'], val, labels['val'])
        found[f'knn_{source}'] = knn_accuracy(*both)
        found[f'probe_{source}'] = probe_accuracy(*both)
    return found


def _tables(chain: Chain, ratio: float, classes: dict[str, float]) -> dict[str, list[list[str]]]:
    """Tables of the report by title, the first row being the head."""
    plan = [['choice', 'value', 'reason'], *map(list, chain.choices)]
    rows = [['stage', 'time', 'figures']]
    for stage in stages(write_report, FIGURES)[:-1]:
        result = chain.result(stage.name)
        described = '; '.join(stage.describe([result]))
        rows.append([stage.name, duration(result['seconds']), described])
    likeness = [
        ['figure', 'value', 'protocol'],
        [
            'distance of samples over that of held-out pictures',
            f'{ratio:.2f}',
            'to the nearest training picture, pixels at 16 x 16, 64 samples; far below 1: copies',
        ],
    ]
    tables = {'What the folder holds': [['finding'], *([line] for line in chain.found.lines())]}
    tables |= {'Plan': plan, 'Stages': rows, 'Likeness': likeness}
    if classes:
        tables['Classes'] = [['features', '20 nearest neighbours', 'linear probe']] + [
            [title, f'{classes[f"knn_{name}"]:.1%}', f'{classes[f"probe_{name}"]:.1%}']
            for name, title in (
                ('addp', 'ADDP, mean of the patches of whole pictures'),
                ('half', 'the same after half of the blocks'),
                ('untrained', 'the same encoder, untrained'),
                ('pixels', 'pixels at 16 x 16'),
            )
        ]
    configs = [['stage', 'configuration']]
    tables['To go on'] = configs + [[stage, str(config_file(stage, chain.out))] for stage in STAGES]
    return tables
