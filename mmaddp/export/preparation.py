"""How pictures become a network's input, in words that need no toolbox."""

from collections.abc import Iterator, Mapping
from typing import Any, Optional

from mmengine.config import Config
from mmengine.model import BaseModel

from mmaddp.datasets.nesting import first_settings
from mmaddp.models.selfsup import ADDP
from mmaddp.utils.config_types import type_name

Step = dict[str, Any]

# Transforms that change no pixel of a picture.
WITHOUT_EFFECT = ('Check', 'LoadAnnotations', 'Pack')
LOADERS = ('LoadRGBImage', 'LoadImageFromFile')
# What the hosts' preprocessors call it that they swap red and blue.
SWAPS = ('to_rgb', '_channel_conversion', 'channel_conversion')


def describe_input(model: BaseModel, config: Config) -> dict[str, Any]:
    """Describe what a network takes.

    Args:
        model (BaseModel): With a backbone.
        config (Config): Its ``test_dataloader`` says how pictures are prepared.

    Returns:
        dict: ``channels``, 'RGB' or 'BGR'; ``mean`` and ``std`` per channel of values in 0..255;
        ``size``, height and width in pixels that the encoder was trained with; ``divisor``, of
        which height and width are made multiples by zeros at the bottom and right, behind the
        normalisation; ``steps`` before the normalisation, see :func:`steps_of`, None where the
        config has one that is not known here; ``orientation``, whether that of EXIF is applied.
    """
    size = list(model.backbone.img_size)
    if isinstance(model, ADDP):
        fit = dict(step='cover', size=size, interpolation='bilinear', antialias=True)
        return dict(
            channels='RGB',
            mean=_values(255 * model.pixel_mean),
            std=_values(255 * model.pixel_std),
            size=size,
            divisor=1,
            steps=[fit],
            orientation=True,
        )
    pipeline = _pipeline(config)
    loader: Step = next((step for step in pipeline if type_name(step) in LOADERS), {})
    is_rgb, ignores = type_name(loader) == 'LoadRGBImage', loader.get('ignore_orientation', False)
    preprocessor = model.data_preprocessor
    swaps = any(getattr(preprocessor, name, False) for name in SWAPS)
    mean = getattr(preprocessor, 'mean', None)
    return dict(
        channels='RGB' if is_rgb != swaps else 'BGR',
        mean=[0.0] * 3 if mean is None else _values(mean),
        std=[1.0] * 3 if mean is None else _values(preprocessor.std),
        size=size,
        divisor=_divisor(preprocessor),
        steps=steps_of(pipeline),
        orientation=not (ignores or 'ignore_orientation' in loader.get('color_type', '')),
    )


def steps_of(pipeline: list) -> Optional[list[Step]]:
    """Describe what a pipeline does with the pixels of a picture.

    Args:
        pipeline (list): Settings of transforms.

    Returns:
        list[dict], optional: Each with ``step``: 'edge' (``edge`` 'short', 'long', 'width' or
        'height' becomes ``length``), 'fit' (within ``long`` and ``short``, aspect kept), 'resize'
        (to ``size``, height and width) or 'crop' (the centre, of ``size``); the first three with
        ``interpolation`` and ``antialias``, whether it averages over what it shrinks. None for a
        pipeline with another transform.
    """
    steps = list(_steps(pipeline))
    return None if None in steps else [step for step in steps if step is not None]


def _steps(pipeline: list) -> Iterator[Optional[Step]]:
    for step in pipeline:
        kind = type_name(step)
        if kind in LOADERS or kind.startswith(WITHOUT_EFFECT):
            continue
        how = dict(
            interpolation=step.get('interpolation', 'bilinear'),
            antialias=step.get('backend', 'cv2') == 'pillow',
        )
        if kind == 'ResizeEdge':
            yield dict(step='edge', edge=step.get('edge', 'short'), length=step['scale'], **how)
        elif kind == 'Resize' and step.get('scale') is not None:
            yield _resize(step, how)
        elif kind == 'CenterCrop' and not step.get('auto_pad'):
            yield dict(step='crop', size=_height_and_width(step['crop_size']))
        else:
            yield None


def _resize(step: Mapping, how: Step) -> Step:
    size = _height_and_width(step['scale'])
    if step.get('keep_ratio'):
        return dict(step='fit', long=max(size), short=min(size), **how)
    return dict(step='resize', size=size, **how)


def _height_and_width(size: Any) -> list[int]:
    """From (width, height), as mmcv has it, or the side of a square."""
    width, height = (size, size) if isinstance(size, int) else size
    return [int(height), int(width)]


def _pipeline(config: Config) -> list:
    loader = config.get('test_dataloader')
    if loader is None:
        raise ValueError(
            f'{config.filename or "The config"} has no test_dataloader: its pipeline says how '
            'pictures are prepared for the model.'
        )
    return first_settings(loader.dataset)['pipeline']


def _divisor(preprocessor: Any) -> int:
    """Of what height and width of a picture are made multiples."""
    padding = getattr(preprocessor, 'test_cfg', None) or {}
    return int(padding.get('size_divisor') or getattr(preprocessor, 'pad_size_divisor', 1) or 1)


def _values(numbers: Any) -> list[float]:
    values = [float(value) for value in numbers.flatten()]
    return values * 3 if len(values) == 1 else values
