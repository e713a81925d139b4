"""Arguments that all tools with a configuration share."""

import argparse
from typing import Any

from mmengine.config import DictAction


def add_common_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments that :func:`config_arguments` hands on."""
    parser.add_argument('--work-dir', help='folder for logs and checkpoints')
    parser.add_argument(
        '--cfg-options',
        nargs='+',
        action=DictAction,
        default={},
        help='settings to override, as in a.b=1 c="[(1,2),(3,4)]"',
    )
    parser.add_argument(
        '--launcher',
        choices=['none', 'pytorch', 'slurm', 'mpi'],
        default='none',
        help='what started the processes of a distributed run; default none',
    )
    # torch.distributed.launch passes --local-rank.
    parser.add_argument('--local_rank', '--local-rank', type=int, default=0, help=argparse.SUPPRESS)


def config_arguments(args: argparse.Namespace) -> dict[str, Any]:
    """Arguments of :func:`mmaddp.run.config.read_config` from those of a command line."""
    names = ('config', 'cfg_options', 'work_dir', 'launcher', 'local_rank')
    return {name: getattr(args, name) for name in names}
