"""The command line arguments that all tools share; no host is imported here, so help is quick."""

import argparse
import os
import re
from pathlib import Path
from typing import Any, NoReturn

from mmaddp.run.commands import as_typed
from mmaddp.run.option_values import ConfigOptions


class ToolParser(argparse.ArgumentParser):
    """Parser of a tool, whose help is the tool's docstring and whose errors are one line.

    Args:
        doc (str): Docstring of the tool, with an example.
    """

    def __init__(self, doc: str) -> None:
        super().__init__(
            description=as_typed(doc.strip()),
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        self.add_argument(
            '--traceback', action='store_true', help='show where in the code an error comes from'
        )

    def error(self, message: str) -> NoReturn:
        """End the tool with one line and status 1."""
        message = re.sub(r'^argument (\S+): ', r'\1 ', message)
        self.exit(1, f'{Path(self.prog).stem}: {message} ({self.prog} --help shows all options)\n')


def add_options_argument(parser: argparse.ArgumentParser) -> None:
    """Add ``--cfg-options``."""
    parser.add_argument(
        '--cfg-options',
        nargs='+',
        action=ConfigOptions,
        default={},
        metavar='KEY=VALUE',
        help='settings to override, as in a.b=1 \'c=[(1,2),(3,4)]\' "data_root=~/my pictures"',
    )


def add_common_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments that :func:`config_arguments` hands on, ``config`` excepted."""
    parser.add_argument(
        '--work-dir', type=os.path.expanduser, help='folder for logs and checkpoints'
    )
    add_options_argument(parser)
    add_launcher_arguments(parser)


def add_launcher_arguments(parser: argparse.ArgumentParser) -> None:
    """Add ``--launcher``, and what ``torch.distributed.launch`` passes."""
    parser.add_argument(
        '--launcher',
        choices=['none', 'pytorch', 'slurm', 'mpi'],
        default='none',
        help='what started the processes of a distributed run; default none',
    )
    # torch.distributed.launch passes --local-rank.
    parser.add_argument('--local_rank', '--local-rank', type=int, default=0, help=argparse.SUPPRESS)


def config_arguments(args: argparse.Namespace) -> dict[str, Any]:
    """Arguments of :func:`mmaddp.run.config.read_config`, taken from a command line."""
    names = ('config', 'cfg_options', 'work_dir', 'launcher', 'local_rank')
    return {name: getattr(args, name) for name in names}
