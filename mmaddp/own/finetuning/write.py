"""The configuration of a fine-tuning: a short file over one that ships."""

import math
import shlex
from collections.abc import Mapping
from pathlib import Path
from string import Template

from mmaddp.own.finetuning.coco_data import CocoData
from mmaddp.own.finetuning.encoder import Encoder
from mmaddp.own.finetuning.labelled import SPLITS, Labelled
from mmaddp.own.finetuning.map_data import MapData
from mmaddp.own.finetuning.plan import Plan
from mmaddp.own.finetuning.texts import BASES, BODIES, END, HEAD, MASKS, NO_MASKS
from mmaddp.own.pixels import loader_text, resize_text
from mmaddp.own.write import SECONDS_BETWEEN_CHECKPOINTS, STEPS_BETWEEN_LOG_LINES

NAMES = dict(classify='Classifier', detect='Detector', segment='Segmentor')


def config_file(out: Path) -> Path:
    """Where the configuration lies."""
    return out / 'configs' / 'finetune.py'


def train_command(out: Path) -> list[str]:
    """Words of the command that trains alone."""
    work_dir = ('--work-dir', str(out / 'train'))
    return ['mmaddp', 'train', str(config_file(out)), *work_dir, '--resume']


def config_text(
    found: Labelled, encoder: Encoder, plan: Plan, out: Path, seconds_per_step: float = math.inf
) -> str:
    """Configuration of a fine-tuning.

    Args:
        found (Labelled): The pictures.
        encoder (Encoder): What it starts from.
        plan (Plan): With its length.
        out (Path): Folder of the whole fine-tuning, absolute.
        seconds_per_step (float): For the interval of checkpoints. Defaults to infinity.
    """
    values = _lists(found, plan, out) | _sizes(encoder, plan) | _length(plan, seconds_per_step)
    values |= dict(
        what=f'{NAMES[plan.task]} of {len(found.classes)} classes.',
        command=' '.join(shlex.join(train_command(out)).splitlines()),
        base=BASES[plan.task],
        classes=repr(found.classes),
        flip="    dict(type='RandomFlip', prob=0.5),\n" if found.flip else '',
        seed=plan.seed,
    )
    if isinstance(found, CocoData):
        values |= _detection(found, encoder)
    if isinstance(found, MapData):
        values |= _segmentation(found, encoder, plan)
    return Template(HEAD + BODIES[plan.task] + END).substitute(values)


def _lists(found: Labelled, plan: Plan, out: Path) -> dict[str, object]:
    """Where pictures and labels lie."""
    suffix = 'json' if plan.task == 'detect' else 'txt'
    files = {split: repr(str(out / 'data' / f'{split}.{suffix}')) for split in SPLITS}
    return dict(data=repr(str(found.folder)), **files)


def _sizes(encoder: Encoder, plan: Plan) -> dict[str, object]:
    """Encoder, input and rates."""
    left_over = [r'ln1\.'] if plan.pre_norm else [r'pre_norm\.', r'ln1\.']
    return dict(
        checkpoint=repr(encoder.checkpoint),
        pre_norm=plan.pre_norm,
        left_over=left_over,
        arch=_arch(encoder),
        img_size=encoder.img_size,
        patch=encoder.patch_size,
        grid=encoder.grid,
        width=encoder.width,
        side=plan.side,
        batch=plan.batch,
        rate=f'{plan.rate:g}',
        layer_decay=plan.layer_decay,
        drop_path=plan.drop_path,
        **_pixels(encoder, plan),
    )


def _pixels(encoder: Encoder, plan: Plan) -> dict[str, str]:
    """How pictures are read; the host's own way for RGB of 8 bits in detection, segmentation."""
    pictures = (encoder.channels, encoder.value_range)
    load, levels = loader_text(*pictures), ''
    read = "    dict(type='mmaddp.CheckImageFile'),\n    dict(type='LoadImageFromFile'),\n"
    if encoder.pixel_mean and encoder.pixel_std:
        for name, values in dict(mean=encoder.pixel_mean, std=encoder.pixel_std).items():
            levels += f', {name}={[round(255 * value, 3) for value in values]}'
    if not encoder.is_plain:
        read = f'    {load},\n'
        levels += ', to_rgb=False' if plan.task == 'classify' else ', bgr_to_rgb=False'
    return dict(
        load=load,
        read=read,
        levels=levels,
        resize=resize_text(*pictures),
        in_channels=f'\n        in_channels={encoder.channels},' * (encoder.channels != 3),
        distort="    dict(type='PhotoMetricDistortion'),\n" * encoder.is_plain,
    )


def _length(plan: Plan, seconds_per_step: float) -> dict[str, object]:
    """Epochs, steps, and what happens every so many of them."""
    keep = max(1, int(SECONDS_BETWEEN_CHECKPOINTS / max(seconds_per_step, 1e-6)))
    # mmpretrain counts steps for its log within an epoch.
    longest = plan.steps_per_epoch if plan.task == 'classify' else max(1, plan.steps // 4)
    return dict(
        epochs=plan.epochs,
        steps=plan.steps,
        warmup=max(1, plan.epochs // 20) if plan.epochs > 1 else 0,
        warmup_steps=max(1, plan.steps // 20),
        log=min(STEPS_BETWEEN_LOG_LINES, longest),
        keep_steps=min(keep, plan.steps),
        keep_epochs=min(max(1, keep // plan.steps_per_epoch), plan.epochs),
    )


def _arch(encoder: Encoder) -> str:
    if isinstance(encoder.arch, Mapping):
        return repr(dict(_delete_=True, **encoder.arch))
    return repr(encoder.arch)


def _detection(found: CocoData, encoder: Encoder) -> dict[str, object]:
    """Pyramid from a stride of 4 pixels, or half a patch, on; windows; with masks or without."""
    patch = encoder.patch_size
    scales = (4, 2, 1, 0.5) if patch >= 16 else (2, 1, 0.5)
    last = (encoder.depth - 1,)
    without = "\n    type='FasterRCNN',"
    return dict(
        scales=scales,
        strides=[int(patch / scale) for scale in scales],
        joined=None if encoder.depth % 4 == 0 and encoder.depth > 4 else last,
        with_mask=found.with_mask,
        metric=['bbox', 'segm'] if found.with_mask else ['bbox'],
        detector='' if found.with_mask else without,
        masks=MASKS if found.with_mask else NO_MASKS,
    )


def _segmentation(found: MapData, encoder: Encoder, plan: Plan) -> dict[str, object]:
    """Crops of twice the size of pre-training, or the whole input; taps at the quarters."""
    crop = min(plan.side, 2 * encoder.img_size)
    taps = [max(0, math.ceil(encoder.depth * quarter / 4) - 1) for quarter in (1, 2, 3, 4)]
    loss = 1 / (plan.batch * crop**2 * found.mean_weight())
    return dict(
        weights=found.weights(),
        loss=f'{loss:.2g}',
        auxiliary_loss=f'{0.4 * loss:.2g}',
        data=repr(str(found.root)),
        suffix=repr(found.suffix),
        crop=crop,
        stride=2 * crop // 3,
        long=4 * plan.side,
        taps=tuple(taps),
    )
