"""Resuming on another number of processes, with the images per update of the checkpoint."""

from typing import Optional

from mmengine.config import Config

from mmaddp.engine.images_per_update import described, images_per_batch
from mmaddp.run.total_batch import divide_batch
from mmaddp.weights.latest import find_checkpoint
from mmaddp.weights.position_state import POSITION, position_problems
from mmaddp.weights.untrusted import read_torch_file


def keep_batch(cfg: Config) -> str:
    """Divide the batch of the checkpoint that is resumed among the processes of this run.

    Where they hold fewer images at a time than it has, each takes its part in several passes. An
    iteration stays an update of the same images, so that schedules, intervals and lengths stay as
    they are.

    Args:
        cfg (Config): The run's configuration with ``resume``; it is changed in place.

    Returns:
        str: What was done, for the log.

    Raises:
        ValueError: The checkpoint does not tell its batch, or it cannot be divided.
    """
    source = resumed_checkpoint(cfg)
    if source is None:
        return '--keep-batch: there is no checkpoint yet, so the batch is the configured one.'
    position = read_torch_file(source, on_disk=True).get(POSITION)
    if position is None or list(position_problems(position, None)) or not position['batch_size']:
        raise ValueError(
            f'{source} does not tell with how many images it was trained, as those of mmengine and '
            'of mmaddp before 0.3: leave --keep-batch out and use as many processes as before.'
        )
    cfg.load_from = source  # found once
    done = divide_batch(cfg, images_per_batch(position), '--keep-batch')
    return f'--keep-batch: {described(position)} before; now {done}.'


def resumed_checkpoint(cfg: Config) -> Optional[str]:
    """The checkpoint that a run will resume from; None if it resumes from none."""
    if not cfg.get('resume'):
        return None
    found = cfg.get('load_from') or find_checkpoint(cfg.work_dir)
    return None if found is None else str(found)
