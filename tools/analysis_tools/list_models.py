"""List released weights and configs: task, size, published figures, ours, weights here or not.

    python tools/analysis_tools/list_models.py
    python tools/analysis_tools/list_models.py --task detection --size large
    python tools/analysis_tools/list_models.py '*addp-1600e-pre*' --json
    python tools/analysis_tools/list_models.py --configs quickstart

Published figures are those of the papers and releases; "not run" means that we have not repeated
them. Get weights with python tools/download_weights.py NAME. In Python, mmaddp.list_models() gives
the same, and mmaddp.load(NAME) loads released weights.
"""

import argparse
import json
import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[2]))

from mmaddp.run.arguments import ToolParser
from mmaddp.run.commands import as_typed
from mmaddp.run.model_list import CONFIG, WEIGHTS, list_configs, list_models
from mmaddp.run.nearest import nearest
from mmaddp.run.user_errors import user_errors


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = ToolParser(__doc__)
    parser.add_argument(
        'pattern', nargs='?', default='', help='part of the name, or a pattern of the whole name'
    )
    parser.add_argument('--task', default='', help='part of the task, as in detection')
    parser.add_argument('--size', default='', help='part of the size, as in ViT-L or large')
    parser.add_argument('--here', action='store_true', help='only what the weights are here for')
    parser.add_argument(
        '--configs',
        metavar='FOLDER',
        nargs='?',
        const='',
        help='configs alone, of a folder',
    )
    parser.add_argument('--json', action='store_true', help='print JSON')
    return parser.parse_args()


def chosen(args: argparse.Namespace) -> list[dict]:
    """What the filters leave.

    Raises:
        ValueError: Nothing is left.
    """
    filters = dict(task=args.task, size=args.size, here=args.here)
    if args.configs is None:
        models = list_models(args.pattern, **filters)
    else:
        addresses = of_folder(args.configs)
        found = list_models(args.pattern, kind=CONFIG, **filters)
        models = [model for model in found if model['config'] in addresses]
    if not models:
        tasks = ', '.join(sorted({model['task'] for model in list_models()}))
        raise ValueError(f'Nothing fits. Names: the command alone lists them. Tasks: {tasks}.')
    return models


def of_folder(folder: str) -> list[str]:
    """Addresses of the configs of a folder; of all for ''.

    Raises:
        ValueError: There is no such folder.
    """
    configs = list_configs()
    if not folder:
        return [address for found in configs.values() for address in found]
    if folder not in configs:
        hint = nearest(folder, configs)
        raise ValueError(f'There are no configs {folder}{hint}: use {", ".join(configs)}.')
    return configs[folder]


def table(models: list[dict]) -> str:
    """Two lines for each model, under headings."""
    lines, heading = [], ''
    for model in models:
        of_weights = model['kind'] == WEIGHTS
        above = 'released weights' if of_weights else f'configs, {model["task"]}'
        lines += ['', above] if above != heading else []
        heading = above
        lines.append(f'  {model["name"] if of_weights else model["config"]}')
        lines.append('      ' + '; '.join(facts(model)))
    return '\n'.join(lines[1:])


def facts(model: dict) -> list[str]:
    """What is known about a model, in words."""
    of_weights = model['kind'] == WEIGHTS
    found = [f'{model["size"]}: {model["task"]}' if of_weights else model['size']]
    figures = ', '.join(f'{name} {value}' for name, value in model['published'].items())
    found.append(f'published: {figures or "nothing"}')
    ours = ', '.join(f'{name} {value}' for name, value in (model['measured'] or {}).items())
    nothing = 'not run' if model['measured'] is None else 'nothing to compare with'
    found.append(f'ours: {ours or nothing}')
    if of_weights:
        there = str(model['file']) if model['here'] else 'not here'
        found.append(f'weights: {there}')
    elif model['needs']:
        there = 'here' if model['here'] else 'not here'
        found.append(f'weights {", ".join(model["needs"])}: {there}')
    return [fact for fact in found if fact]


def main() -> None:
    """Run the tool."""
    args = parse_args()
    with user_errors('list_models', args.traceback):
        models = chosen(args)
        if args.json:
            print(json.dumps(models, indent=1, default=str))
            return
        print(table(models))
        if any(not model['here'] for model in models):
            print(as_typed('\nGet weights with python tools/download_weights.py NAME'))


if __name__ == '__main__':
    main()
