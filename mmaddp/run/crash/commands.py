"""The commands of several stages that are killed, on embedded pictures."""

from pathlib import Path

import torch
from mmengine.registry import init_default_scope

from mmaddp.registry import MODELS
from mmaddp.run.config import read_config
from mmaddp.run.toys import TOYS
from mmaddp.utils.atomic import write_text
from mmaddp.utils.carried import carried

COMMANDS = ('pretrain', 'finetune')
BUDGETS = dict(pretrain='3m', finetune='40s')


def command_words(name: str, data: Path, folder: Path) -> list[str]:
    """Words of a command, without Python itself.

    Args:
        name (str): One of ``COMMANDS``.
        data (Path): Folder that :func:`mmaddp.run.toys.make_toy_data` has made.
        folder (Path): For what the command writes and reads; it is made.

    Returns:
        list[str]: Tool and arguments, ``--out`` last.
    """
    folder.mkdir(parents=True, exist_ok=True)
    pictures = str(data / 'classification' / 'val')
    words = [str(carried('tools') / f'{name}.py'), pictures]
    words += ['--budget', BUDGETS[name], '--device', 'cpu']
    if name == 'finetune':
        encoder = untrained_encoder(folder / 'encoder')
        words += ['--task', 'classify', '--from', str(encoder)]
    return [*words, '--out', str(folder / 'out')]


def untrained_encoder(folder: Path) -> Path:
    """Write a toy ADDP that was never trained as a pre-training leaves it.

    Args:
        folder (Path): A new folder.

    Returns:
        Path: The folder.
    """
    write_text(folder / 'addp.py', f'_base_ = {TOYS["addp"]!r}\n')
    config = read_config(folder / 'addp.py')
    init_default_scope(config.default_scope)
    torch.manual_seed(0)
    model = MODELS.build(config.model)
    torch.save(dict(state_dict=model.state_dict(), meta={}), folder / 'epoch_1.pth')
    write_text(folder / 'last_checkpoint', 'epoch_1.pth')
    return folder
