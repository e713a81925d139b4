"""Small damages to files and to nested data, drawn at random."""

import copy
import random
from typing import Any

# What stands where something else is expected.
STRANGE = (
    None,
    True,
    0,
    -1,
    2**31,
    2**70,
    -(2**70),
    0.5,
    float('nan'),
    float('inf'),
    '',
    'x',
    '0',
    '../../etc/passwd',
    '/etc/passwd',
    'a\x00b',
    '\ud800',
    'é' * 300,
    [],
    [None],
    [[]],
    {},
    {'': None},
)


def damage_bytes(content: bytes, rng: random.Random) -> bytes:
    """Flip, cut, repeat, insert or overwrite some bytes."""
    data = bytearray(content)
    for _ in range(rng.choice((1, 1, 1, 2, 5))):
        start = rng.randrange(len(data) + 1)
        length = min(rng.choice((1, 2, 4, 8, 64, 1024)), len(data) - start)
        kind = rng.choice(('flip', 'cut', 'repeat', 'insert', 'zero', 'ones', 'drop'))
        if kind == 'flip' and length:
            data[start] ^= 1 << rng.randrange(8)
        elif kind == 'cut':
            del data[start:]
        elif kind == 'drop':
            del data[start : start + length]
        elif kind == 'repeat':
            data[start:start] = data[start : start + length]
        elif kind == 'insert':
            data[start:start] = rng.randbytes(length)
        elif kind in ('zero', 'ones'):
            data[start : start + length] = bytes([255 * (kind == 'ones')]) * length
    return bytes(data)


def damage_tree(tree: Any, rng: random.Random, strange: tuple = STRANGE) -> Any:
    """Replace, drop, repeat or rename one entry of nested dicts and lists; the rest is copied."""
    tree = copy.deepcopy(tree)
    places = list(_places(tree))
    if not places:
        return rng.choice(strange)
    holder, key = rng.choice(places)
    kind = rng.choice(('replace', 'replace', 'replace', 'drop', 'repeat', 'rename', 'swap'))
    if kind == 'drop':
        del holder[key]
    elif kind == 'repeat' and isinstance(holder, list):
        holder.insert(key, copy.deepcopy(holder[key]))
    elif kind == 'rename' and isinstance(holder, dict):
        holder[rng.choice(('', 'x', str(key).upper(), 0))] = holder.pop(key)
    elif kind == 'swap':
        other, place = rng.choice(places)
        holder[key] = copy.deepcopy(other[place])
    else:
        holder[key] = copy.deepcopy(rng.choice(strange))
    return tree


def _places(node: Any):
    if isinstance(node, dict):
        children = list(node.items())
    else:
        children = list(enumerate(node)) if isinstance(node, list) else ()
    for key, child in children:
        yield node, key
        yield from _places(child)
