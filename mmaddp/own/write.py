"""The configurations of a plan: short files that inherit those of ``configs/own/``."""

import math
import shlex
from collections.abc import Sequence
from pathlib import Path
from string import Template

from mmaddp.own.pixels import loader_text, resize_text
from mmaddp.own.plan import STAGES, Plan

# Epochs of configs/own/, part of their names.
EPOCHS = dict(tiny=200, small=200, base=400, large=400)
TOKENIZERS = dict(
    tiny='vqgan-tiny_1xb32-100e_pictures-64px',
    small='vqgan-small_1xb32-100e_pictures-128px',
    base='vqgan-base_1xb16-50e_pictures-256px',
    large='vqgan-base_1xb16-50e_pictures-256px',
)
# Channels of a tokenizer's levels over those of the first; as many as the patch needs are taken.
CHANNELS = dict(
    tiny=(1, 2, 4, 4, 4, 4),
    small=(1, 2, 2, 4, 4, 4),
    base=(1, 1, 2, 2, 4, 4),
    large=(1, 1, 2, 2, 4, 4),
)
# Learning rates of configs/own/ and the batch that they are for.
RATES = dict(
    tokenizer=dict(tiny=2e-3, small=1e-3, base=3e-4, large=3e-4),
    predictor=dict(tiny=2e-3, small=1e-3, base=3e-4, large=2e-4),
    addp=dict(tiny=1.4e-3, small=1e-3, base=3e-4, large=2e-4),
)
BASE_BATCH = dict(tokenizer=32, predictor=64, addp=64)
# A checkpoint about this often, in seconds.
SECONDS_BETWEEN_CHECKPOINTS = 60
STEPS_BETWEEN_LOG_LINES = 50
GENERATION_STEPS = 12

_HEAD = """\
# $what
# Written by mmaddp pretrain for $images; what you change here is used by the
# same command. This stage alone:
#   $command
_base_ = 'mmaddp::own/$base.py'
"""
_TRAINING = """\
optim_wrapper = dict(optimizer=dict(lr=$rate))
param_scheduler = dict(warmup=$warmup)
default_hooks = dict(logger=dict(interval=$log), checkpoint=dict(interval=$keep))
train_cfg = dict(max_epochs=$epochs$validation)
randomness = dict(seed=$seed)
"""
_TOKENIZER = """
train_pipeline = [
    $load,
    dict(
        type='RandomResizedCrop',
        scale=$side,
        crop_ratio_range=($crop, 1.0),
        $resize,
    ),
$flip    dict(type='PackInputs'),
]
val_pipeline = [
    $load,
    dict(type='ResizeEdge', scale=$side, edge='short', $resize),
    dict(type='CenterCrop', crop_size=$side),
    dict(type='PackInputs'),
]
train_dataloader = dict(
    batch_size=$batch,$epoch_length
    dataset=dict(dataset=dict(data_root=$train, pipeline=train_pipeline)),
)
val_dataloader = dict(dataset=dict(dataset=dict(data_root=$val, pipeline=val_pipeline)))
test_dataloader = val_dataloader

model = dict(
    tokenizer=dict(
        num_codes=$codes,
        channel_multipliers=$channels,$num_channels$from_tokenizer
    ),
    quantize_start=$quantize_start,
)
"""
_TOKENS = """
train_dataloader = dict(
    batch_size=$batch,$epoch_length
    dataset=dict(dataset=dict(data_root=$tokens, num_codes=$codes)),
)
"""
_PREDICTOR = """
tokenizer = $tokenizer

model = dict(
    tokenizer=dict(
        num_codes=$codes,
        channel_multipliers=$channels,$num_channels
        init_cfg=dict(checkpoint=tokenizer),
    ),
    token_predictor=dict(
        num_tokens=$num_tokens,$from_predictor
    ),
)
"""
_ADDP = """
tokenizer = $tokenizer
predictor = $predictor

model = dict(
    backbone=dict(
        img_size=$side,
        patch_size=$patch,$in_channels$from_backbone
    ),$pixels$from_decoder$from_head
    target_generator=dict(
        tokenizer=dict(
            num_codes=$codes,
            channel_multipliers=$channels,$num_channels
            init_cfg=dict(checkpoint=tokenizer),
        ),
        token_predictor=dict(init_cfg=dict(checkpoint=predictor)),
        grid_size=($grid, $grid),
    ),
    sampler=dict(num_steps=$num_steps),
)
"""
# What continues from earlier weights: name in the texts -> stage, prefix, form.
_WEIGHTS = (
    "init_cfg=dict(type='Pretrained', _scope_='mmaddp', checkpoint={file!r}, prefix='{part}.'),"
)
_PARTS = dict(
    from_tokenizer=('tokenizer', 'tokenizer', '\n        {weights}'),
    from_predictor=('predictor', 'token_predictor', '\n        {weights}'),
    from_backbone=('addp', 'backbone', '\n        {weights}'),
    from_decoder=('addp', 'neck', '\n    neck=dict(\n        {weights}\n    ),'),
    from_head=('addp', 'head', '\n    head=dict(\n        {weights}\n    ),'),
)
_BODIES = dict(tokenizer=_TOKENIZER, predictor=_TOKENS + _PREDICTOR, addp=_TOKENS + _ADDP)
_WHAT = dict(
    tokenizer='Tokenizer: $side pixels to $grid x $grid tokens of $codes codes.',
    predictor='Token predictor: MAGE on $grid x $grid tokens of $codes codes.',
    addp='ADDP: pictures of $side pixels, patches of $patch, $grid x $grid tokens.',
)


