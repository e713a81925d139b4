"""Drawings of samples as the network gets them."""

from collections.abc import Iterator
from pathlib import Path
from typing import Optional

import numpy as np
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmengine.runner import Runner
from mmengine.structures import BaseDataElement
from mmengine.visualization import Visualizer
from PIL import Image
from torch import Tensor

from mmaddp.datasets.nesting import first_settings
from mmaddp.registry import MODELS
from mmaddp.utils.atomic import atomic_path
from mmaddp.utils.config_types import type_name
from mmaddp.utils.images import as_rgb
from mmaddp.utils.output_names import refuse_overwriting
from mmaddp.visualization.drawing import build_visualizer, draw_sample

# Settings with which the hosts' preprocessors swap red and blue.
SWITCHES = ('bgr_to_rgb', 'rgb_to_bgr', 'to_rgb')


def browse(cfg: Config, split: str, number: int, out_dir: Path) -> list[Path]:
    """Draw the first samples of a data loader, after augmentation and preprocessor.

    Args:
        cfg (Config): A run's configuration, complete, see
            :func:`mmaddp.run.config.read_config`.
        split (str): 'train', 'val' or 'test'.
        number (int): How many samples to draw, at most.
        out_dir (Path): Folder for the pictures.

    Returns:
        list[Path]: The pictures, named by number and image.

    Raises:
        ValueError: ``number`` is below 1, the samples are not images, or the folder is one that
            they come from.
    """
    if number < 1:
        raise ValueError(f'--number must be at least 1, got {number}.')
    init_default_scope(cfg.get('default_scope', 'mmpretrain'))
    loader_cfg = dict(cfg[f'{split}_dataloader'], num_workers=0, persistent_workers=False)
    loader = Runner.build_dataloader(loader_cfg, seed=cfg.get('randomness', {}).get('seed') or 0)
    settings = preprocessor_settings(cfg)
    preprocessor = MODELS.build(settings)
    swaps = any(settings.get(key) for key in SWITCHES)
    is_rgb = _reads_rgb(loader_cfg['dataset']) != swaps
    visualizer = build_visualizer(cfg, loader.dataset.metainfo)
    files: list[Path] = []
    for image, sample in _samples(loader, preprocessor, split == 'train', number):
        pixels = restore_pixels(image, preprocessor, is_rgb)
        path = getattr(sample, 'metainfo', {}).get('img_path')
        name = f'{len(files):04}_{Path(path).stem}.png' if path else f'{len(files):04}.png'
        files.append(Path(out_dir) / name)
        read = [path, getattr(sample, 'metainfo', {}).get('seg_map_path')]
        refuse_overwriting(files[-1:], filter(None, read), '--out')
        _draw(visualizer, pixels, sample, files[-1])
    return files


def preprocessor_settings(cfg: Config) -> dict:
    """Settings of the preprocessor that a configuration's model builds, mixing included."""
    model = cfg.model
    settings = dict(model.get('data_preprocessor') or cfg.get('data_preprocessor') or {})
    is_classifier = type_name(model) == 'ImageClassifier'
    settings.setdefault(
        'type', 'ClsDataPreprocessor' if is_classifier else 'SelfSupDataPreprocessor'
    )
    if is_classifier and model.get('train_cfg'):
        settings.setdefault('batch_augments', model.train_cfg)
    return settings


def restore_pixels(image: Tensor, preprocessor, is_rgb: bool) -> np.ndarray:
    """Undo the normalisation of a preprocessor.

    Args:
        image (Tensor): What the network gets, shape (C, H, W).
        preprocessor: Has ``mean`` and ``std`` if it normalises.
        is_rgb (bool): Whether the network gets RGB; otherwise it gets BGR.

    Returns:
        np.ndarray: RGB, uint8, shape (H, W, 3).
    """
    pixels = image.detach().float().cpu()
    if getattr(preprocessor, 'mean', None) is not None:
        pixels = pixels * preprocessor.std.cpu() + preprocessor.mean.cpu()
    pixels = as_rgb(pixels if is_rgb else pixels.flip(0))
    return pixels.round().clamp(0, 255).byte().permute(1, 2, 0).contiguous().numpy()


def _samples(
    loader, preprocessor, training: bool, number: int
) -> Iterator[tuple[Tensor, Optional[BaseDataElement]]]:
    seen = 0
    for batch in loader:
        batch = preprocessor(batch, training=training)
        images, samples = batch['inputs'], batch.get('data_samples')
        images = images[0] if isinstance(images, list) and images[0].dim() == 4 else images
        if not len(images) or images[0].dim() != 3:
            raise ValueError(
                'These samples are not images but, for instance, token ids: nothing to draw.'
            )
        for image, sample in zip(images, samples or [None] * len(images)):
            yield image, sample
            seen += 1
            if seen == number:
                return


def _draw(visualizer: Visualizer, pixels: np.ndarray, sample, file: Path) -> None:
    """Draw whatever annotations there are."""
    keys = set(sample.keys()) if sample is not None else set()
    if keys & {'gt_instances', 'gt_sem_seg'}:
        draw_sample(visualizer, pixels, sample, file, draw_pred=False)
    elif 'gt_label' in keys:
        draw_sample(
            visualizer, pixels, sample, file, draw_pred=False, **_shares(visualizer, sample)
        )
    else:
        with atomic_path(file) as unfinished:
            Image.fromarray(pixels).save(unfinished, format='PNG')


def _shares(visualizer: Visualizer, sample) -> dict:
    """Names of the classes with their shares, where images were mixed."""
    scores = sample.get('gt_score')
    if scores is None:
        return {}
    names = (visualizer.dataset_meta or {}).get('classes') or range(len(scores))
    shares = {index: float(scores[index]) for index in scores.nonzero().flatten().tolist()}
    sample.set_gt_label(sorted(shares, key=shares.get, reverse=True))
    return dict(classes={index: f'{names[index]}, {share:.0%}' for index, share in shares.items()})


def _reads_rgb(dataset: dict) -> bool:
    pipeline = first_settings(dataset).get('pipeline') or []
    return any(type_name(step) in ('LoadRGBImage', 'LoadChannels') for step in pipeline)
