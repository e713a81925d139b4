"""Losses of the toy trainings, recorded: a change of numbers is seen, wherever it comes from.

python tests/golden_losses.py                    writes tests/data/losses/*.json anew
python tests/golden_losses.py --compare          how far off this machine is, and writes nothing
"""

import argparse
import json
import sys
import tempfile
import time
import warnings
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from mmengine.runner import Runner

from mmaddp.run.toys import STEPS_PER_EPOCH, TOYS, ToyForm, make_toy_data, toy_options
from mmaddp.run.training import TrainFlags, training_config
from mmaddp.utils.atomic import write_json

FOLDER = Path(__file__).parent / 'data' / 'losses'
STEPS = 100
FORM = ToyForm(epochs=STEPS // STEPS_PER_EPOCH)
# What keeps the rounding of one processor from growing into other losses than those of another:
# smaller steps, no codes that are equal because black patches are, between which it decides, and
# no whole steps along gradients that are zero but for rounding (the discriminator's last bias).
CALMER = dict(
    tokenizer={
        'model.quantize_start': None,
        'model.revival_interval': None,
        'optim_wrapper.generator.optimizer.lr': 1e-5,
        'optim_wrapper.discriminator.optimizer.lr': 1e-5,
        'optim_wrapper.discriminator.optimizer.eps': 1e-4,
    },
    detection={'optim_wrapper.optimizer.lr': 5e-4},
)
Losses = dict[str, list[float]]


def train(kind: str, data: Path, folder: Path) -> Losses:
    """Train a toy without checkpoints and validations; return its losses by name."""
    options = toy_options(kind, data, FORM) | CALMER.get(kind, {})
    options |= {
        'train_cfg.val_interval': FORM.epochs + 1,
        'default_hooks.checkpoint': None,
        'default_hooks.logger.interval': STEPS,
        'log_level': 'ERROR',
        'experiment_name': f'{kind}_{time.time()}',
    }
    with warnings.catch_warnings():
        warnings.simplefilter('ignore')
        flags = TrainFlags(no_validate=True)
        cfg, _ = training_config(flags, config=TOYS[kind], cfg_options=options, work_dir=folder)
        runner = Runner.from_cfg(cfg)
        runner.train()
    scalars = runner.message_hub.log_scalars
    losses = {
        name.removeprefix('train/'): scalar.data[0]
        for name, scalar in sorted(scalars.items())
        if name.startswith('train/loss')
    }
    if 'train/adaptive_weight' in scalars:
        losses = unweighted(losses, scalars['train/adaptive_weight'].data[0])
    return {name: [float(f'{loss:.8g}') for loss in values] for name, values in losses.items()}


def unweighted(losses: Losses, weights: list[float]) -> Losses:
    """The tokenizer's losses without the factor on the adversarial one.

    The factor follows the gradient of an absolute difference: where a pixel is met to the last bit,
    the processor decides its sign, and the factor jumps by up to 2e-3.
    """
    adversarial = [loss / weight for loss, weight in zip(losses['loss_adversarial'], weights)]
    losses = losses | {'loss_adversarial': adversarial}
    parts = [losses[f'loss_{part}'] for part in ('recon', 'codebook', 'commitment')]
    late = [0.0] * (len(parts[0]) - len(adversarial)) + adversarial
    return losses | {'loss': [sum(values) for values in zip(*parts, late)]}


def recorded(kind: str) -> Losses:
    """What is in the repository."""
    return json.loads((FOLDER / f'{kind}.json').read_text())


def largest_difference(losses: Losses, expected: Losses) -> float:
    """The largest difference of two records, as a fraction of the total loss of its step."""
    assert losses.keys() == expected.keys(), losses.keys() ^ expected.keys()
    worst = 0.0
    for name, values in losses.items():
        assert len(values) == len(expected[name]), name
        for value, other, total in zip(values, expected[name], expected['loss'][-len(values) :]):
            worst = max(worst, abs(value - other) / abs(total))
    return worst


def main() -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('--compare', action='store_true', help='write nothing')
    compare = parser.parse_args().compare
    with tempfile.TemporaryDirectory() as folder:
        data = make_toy_data(Path(folder) / 'data')
        for kind in TOYS:
            losses = train(kind, data, Path(folder) / kind)
            file = FOLDER / f'{kind}.json'
            if file.exists():
                print(f'{kind}: {largest_difference(losses, recorded(kind)):.1e} from the record')
            if not compare:
                write_json(file, losses)


if __name__ == '__main__':
    main()
