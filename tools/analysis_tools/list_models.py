"""List the released weights, where their files are, and the configs that the package carries.

    python tools/analysis_tools/list_models.py
    python tools/analysis_tools/list_models.py --configs detection

Get weights with python tools/download_weights.py NAME. In Python, mmaddp.load(NAME) loads them.
"""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[2]))

from mmaddp.run.arguments import ToolParser
from mmaddp.run.model_list import list_configs, list_models
from mmaddp.run.nearest import nearest
from mmaddp.run.user_errors import user_errors


def weights_table() -> str:
    """Released weights, one per line."""
    models = list_models()
    width = max(len(model['name']) for model in models)
    lines = [
        f'  {model["name"]:{width}}  {model["file"] or "not here"}\n'
        f'  {"":{width}}  {model["size"]}: {model["task"]}'
        for model in models
    ]
    return '\n'.join(['released weights', *lines])


def configs_table(folder: str) -> str:
    """Configs of a folder, or how many each folder holds.

    Raises:
        ValueError: There is no such folder.
    """
    configs = list_configs()
    if not folder:
        counts = [f'  {name}: {len(found)}' for name, found in configs.items()]
        return '\n'.join(['configs (--configs FOLDER lists them)', *counts])
    if folder not in configs:
        hint = nearest(folder, configs)
        raise ValueError(f'There are no configs {folder}{hint}: use {", ".join(configs)}.')
    return '\n'.join(configs[folder])


def main() -> None:
    """Run the tool."""
    parser = ToolParser(__doc__)
    parser.add_argument('--configs', metavar='FOLDER', help='list the configs of a folder')
    args = parser.parse_args()
    with user_errors('list_models', args.traceback):
        parts = [] if args.configs else [weights_table()]
        print('\n\n'.join([*parts, configs_table(args.configs)]))


if __name__ == '__main__':
    main()
