"""Trainings of every kind that take seconds on a CPU, in several forms, to try the machinery."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Union

# Kind of training -> configuration that the package carries.
TOYS = dict(
    tokenizer='mmaddp::toy/vqgan-f8-w8-gan_1xb8-3e_digits-32px.py',
    predictor='mmaddp::toy/mage-w16_1xb8-3e_digits-32px.py',
    addp='mmaddp::toy/addp-vit-w16-p8_1xb8-3e_digits-32px.py',
    classification='mmaddp::toy/classifier-vit-w16-p8_scratch_1xb8-3e_digits-32px.py',
    detection='mmaddp::toy/mask-rcnn-vit-w16-p8_1xb2-12i_digit-scenes.py',
    segmentation='mmaddp::toy/upernet-vit-w16-p8_1xb2-12i_digit-scenes.py',
)
ON_SCENES = ('detection', 'segmentation')
STEPS_PER_EPOCH = 4
SCENES = dict(train=8, val=4)


@dataclass(frozen=True)
class ToyForm:
    """How a toy is trained.

    Attributes:
        by_iteration (bool): Count iterations instead of epochs. Defaults to False.
        num_workers (int): Processes that load data. Defaults to 0.
        accumulate (int): Batches per update. Defaults to 1.
        ema (bool): Average the weights. Defaults to False.
        epochs (int): Length, in epochs of four steps. Defaults to 3.
    """

    by_iteration: bool = False
    num_workers: int = 0
    accumulate: int = 1
    ema: bool = False
    epochs: int = 3

    def __str__(self) -> str:
        parts = ['by iteration' if self.by_iteration else 'by epoch', f'{self.num_workers} workers']
        parts += [f'accumulates {self.accumulate}'] * (self.accumulate > 1) + ['EMA'] * self.ema
        return ', '.join(parts)


def make_toy_data(folder: Union[str, Path]) -> Path:
    """Make the digits and scenes of the toys; a complete folder is left as it is.

    Args:
        folder (str | Path): The folder to make.

    Returns:
        Path: The folder.
    """
    from mmaddp.datasets.preparation.pipeline import prepare
    from mmaddp.datasets.preparation.sources import load_digits_source

    prepare(Path(folder), load_digits_source(), 'digits', 32, 64, SCENES)
    return Path(folder)


def toy_options(kind: str, data: Union[str, Path], form: ToyForm = ToyForm()) -> dict[str, Any]:
    """What a toy's configuration is changed by, as ``cfg_options``.

    Args:
        kind (str): A key of :data:`TOYS`.
        data (str | Path): Folder that :func:`make_toy_data` has made.
        form (ToyForm): How it is trained. Defaults to that of its configuration.

    Returns:
        dict[str, Any]: Settings by dotted name.
    """
    length = _by_iteration(form) if form.by_iteration else _by_epoch(kind, form)
    options = _data(kind, Path(data).absolute()) | length | _schedule(kind, form)
    options['train_dataloader.num_workers'] = form.num_workers
    options['train_dataloader.persistent_workers'] = form.num_workers > 0
    parts = ('generator.', 'discriminator.') if kind == 'tokenizer' else ('',)
    for part in parts:
        options[f'optim_wrapper.{part}accumulative_counts'] = form.accumulate
    if form.ema:
        options['custom_hooks'] = [dict(type='EMAHook', momentum=0.1)]
    return options


def _data(kind: str, data: Path) -> dict[str, Any]:
    folders = dict(detection='detection', segmentation='segmentation')
    root = f'{data / folders.get(kind, "classification")}/'
    place = 'dataset' if kind in ON_SCENES else 'dataset.dataset'
    splits = ('train',) if kind == 'addp' else ('train', 'val', 'test')
    options = {f'{split}_dataloader.{place}.data_root': root for split in splits}
    if kind == 'detection':
        truth = f'{root}annotations/instances_val.json'
        options |= {f'{split}_evaluator.ann_file': truth for split in ('val', 'test')}
    return options


def _by_iteration(form: ToyForm) -> dict[str, Any]:
    """Checkpoints in the middle of an epoch and, where batches are accumulated, of an update."""
    steps = form.epochs * STEPS_PER_EPOCH
    loop = dict(type='IterBasedTrainLoop', max_iters=steps, val_interval=STEPS_PER_EPOCH)
    return {
        'train_cfg': dict(_delete_=True, **loop),
        'log_processor.by_epoch': False,
        'default_hooks.logger.log_metric_by_epoch': False,
        'default_hooks.checkpoint.by_epoch': False,
        'default_hooks.checkpoint.interval': STEPS_PER_EPOCH + 1,
    }


def _by_epoch(kind: str, form: ToyForm) -> dict[str, Any]:
    options = {
        'train_cfg': dict(
            _delete_=True, type='EpochBasedTrainLoop', max_epochs=form.epochs, val_interval=1
        ),
        'log_processor.by_epoch': True,
        'default_hooks.logger.log_metric_by_epoch': True,
        'default_hooks.checkpoint.by_epoch': True,
        'default_hooks.checkpoint.interval': 1,
    }
    if kind in ON_SCENES:  # theirs is endless
        sampler = dict(_delete_=True, type='mmaddp.SeededSampler', shuffle=True)
        options['train_dataloader.sampler'] = sampler
    return options


def _schedule(kind: str, form: ToyForm) -> dict[str, Any]:
    steps = form.epochs * STEPS_PER_EPOCH
    if kind in ON_SCENES:
        return {'param_scheduler.1.end': steps}
    if not form.by_iteration:
        return {}
    schedule = dict(type='mmaddp.WarmupCosineLR', warmup=STEPS_PER_EPOCH, by_epoch=False)
    return {'param_scheduler': dict(_delete_=True, end=steps, **schedule)}
