"""Start of a distributed run: addresses, ports, termination, and machines without a GPU."""

import copy
import os
import re
import warnings

import torch
from mmengine.config import Config
from mmengine.device import get_device
from mmengine.dist import is_distributed

from mmaddp.utils.processes import end_with_parent

# Below the range that Linux assigns to outgoing connections.
_FIRST_PORT, _NUM_PORTS = 15000, 15000


def prepare_launch(cfg: Config) -> Config:
    """Make a distributed launch end with its launcher, and work on CPUs and under Slurm.

    A process that torchrun has started ends when torchrun is gone. mmengine asks ``scontrol`` for
    the first host and takes one port for all of Slurm's jobs: both are set here before it looks.

    mmengine selects a CUDA device whatever the backend is, and hands device ids to the
    distributed wrapper. Without a device the gloo group is made here, before the Runner, which
    then leaves it alone, and the wrapper is told that there are no ids. PyTorch synchronises batch
    norms on GPUs only: here each process has its own statistics, and a warning says so.

    Args:
        cfg (Config): With ``launcher``.

    Returns:
        Config: A copy where something had to change, else ``cfg`` itself.

    Raises:
        ValueError: The launcher has not set what it should, or does not work on CPUs.
    """
    launcher = cfg.get('launcher', 'none')
    if launcher == 'slurm' and not is_distributed():
        _environment_from_slurm()
    if launcher == 'pytorch' and 'TORCHELASTIC_RUN_ID' in os.environ:
        end_with_parent()
    if launcher == 'none' or get_device() != 'cpu':
        return cfg
    if not is_distributed():
        if launcher not in ('pytorch', 'slurm'):
            raise ValueError(
                f'Without a GPU the launchers are pytorch and slurm, got {launcher!r}.'
            )
        torch.distributed.init_process_group('gloo')
    cfg = copy.deepcopy(cfg)
    wrapper = dict(type='MMDistributedDataParallel', broadcast_buffers=False)
    wrapper['find_unused_parameters'] = cfg.get('find_unused_parameters', False)
    if cfg.get('sync_bn'):
        warnings.warn(
            'Without a GPU sync_bn is impossible: batch norms use the images of their own process.',
            stacklevel=2,
        )
        cfg.sync_bn = None
    cfg.model_wrapper_cfg = {**wrapper, **(cfg.get('model_wrapper_cfg') or {}), 'device_ids': None}
    return cfg


def _environment_from_slurm() -> None:
    """Set what torch's ``env://`` and mmengine read, from Slurm's variables."""
    values = {
        name: os.environ.get(f'SLURM_{source}')
        for name, source in dict(RANK='PROCID', WORLD_SIZE='NTASKS', LOCAL_RANK='LOCALID').items()
    }
    nodes = os.environ.get('SLURM_NODELIST') or os.environ.get('SLURM_JOB_NODELIST')
    if None in values.values() or not (nodes or 'MASTER_ADDR' in os.environ):
        raise ValueError(
            '--launcher slurm is for processes that srun has started: SLURM_PROCID, SLURM_NTASKS, '
            'SLURM_LOCALID and SLURM_NODELIST (or MASTER_ADDR) must be set. tools/slurm_train.sh '
            'does it; without Slurm, take tools/dist_train.sh.'
        )
    os.environ |= values
    # mmengine reads it even where MASTER_ADDR is set.
    os.environ.setdefault('SLURM_NODELIST', nodes or '')
    os.environ.setdefault('MASTER_ADDR', first_host(nodes or ''))
    os.environ.setdefault('MASTER_PORT', str(slurm_port()))


def first_host(nodes: str) -> str:
    """First host of Slurm's short form: 'rack[07-12,20]node[1-2],login' -> 'rack07node1'."""
    entry = re.match(r'(?:[^,\[]|\[[^\]]*\])*', nodes).group()
    return re.sub(r'\[([^\],-]*)[^\]]*\]', r'\1', entry)


def slurm_port() -> int:
    """A port derived from the job and step numbers, the same in all processes of a step."""
    job, step = (os.environ.get(f'SLURM_{name}', '0') for name in ('JOB_ID', 'STEP_ID'))
    number = int(job) * 7 + int(step) if job.isdigit() and step.isdigit() else 0
    return _FIRST_PORT + number % _NUM_PORTS
