"""New images from seeds."""

from collections.abc import Iterator
from pathlib import Path
from typing import Optional, Union

import torch
from mmengine.model import BaseModel
from torch import Tensor

from mmaddp.apis.prediction import Model, ready_model
from mmaddp.datasets.generation_seeds import GenerationSeeds
from mmaddp.engine.generation.image_blocks import image_blocks
from mmaddp.engine.generation.precision import inference_precision
from mmaddp.utils.precision import resolve_precision


@torch.no_grad()
def generate(
    model: Model,
    checkpoint: Optional[Union[str, Path]] = None,
    *,
    num_images: int = 16,
    seed: int = 0,
    batch_size: int = 64,
    precision: str = 'fp32',
    device: Optional[str] = None,
) -> Tensor:
    """Generate images.

    Image i depends only on (``seed``, i), as with ``tools/generate.py``; with the same
    ``batch_size`` both give the same bytes.

    Args:
        model (BaseModel | Config | str | Path): An ADDP model of :func:`build_model`, or a config
            with a sampler (``configs/generation/``, or that of a pre-training).
        checkpoint (str | Path, optional): Checkpoint of a config's model, for example
            ``mmaddp://addp-vit-base``. Defaults to None, for a model that was built.
        num_images (int): Images 0, 1, ... Defaults to 16.
        seed (int): Seed of the whole set. Defaults to 0.
        batch_size (int): Images at a time. Defaults to 64, or ``num_images`` if that is less.
        precision (str): 'fp32', 'bf16', 'fp16', or 'auto': bf16 where device and network gain by
            it. Defaults to 'fp32'.
        device (str, optional): Defaults to None: the GPU if there is one.

    Returns:
        Tensor: RGB in [0, 1], shape (``num_images``, 3, H, W), on the CPU.

    Raises:
        FileNotFoundError: A file is missing.
        ValueError: The model cannot generate, the checkpoint does not fit, or a number is out of
            range.
    """
    model = ready_model(model, checkpoint, device)
    return torch.cat(list(generated_blocks(model, num_images, seed, batch_size, precision)))


@torch.no_grad()
def generated_blocks(
    model: BaseModel, num_images: int, seed: int, batch_size: int, precision: str
) -> Iterator[Tensor]:
    """Generate images block by block, as :func:`generate` does.

    Yields:
        Tensor: RGB in [0, 1], shape (at most ``batch_size``, 3, H, W), on the CPU.

    Raises:
        ValueError: The model cannot generate, or a number is out of range.
    """
    if batch_size < 1:
        raise ValueError(f'batch_size must be at least 1, got {batch_size}.')
    seeds = GenerationSeeds(num_images, seed)
    if getattr(model, 'sampler', None) is None:
        raise ValueError(
            f'{type(model).__name__} cannot generate: use an ADDP model with a sampler.'
        )
    device_type = next(model.parameters()).device.type
    precision = resolve_precision(precision, model, device_type)
    with model.reuse_start(), inference_precision(precision, device_type):
        for block in image_blocks(seeds.indices, min(batch_size, num_images)):
            samples = [seeds.sample(index) for index in block.indices]
            found = model.test_step(dict(data_samples=samples))[: len(block.wanted)]
            yield torch.stack([sample.pred_image.float().clamp(0, 1).cpu() for sample in found])
