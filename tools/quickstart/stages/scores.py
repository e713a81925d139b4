"""Stage ``scores``: a Frechet distance on the features of the quickstart's judge."""

import math
from itertools import pairwise

from digits import CONFIGS, Digits

from mmaddp.apis import load
from mmaddp.apis.pictures import write_pictures
from mmaddp.own.stage import Figure, Stage
from mmaddp.run.scoring import Scoring, score_folders

from .judge import CONFIG, image_folders

# From the nearest to the training digits to the farthest, as it must come out.
ORDER = ('real', 'reconstructed', 'generated', 'untrained')


def score(digits: Digits) -> dict:
    """Compare four sets with the training split, with equally many images on each side."""
    folders = image_folders(digits)
    reconstructed = load(digits.out / 'tokenizer').reconstruct(folders['real'])
    folders['reconstructed'] = digits.out / 'scores' / 'reconstructed'
    write_pictures(list(reconstructed[:, 0]), folders['reconstructed'], columns=8)
    checkpoint = digits.checkpoint('judge/classifier')
    scoring = Scoring(
        scores=['fid'],
        settings={},
        folders=dict(num_images=16 if digits.smoke else digits.plan.num_val),
        reference=str(digits.pictures / 'train'),
        extractor=dict(config=str(CONFIGS / CONFIG), checkpoint=str(checkpoint)),
    )
    results = score_folders([f'{name}={folder}' for name, folder in folders.items()], scoring)
    found = [results[name]['scores']['fid'] for name in ORDER]
    assert all(map(math.isfinite, found))
    steps_up = sum(nearer < farther for nearer, farther in pairwise(found))
    return dict(zip(ORDER, found), steps_up=steps_up)


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
)