def config_text(
    stage: str, plan: Plan, out: Path, images: Path, seconds_per_epoch: float = math.inf
) -> str:
    """Configuration of a stage.

    Args:
        stage (str): One of ``STAGES``.
        plan (Plan): With epochs.
        out (Path): Folder of the whole pre-training, absolute.
        images (Path): Folder of the user's pictures, for the comment.
        seconds_per_epoch (float): For the interval of checkpoints. Defaults to infinity.
    """
    values = _values(stage, plan, out)
    every = max(1, int(SECONDS_BETWEEN_CHECKPOINTS / max(seconds_per_epoch, 1e-3)))
    epochs = plan.epochs[stage]
    val_interval = max(1, epochs // 10)
    values.update(
        images=_printable(str(images)),
        command=_printable(shlex.join(train_command(stage, out))),
        keep=min(every, epochs),
        validation=f', val_interval={val_interval}' if stage == 'tokenizer' else '',
    )
    values['what'] = Template(_WHAT[stage]).substitute(values)
    return Template(_HEAD + _BODIES[stage] + _TRAINING).substitute(values)


def train_command(stage: str, out: Path) -> list[str]:
    """Words of the command that trains a stage alone."""
    files = (str(config_file(stage, out)), '--work-dir', str(out / stage))
    return ['mmaddp', 'train', *files, '--resume']


def _printable(text: str) -> str:
    """In one line, and in UTF-8 even where the name of a file is not."""
    return ' '.join(text.split('\n')).encode(errors='backslashreplace').decode()


def _values(stage: str, plan: Plan, out: Path) -> dict[str, object]:
    """What the texts of all stages are filled with."""
    steps, batch = plan.steps(stage), plan.batch[stage]
    base = {
        'tokenizer': TOKENIZERS[plan.size],
        'predictor': f'mage-{plan.size}_1xb64-{EPOCHS[plan.size]}e_picture-tokens',
        'addp': f'addp-vit-{plan.size}_1xb64-{EPOCHS[plan.size]}e_picture-tokens',
    }
    rate = RATES[stage][plan.size] * math.sqrt(batch / BASE_BATCH[stage])
    return dict(
        base=base[stage],
        side=plan.resolution,
        grid=plan.grid,
        patch=plan.patch,
        codes=plan.num_codes,
        num_tokens=plan.grid**2,
        num_steps=min(GENERATION_STEPS, plan.grid**2),
        channels=_tuple(CHANNELS[plan.size][: int(math.log2(plan.patch)) + 1]),
        crop=plan.crop,
        **_pixels(plan),
        flip="    dict(type='RandomFlip', prob=0.5),\n" if plan.flip else '',
        quantize_start=None if plan.start else min(50, steps // 8),
        batch=batch,
        epoch_length=_epoch_length(stage, plan),
        rate=f'{rate:.2g}',
        warmup=max(1, plan.epochs[stage] // 20) if plan.epochs[stage] > 1 else 0,
        epochs=plan.epochs[stage],
        log=min(STEPS_BETWEEN_LOG_LINES, plan.steps_per_epoch(stage)),
        seed=plan.seed,
        train=repr(str(out / 'data' / 'train')),
        val=repr(str(out / 'data' / 'val')),
        tokens=repr(str(out / 'tokens' / 'cache')),
        tokenizer=repr(str(checkpoint_file('tokenizer', plan, out))),
        predictor=repr(str(checkpoint_file('predictor', plan, out))),
        **{name: _weights(plan, *part) for name, part in _PARTS.items()},
    )


def _epoch_length(stage: str, plan: Plan) -> str:
    """The setting that makes an epoch a part of the pictures, '' where it is all of them."""
    steps = plan.steps_per_epoch(stage)
    if steps == plan.steps_per_pass(stage):
        return ''
    return f'\n    sampler=dict(epoch_length={steps * plan.batch[stage]}),'


def _pixels(plan: Plan) -> dict[str, str]:
    """Settings of pictures; of RGB of 8 bits only how it is read."""
    pictures = (plan.channels, plan.value_range)
    levels = f'\n    pixel_mean=[{plan.pixel_mean}],\n    pixel_std=[{plan.pixel_std}],'
    value_range = f'\n    value_range={plan.value_range},'
    other = plan.channels != 3
    return dict(
        load=loader_text(*pictures),
        resize=resize_text(*pictures),
        num_channels=f' num_channels={plan.channels},' * other,
        in_channels=f'\n        in_channels={plan.channels},' * other,
        pixels=levels * (plan.pixel_mean is not None) + value_range * (pictures[1] is not None),
    )


def _weights(plan: Plan, stage: str, part: str, form: str) -> str:
    """The setting that loads a part of an earlier checkpoint, '' for a new model."""
    if not plan.start:
        return ''
    return form.format(weights=_WEIGHTS.format(file=plan.start[stage], part=part))


def config_file(stage: str, out: Path) -> Path:
    """Where the configuration of a stage lies."""
    return out / 'configs' / f'{stage}.py'


def checkpoint_file(stage: str, plan: Plan, out: Path) -> Path:
    """The last checkpoint of a stage, once it has been trained."""
    return out / stage / f'epoch_{plan.epochs[stage]}.pth'


def config_texts(
    plan: Plan, out: Path, images: Path, seconds_per_step: dict[str, float]
) -> dict[str, str]:
    """The configurations of all stages, by stage."""
    return {
        stage: config_text(
            stage, plan, out, images, seconds_per_step[stage] * plan.steps_per_epoch(stage)
        )
        for stage in STAGES
    }


def _tuple(values: Sequence[int]) -> str:
    return f'({", ".join(map(str, values))}{"," * (len(values) == 1)})'
