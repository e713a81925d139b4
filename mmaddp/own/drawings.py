"""The pictures of the report."""

from collections.abc import Mapping
from pathlib import Path

import matplotlib
import torch
from torch import Tensor

from mmaddp.apis.editing import inpaint, reconstruct
from mmaddp.apis.generation import generate
from mmaddp.models.selfsup import ADDP
from mmaddp.own.likeness import nearest_pictures
from mmaddp.run.runs.scalars import scalar
from mmaddp.utils.atomic import atomic_path
from mmaddp.utils.images import image_grid, save_png
from mmaddp.visualization.target_pictures import generation_steps, target_images

matplotlib.use('Agg')
from matplotlib import pyplot as plt

COLUMNS = 8
MASK_RATIOS = (0.5, 0.65, 0.8, 0.95)
# Sheets are enlarged to about this many pixels per picture.
SHOWN_SIDE = 96
# What the curves show: stage -> (scalar, title).
CURVES = dict(
    tokenizer=('tokenizer/psnr', 'tokenizer: PSNR of held-out pictures, dB'),
    predictor=('loss', 'token predictor: loss'),
    addp=('loss', 'ADDP: loss'),
)


def draw_models(model: ADDP, held_out: Tensor, seed: int, folder: Path) -> Tensor:
    """Draw samples, steps, reconstructions, encoder inputs and completions.

    Args:
        model (ADDP): The model.
        held_out (Tensor): Pictures in [0, 1], shape (B, 3, H, W), on the model's device.
        seed (int): Of the samples.
        folder (Path): Gets the PNG files.

    Returns:
        Tensor: 64 samples, in [0, 1], shape (64, 3, H, W), on the CPU.
    """
    zoom = max(1, SHOWN_SIDE // held_out.shape[-1])
    samples = generate(model, num_images=64, seed=seed)
    steps = generation_steps(model, range(4)).transpose(0, 1)
    targets = target_images(model, held_out, MASK_RATIOS)
    mask = torch.zeros(held_out.shape[-2:], dtype=torch.bool)
    side = mask.shape[0]
    mask[side // 4 : side - side // 4] = True
    shown = torch.where(mask.to(held_out.device), 0.5, held_out)
    versions = [inpaint(model, held_out, mask, range(n, n + len(held_out))) for n in (0, 100)]
    for name, images, columns in (
        ('samples', [*samples], COLUMNS),
        ('steps', [*steps.flatten(0, 1)], steps.shape[1]),
        ('reconstructions', [*held_out, *reconstruct(model, held_out)], len(held_out)),
        ('targets', [*held_out, *targets.flatten(0, 1)], len(held_out)),
        ('completions', [*held_out, *shown, *versions[0], *versions[1]], len(held_out)),
    ):
        save_png(image_grid(images, columns, zoom), folder / f'{name}.png')
    for number, image in enumerate(samples):
        save_png(image, folder / 'samples' / f'{number:06}.png')
    return samples


def draw_nearest(samples: Tensor, training: Tensor, file: Path) -> None:
    """Draw the first samples, below them the training pictures that are nearest."""
    first = samples[:COLUMNS]
    _, numbers = nearest_pictures(first, training)
    zoom = max(1, SHOWN_SIDE // samples.shape[-1])
    save_png(image_grid([*first, *training[numbers]], COLUMNS, zoom), file)


def draw_curves(out: Path, file: Path, curves: Mapping[str, tuple[str, str]] = CURVES) -> None:
    """Draw how the trainings went.

    Args:
        out (Path): Holds their folders.
        file (Path): PNG file to write.
        curves (Mapping): Folder -> scalar and title. Defaults to those of a pre-training.
    """
    size = (4 * len(curves), 2.8)
    figure, axes = plt.subplots(1, len(curves), figsize=size, squeeze=False)
    for axis, (stage, (name, title)) in zip(axes[0], curves.items()):
        axis.plot(*scalar(out / stage, name))
        axis.set_title(title, fontsize=9)
        axis.set_xlabel('epoch' if '/' in name else 'step')
    figure.tight_layout()
    with atomic_path(file) as unfinished:
        figure.savefig(unfinished, format='png', dpi=100)
    plt.close(figure)
