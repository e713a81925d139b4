"""Refuse top-level configuration keys that nobody reads.

A misspelled or outdated key (``fp16=``) is silently ignored by mmengine, and the run is not what
its configuration says.
"""

import ast
import inspect
import re
import sys
from collections.abc import Iterable, Iterator
from inspect import ismodule
from pathlib import Path

from mmengine.config import Config
from mmengine.runner import Runner

from mmaddp.run.nearest import all_names, nearest, paths_to

# Read by Runner from the whole configuration rather than from an argument of its own.
RUNNER_EXTRAS = frozenset(
    {
        'activation_checkpointing',
        'compile',
        'efficient_conv_bn_eval',
        'find_unused_parameters',
        'model_wrapper_cfg',
        'runner_type',
        'sync_bn',
    }
)
# Read by mmengine when it parses a file, and by the hosts' tools for test-time augmentation.
FILE_KEYS = frozenset({'_base_', '_delete_', 'custom_imports', 'env_variables'})
HOST_TOOL_KEYS = frozenset({'tta_model', 'tta_pipeline'})

_TEMPLATE = re.compile(r'\{\{.*?\}\}')
_BASE_TEMPLATE = re.compile(r'\{\{\s*_base_\.(\w+)')


def effective_keys() -> frozenset[str]:
    """Names of the keys that change what a run does."""
    arguments = set(inspect.signature(Runner.__init__).parameters) - {'self', 'cfg'}
    return frozenset(arguments | RUNNER_EXTRAS | FILE_KEYS | HOST_TOOL_KEYS)


def variables_used(filename: str) -> frozenset[str]:
    """Names that the files of a configuration's inheritance chain read.

    Args:
        filename (str): A configuration file; its ``_base_`` files are followed as mmengine does,
            ``package::file`` included.

    Returns:
        frozenset[str]: Variables read in a file, through ``_base_.name`` or
        ``{{_base_.name}}``.
    """
    used, waiting, seen = set(), [str(filename)], set()
    while waiting:
        path = waiting.pop()
        if path in seen:
            continue
        seen.add(path)
        text = Path(path).read_text(encoding='utf-8')
        used |= _names_read(text, path)
        for base in Config._get_base_files(path):
            waiting.append(Config._get_cfg_path(base, path)[0])
        waiting += _imported_bases(text, path)
    return frozenset(used)


def check_config_keys(cfg: Config, options: Iterable[str] = ()) -> None:
    """Raise if a top-level key has no effect.

    Args:
        cfg (Config): A configuration read from a file.
        options (Iterable[str]): Keys given on the command line, ``a.b.c``. Defaults to none.

    Raises:
        ValueError: A key is neither read by the Runner or a tool nor used as a variable by a file
            of the chain; or a key of the command line is such a variable, and comes too late.
    """
    effective = effective_keys()
    variables = variables_used(cfg.filename) if cfg.filename else frozenset()
    option_keys = [option.partition('.')[0] for option in options]
    known = effective | variables
    # What a configuration in mmengine's newer style imports appears as a class or a module.
    settings = [key for key, value in cfg.items() if not (callable(value) or ismodule(value))]
    unknown = [key for key in dict.fromkeys([*settings, *option_keys]) if key not in known]
    if unknown:
        given = [key for key in unknown if key in option_keys]
        source = '--cfg-options' if given == unknown else cfg.filename or 'The configuration'
        raise ValueError(
            f'{source} sets {_with_suggestions(unknown, cfg, known)}. '
            'Nothing reads such a top-level key, so it would be ignored; correct or remove it.'
        )
    late = [key for key in dict.fromkeys(option_keys) if key not in effective]
    if late:
        raise ValueError(
            f'--cfg-options sets {_with_suggestions(late, cfg, ())}: a variable of '
            f'{cfg.filename}, which is read before the command line, so that this would change '
            'nothing. Set what is made from it instead.'
        )


def _names_read(text: str, path: str) -> set[str]:
    names = set(_BASE_TEMPLATE.findall(text))
    if not path.endswith('.py'):
        return names
    for node in ast.walk(ast.parse(_TEMPLATE.sub('0', text))):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
            names.add(node.id)
        elif isinstance(node, ast.Attribute) and _reads_base(node):
            names.add(node.attr)
    return names


def _imported_bases(text: str, path: str) -> Iterator[str]:
    """Files that a configuration imports in ``with read_base():``."""
    if not path.endswith('.py') or 'read_base' not in text:
        return
    for node in ast.walk(ast.parse(text)):
        if not (isinstance(node, ast.With) and 'read_base' in ast.unparse(node.items[0])):
            continue
        for statement in node.body:
            if isinstance(statement, ast.ImportFrom):
                module = (statement.module or '').replace('.', '/')
                folders = [Path(path).parents[statement.level - 1]] if statement.level else sys.path
                files = (Path(folder, f'{module}.py') for folder in folders)
                yield from [str(file) for file in files if file.is_file()][:1]


def _reads_base(node: ast.Attribute) -> bool:
    return isinstance(node.value, ast.Name) and node.value.id == '_base_'


def _with_suggestions(keys: list[str], cfg: Config, known: Iterable[str]) -> str:
    """Keys, each with the settings of that name at other depths, or with the closest name."""
    parts = []
    for key in keys:
        places = [path for path in paths_to(cfg._cfg_dict, key) if path != key]
        names = {*known, *all_names(cfg._cfg_dict)} - {key}
        hint = f' (did you mean {" or ".join(places[:3])}?)' if places else nearest(key, names)
        parts.append(f'{key!r}{hint}')
    return ', '.join(parts)
