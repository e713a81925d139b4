"""Names of what a configuration builds, whether given as text or as a class."""

from collections.abc import Mapping
from typing import Union


def type_name(setting: Union[Mapping, str, type, None]) -> str:
    """Name of a class without its scope or module.

    Args:
        setting (Mapping | str | type, optional): Settings with ``type``; or the type itself, as
            'scope.Name', as 'Name' or as the class.

    Returns:
        str: The class's own name, '' where there is none.
    """
    kind = setting.get('type') if isinstance(setting, Mapping) else setting
    if kind is None:
        return ''
    return (kind if isinstance(kind, str) else getattr(kind, '__name__', '')).rpartition('.')[2]
