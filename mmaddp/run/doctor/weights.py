"""Known weights that are there, and whether they are what was released."""

from collections.abc import Iterator
from pathlib import Path

from mmaddp.run.doctor.finding import Finding
from mmaddp.utils.hashing import file_sha256
from mmaddp.weights.known_weights import FOLDERS, KNOWN_WEIGHTS, KnownWeights, find_known


def known_files(hash_weights: bool = False) -> Iterator[Finding]:
    """Say of all known weights whether they are there, and of those that are, whether whole.

    Args:
        hash_weights (bool): Compute and compare their SHA-256. Defaults to False.
    """
    yield Finding('released weights', f'looked for in {", ".join(FOLDERS)} of {Path.cwd()}')
    for name, weights in KNOWN_WEIGHTS.items():
        file = find_known(name)
        if file is None:
            yield Finding(f'weights {name}', f'not here: mmaddp download {name}')
        else:
            yield _there(name, weights, file, hash_weights)


def _there(name: str, weights: KnownWeights, file: Path, hash_weights: bool) -> Finding:
    size = file.stat().st_size
    again = f'rm {file} && mmaddp download {name}'
    said = f'{file}, {size / 1e6:,.0f} MB'
    if not size:
        return Finding(f'weights {name}', f'{file} is empty', False, again)
    if not hash_weights:
        return Finding(f'weights {name}', f'{said}, SHA-256 not compared (--hash does)')
    digest = file_sha256(file)
    if weights.sha256 is None:
        return Finding(f'weights {name}', f'{said}, SHA-256 {digest}, with nothing to compare')
    if not digest.startswith(weights.sha256):
        said += f', SHA-256 {digest}, expected {weights.sha256}: damaged, or another file'
        return Finding(f'weights {name}', said, False, again)
    return Finding(f'weights {name}', f'{said}, SHA-256 {digest} as released')
