"""What the header of a plain weights file says about the training, as JSON."""

import json
from collections.abc import Mapping
from typing import Any, Optional

KEY = 'mmaddp'
_NUMBERS = ('epoch', 'iter')


def plain_header(meta: Mapping[str, Any]) -> dict[str, str]:
    """The header for the weights of a training checkpoint.

    Args:
        meta (Mapping): Its ``meta``. Epoch, iteration and the description of the data are kept;
            what is no plain data in the description is left out.

    Returns:
        dict[str, str]: Entries of the header, which holds text only.
    """
    kept = {key: meta[key] for key in _NUMBERS if isinstance(meta.get(key), int)}
    data = meta.get('dataset_meta')
    described = {str(key): value for key, value in data.items()} if isinstance(data, dict) else {}
    kept['dataset_meta'] = {key: value for key, value in described.items() if _is_json(value)}
    return {'format': 'pt', KEY: json.dumps(kept)}


def header_meta(header: Mapping[str, str]) -> Optional[dict]:
    """The ``meta`` that a header of ours holds; None if it is not one of ours.

    Raises:
        ValueError: It is damaged.
    """
    if KEY not in header:
        return None
    try:
        meta = json.loads(header[KEY])
    except RecursionError as error:
        raise ValueError('its header is nested too deeply') from error
    if not isinstance(meta, dict):
        raise ValueError(f'the entry {KEY} of its header is not an object')
    return meta


def _is_json(value: Any) -> bool:
    try:
        json.dumps(value)
    except (TypeError, ValueError):
        return False
    return True
