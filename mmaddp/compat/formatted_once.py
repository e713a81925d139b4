"""The text of a configuration, formatted once."""

import sys
from typing import Any


def _formatted_once(pretty_text: property) -> property:
    make_text = pretty_text.fget
    latest: dict[str, str] = {}  # text before formatting, which takes no time -> text

    def get(config: Any) -> str:
        if not config._format_python_code:
            return make_text(config)
        object.__setattr__(config, '_format_python_code', False)
        try:
            plain = make_text(config)
        finally:
            object.__setattr__(config, '_format_python_code', True)
        if plain not in latest:
            formatted = make_text(config)
            latest.clear()
            latest[plain] = formatted
        return latest[plain]

    return property(get, doc=pretty_text.__doc__)


def install() -> None:
    """Replace ``Config.pretty_text``."""
    config = sys.modules['mmengine.config'].Config
    config.pretty_text = _formatted_once(config.pretty_text)
