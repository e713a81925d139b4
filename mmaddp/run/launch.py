"""Start of a distributed run on machines without an accelerator."""

import copy
import os
import subprocess
import warnings

import torch
from mmengine.config import Config
from mmengine.device import get_device
from mmengine.dist import is_distributed

_DEFAULT_PORT = '29500'


def prepare_launch(cfg: Config) -> Config:
    """Make a distributed launch work on CPUs; change nothing elsewhere.

    mmengine selects a CUDA device whatever the backend is, and hands device ids to the
    distributed wrapper. Without a device the gloo group is made here, before the Runner, which
    then leaves it alone, and the wrapper is told that there are no ids. PyTorch synchronises batch
    norms on GPUs only: here each process has its own statistics, and a warning says so.

    Args:
        cfg (Config): With ``launcher``.

    Returns:
        Config: A copy where something had to change, else ``cfg`` itself.
    """
    launcher = cfg.get('launcher', 'none')
    if launcher == 'none' or get_device() != 'cpu':
        return cfg
    if not is_distributed():
        if launcher == 'slurm':
            _environment_from_slurm()
        elif launcher != 'pytorch':
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
    """Set what torch's ``env://`` reads from what Slurm says, as mmengine does for GPUs."""
    if 'MASTER_ADDR' not in os.environ:
        nodes = os.environ['SLURM_NODELIST']
        hosts = subprocess.run(
            ['scontrol', 'show', 'hostname', nodes], check=True, capture_output=True, text=True
        )
        os.environ['MASTER_ADDR'] = hosts.stdout.split()[0]
    os.environ.setdefault('MASTER_PORT', _DEFAULT_PORT)
    os.environ['RANK'] = os.environ['SLURM_PROCID']
    os.environ['WORLD_SIZE'] = os.environ['SLURM_NTASKS']
    os.environ['LOCAL_RANK'] = os.environ['SLURM_LOCALID']
