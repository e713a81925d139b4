"""The folder of a training, or of a test, as mmengine leaves it."""

import math
import re
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any, Optional

from mmaddp.run.runs.record import FINISHED, RUNNING, STOPPED, Record
from mmaddp.run.runs.scalars import is_count, is_number, logged_scalars
from mmaddp.run.runs.settings import read_settings, setting
from mmaddp.utils.checkpoint_names import STEP
from mmaddp.utils.folder_lock import is_locked

# What mmengine calls the folder of a start.
START = re.compile(r'\d{8}_\d{6}')
TASKS = dict(
    ADDP='pre-training',
    MAGE='token predictor',
    VQGANTraining='tokenizer',
    ImageClassifier='classification',
)
HOST_TASKS = dict(mmdet='detection', mmseg='segmentation')
# What judges a training: the first of these that it has logged, and that its best checkpoint goes
# by before all others. The larger, the better.
FIGURES = (
    *('accuracy/top1', 'coco/bbox_mAP', 'mIoU', 'tokenizer/psnr', 'masked_token/acc_50'),
    *('insight/knn', 'masked_acc', 'psnr'),
)
LENGTHS = ('max_epochs', 'max_iters')
_STAMP = re.compile(rb'^(\d{4}/\d\d/\d\d \d\d:\d\d:\d\d) - ', re.MULTILINE)
_PACKAGE = re.compile(rb'^ *(PyTorch|MMEngine): *(\S+)', re.MULTILINE)
_SEED = re.compile(rb'^ *seed: *(\d+)', re.MULTILINE)
_HEAD, _TAIL = 2**14, 2**13

Damaged = Callable[[str], Any]


def is_training(folder: Path, subfolders: list[str]) -> bool:
    """Whether mmengine has started in a folder."""
    return any(
        START.fullmatch(name) and (folder / name / 'vis_data').is_dir() for name in subfolders
    )


def read_training(folder: Path, name: str, damaged: Damaged) -> Record:
    """Read what a training has left.

    Args:
        folder (Path): Its folder.
        name (str): What to call it.
        damaged (Callable): Called with a message for each file that cannot be read.
    """
    settings = _newest_settings(folder, damaged)
    config = max(folder.glob('*.py'), key=lambda file: file.stat().st_mtime, default=None)
    record = Record(folder, name, _task(settings), config.name if config else None)
    seed = setting(settings, 'randomness.seed')
    record.seed = seed if isinstance(seed, int) else None
    epoch = _read_scalars(record, setting(settings, 'default_hooks.checkpoint.save_best'), damaged)
    _read_logs(record, damaged)
    _set_state(record, setting(settings, 'train_cfg'), epoch)
    return record


def _newest_settings(folder: Path, damaged: Damaged) -> dict[str, Any]:
    for file in sorted(folder.glob('*/vis_data/config.py'), reverse=True):
        try:
            return read_settings(file)
        except (OSError, ValueError) as error:
            damaged(f'{file}: {error}')
    return {}


def _task(settings: dict[str, Any]) -> str:
    kind = str(setting(settings, 'model.type') or '').rpartition('.')[2]
    return TASKS.get(kind) or HOST_TASKS.get(str(settings.get('default_scope')), 'unknown')


def _read_scalars(record: Record, save_best: Any, damaged: Damaged) -> int:
    """Fill in last loss, best figure and last step; return the last epoch that was logged."""
    best: dict[str, float] = {}
    epoch = 0
    for entry in logged_scalars(record.folder, damaged):
        if is_number(entry.get('loss')):
            record.loss = entry['loss']
        if is_count(entry.get('step')) and 'iter' in entry:
            record.step = entry['step']
        epoch = entry['epoch'] if is_count(entry.get('epoch')) else epoch
        for name, value in entry.items():
            if is_number(value) and math.isfinite(value):
                best[name] = max(value, best.get(name, value))
    for name in (save_best, *FIGURES):
        if isinstance(name, str) and name in best:
            record.figure, record.best = name, best[name]
            break
    return epoch


def _read_logs(record: Record, damaged: Damaged) -> None:
    """Fill in times, versions and the seed."""
    total, found = 0.0, False
    for file in sorted(record.folder.glob('*/*.log')):
        try:
            head, tail = _ends(file)
        except OSError as error:
            damaged(f'{file}: {error}')
            continue
        stamps = [_time(stamp) for stamp in _STAMP.findall(head) + _STAMP.findall(tail)]
        times = [time for time in stamps if time is not None]
        if not times:
            continue
        found, total = True, total + (times[-1] - times[0]).total_seconds()
        record.started = record.started or times[0].isoformat()
        packages = {
            name.decode().lower(): value.decode('utf-8', 'replace')
            for name, value in _PACKAGE.findall(head)
        }
        record.versions = packages or record.versions
        seed = _SEED.search(head)
        record.seed = int(seed[1]) if seed and record.seed is None else record.seed
    record.seconds = total if found else None


def _ends(file: Path) -> tuple[bytes, bytes]:
    with file.open('rb') as stream:
        head = stream.read(_HEAD)
        stream.seek(max(0, file.stat().st_size - _TAIL))
        return head, stream.read()


def _time(stamp: bytes) -> Optional[datetime]:
    try:
        return datetime.strptime(stamp.decode(), '%Y/%m/%d %H:%M:%S')
    except ValueError:
        return None


def _set_state(record: Record, train_cfg: Any, epoch: int) -> None:
    """Say how far the training has come: by its checkpoints, its log and its lock."""
    names = (STEP.fullmatch(path.name) for path in record.folder.iterdir())
    saved = [(found[1], int(found[2])) for found in names if found]
    lengths = (setting(dict(train_cfg=train_cfg), f'train_cfg.{key}') for key in LENGTHS)
    epochs, steps = (length if is_count(length) else None for length in lengths)
    done = max(
        (number for kind, number in saved if kind == ('epoch' if epochs else 'iter')), default=0
    )
    if epochs:
        record.place = f'epoch {max(epoch, done)} of {epochs}'
        record.place += '' if record.step is None else f', step {record.step}'
    elif steps:
        done = max(done, record.step or 0)
        record.place = f'step {done} of {steps}'
    elif record.step is not None:
        record.place = f'step {record.step}'
    whole = epochs or steps
    finished = whole is not None and done >= whole
    tested = not whole and record.figure is not None
    record.state = FINISHED if finished or tested else STOPPED
    if is_locked(record.folder):
        record.state = RUNNING
