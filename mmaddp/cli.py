"""The console command: ``mmaddp COMMAND ...`` runs the tool of that name with its options."""

import sys
from collections.abc import Mapping, Sequence
from importlib.util import module_from_spec, spec_from_file_location
from typing import Optional

from mmaddp.run.commands import COMMANDS, PROGRAM, Command
from mmaddp.run.nearest import nearest
from mmaddp.utils.carried import carried
from mmaddp.version import __version__

ABOUT = """ADDP on the OpenMMLab stack: pre-training for recognition and generation.

  mmaddp train mmaddp::quickstart/vqgan-f8_1xb32-7e_digits-32px.py --dry-run

mmaddp COMMAND --help shows the options of a command, with an example."""
# Status of a command line that cannot be understood, as everywhere.
MISUSED = 2


def main(words: Optional[Sequence[str]] = None) -> int:
    """Run a sub-command.

    Args:
        words (Sequence[str], optional): Command line without the program. Defaults to that of the
            process.

    Returns:
        int: Exit status: 0 if all went well, 2 for an unknown command.
    """
    given = list(sys.argv[1:] if words is None else words)
    if given == ['--version']:
        print(f'{PROGRAM} {__version__}')
        return 0
    for count in (1, 2):
        name = ' '.join(given[:count])
        if name in COMMANDS:
            return _run(name, given[count:])
    return _explain(given)


def _run(name: str, arguments: Sequence[str]) -> int:
    """Run the tool of a sub-command, which reads ``sys.argv`` as in a process of its own."""
    file = carried('tools') / COMMANDS[name].tool
    spec = spec_from_file_location(f'{PROGRAM}_tool_{file.stem}', file)
    tool = module_from_spec(spec)
    sys.modules[spec.name] = tool
    before = sys.argv
    sys.argv = [f'{PROGRAM} {name}', *arguments]
    try:
        spec.loader.exec_module(tool)
        return tool.main() or 0
    finally:
        sys.argv = before


def _explain(given: Sequence[str]) -> int:
    """Show the commands, or say which one may have been meant."""
    groups = {name.partition(' ')[0] for name in COMMANDS if ' ' in name}
    group = f'{given[0]} ' if given and given[0] in groups else ''
    commands = {name: each for name, each in COMMANDS.items() if name.startswith(group)}
    rest = given[1:] if group else given
    if rest and rest[0] in ('-h', '--help'):
        print(_overview(commands))
        return 0
    if not rest:
        print(_overview(commands), file=sys.stderr)
        return MISUSED
    wrong = group + rest[0]
    hint = nearest(wrong, {*commands, *(groups if not group else ())})
    listed = f'{PROGRAM} {group}--help lists all'
    print(f'{PROGRAM}: there is no command {wrong!r}{hint}; {listed}', file=sys.stderr)
    return MISUSED


def _overview(commands: Mapping[str, Command]) -> str:
    width = max(map(len, commands))
    lines = [f'  {name:{width}}  {command.summary}' for name, command in commands.items()]
    return '\n'.join([f'usage: {PROGRAM} COMMAND ...', '', ABOUT, '', 'commands:', *lines])
