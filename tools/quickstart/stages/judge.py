"""Stage ``judge``: a classifier that tells digits from lookalikes."""

import shutil
from collections import Counter
from pathlib import Path

from digits import Digits
from lookalikes import NO_DIGIT, write_tree
from mmengine.runner import set_random_seed

from mmaddp.apis import build_model, generate, load
from mmaddp.apis.pictures import write_pictures
from mmaddp.own.stage import Figure, Stage
from mmaddp.own.write import config_file

CONFIG = 'judge-resnet18-w16_1xb128-20e_digits-32px.py'
# Sets of generated pictures: whether the network is trained, and what is added to the seed.
SETS = dict(generated=(True, 0), known=(False, 1000), untrained=(False, 2000))


def judge(digits: Digits) -> dict:
    """Train the judge; let it look at generated, untrained and real pictures."""
    folder = digits.out / 'judge'
    write_sets(digits, folder)
    write_tree(digits.pictures, sorted((folder / 'known').iterdir()), folder / 'data', 0)
    levels = dict(train='dataset.dataset', val='dataset')
    options = {f'{k}_dataloader.{v}.data_root': str(folder / 'data') for k, v in levels.items()}
    digits.train_several('judge', dict(classifier=(CONFIG, options | digits.length())))
    shutil.rmtree(folder / 'data')
    classifier = load(folder / 'classifier')
    found = {}
    for name, pictures in image_folders(digits).items():
        results = classifier.classify(pictures, batch_size=256)
        found[name] = Counter(result['pred_class'] for result in results)
    accepted = {f'accepted_{name}': 1 - n[NO_DIGIT] / n.total() for name, n in found.items()}
    seen = [n for name, n in found['generated'].items() if name != NO_DIGIT]
    share = max(seen, default=0) / max(sum(seen), 1)
    return accepted | dict(classes=len(seen), largest_class=share)


def write_sets(digits: Digits, folder: Path) -> None:
    """Generate with the trained network and with the same one before its training."""
    config, device = config_file('addp', digits.out), digits.plan.device
    trained = build_model(config, digits.checkpoint('addp'), device)
    set_random_seed(digits.plan.seed)
    untrained = build_model(config, device=device)
    for name, (is_trained, added) in SETS.items():
        pictures = generate(
            trained if is_trained else untrained,
            num_images=16 if digits.smoke else 512,
            seed=digits.plan.seed + added,
            batch_size=128,
        )
        write_pictures(list(pictures), folder / name, columns=8)


def image_folders(digits: Digits) -> dict[str, Path]:
    """What is judged."""
    folder = digits.out / 'judge'
    names = ('generated', 'untrained')
    return {name: folder / name for name in names} | dict(real=digits.pictures / 'val')


JUDGE = Stage(
    'judge',
    judge,
    dict(
        accepted_generated=Figure(
            'generated pictures that a classifier takes for digits', '{:.1%}', at_least=0.6
        ),
        # 5.7 to 7.4 % with three seeds.
        accepted_untrained=Figure('of an untrained network', '{:.1%}', at_most=0.1),
        # 94.7 to 96.4 %: it is shown blurred lookalikes too.
        accepted_real=Figure('of held-out digits', '{:.1%}', at_least=0.93),
        classes=Figure('digits among the generated', '{:.0f}', at_least=10),
        largest_class=Figure('share of the most frequent one', '{:.0%}'),
    ),
)
