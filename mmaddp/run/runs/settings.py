"""Settings that a run has written down, read without running anything."""

import ast
from pathlib import Path
from typing import Any


def read_settings(file: Path) -> dict[str, Any]:
    """The settings of a configuration that mmengine has written; its code is not run.

    Args:
        file (Path): As mmengine's ``Config.dump`` writes it.

    Returns:
        dict[str, Any]: Values by name; None stands for what is neither number, text nor a
        collection of them.

    Raises:
        OSError: The file cannot be read.
        ValueError: It is not a configuration.
    """
    try:
        tree = ast.parse(file.read_text(encoding='utf-8'))
    except (SyntaxError, ValueError, RecursionError) as error:
        raise ValueError(f'not a configuration: {error}') from error
    found = {}
    for node in tree.body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            found[node.targets[0].id] = _value(node.value)
    return found


def setting(settings: Any, path: str) -> Any:
    """A setting at a dotted path; None if there is none."""
    for name in path.split('.'):
        settings = settings.get(name) if isinstance(settings, dict) else None
    return settings


def _value(node: ast.expr) -> Any:
    if isinstance(node, ast.Call) and getattr(node.func, 'id', '') == 'dict' and not node.args:
        return {item.arg: _value(item.value) for item in node.keywords if item.arg}
    if isinstance(node, ast.Dict):
        pairs = zip(node.keys, node.values)
        return {key.value: _value(v) for key, v in pairs if isinstance(key, ast.Constant)}
    if isinstance(node, ast.List | ast.Tuple):
        return [_value(element) for element in node.elts]
    try:
        return ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return None
