"""Download released weights by name.

    python tools/download_weights.py --list
    python tools/download_weights.py vqgan addp-vit-base [--folder checkpoints]

An interrupted download continues where it stopped. Files that are there already, also in the
official layout (exp/pretrained_model, exp/release), are left alone. If the network refuses, the
tool says which file to put where.
"""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1]))

from mmaddp.run.argument_types import path
from mmaddp.run.arguments import ToolParser
from mmaddp.run.user_errors import user_errors
from mmaddp.utils.hashing import file_sha256
from mmaddp.weights.known_weights import (
    FOLDERS,
    KNOWN_WEIGHTS,
    KnownWeights,
    by_hand,
    find_known,
    known,
)


def fetch(weights: KnownWeights, folder: Path) -> Path:
    """Download a file, with progress; a partial download is continued."""
    path = folder / weights.file
    folder.mkdir(parents=True, exist_ok=True)
    if 'huggingface.co' in weights.url:
        from huggingface_hub import hf_hub_download

        repository = '/'.join(weights.url.split('/')[3:5])
        hf_hub_download(repository, weights.file, local_dir=folder)
    elif 'drive.google.com' in weights.url:
        import gdown

        gdown.download(id=weights.url.rpartition('/')[2], output=str(path), resume=True)
    else:
        from torch.hub import download_url_to_file

        download_url_to_file(weights.url, str(path), weights.sha256)
    if not path.is_file():
        raise FileNotFoundError(f'{weights.url} gave no file.')
    return path


def check(weights: KnownWeights, path: Path) -> str:
    """SHA-256 of a file that is what it should be; any other file is removed.

    Raises:
        ValueError: The hash differs, or the file is not a checkpoint.
    """
    from mmaddp.weights.untrusted import read_torch_file

    digest = file_sha256(path)
    try:
        if not digest.startswith(weights.sha256 or ''):
            raise ValueError(f'{path} has the SHA-256 {digest}, expected {weights.sha256}.')
        read_torch_file(path, 'cpu')
    except ValueError:
        path.unlink()
        raise
    return digest


def download(name: str, folder: Path) -> bool:
    """Download known weights unless they are there; return whether they are there now."""
    weights, found = known(name), find_known(name)
    if found:
        print(f'{name}: exists, {found}')
        return True
    try:
        path = fetch(weights, folder)
        digest = check(weights, path)
    except ImportError as error:
        print(f'{name}: pip install {error.name}, or {by_hand(name)}', file=sys.stderr)
    except Exception as error:  # each library has its own errors for a network that refuses
        reason = str(error).strip().splitlines()
        print(
            f'{name}: not downloaded ({type(error).__name__}: {reason[0] if reason else ""})\n'
            f'  By hand: {by_hand(name)}',
            file=sys.stderr,
        )
    else:
        print(f'{name}: {path}, SHA-256 {digest}' + ('' if weights.sha256 else ' (not yet known)'))
        return True
    return False


def table() -> str:
    """All known weights."""
    lines = []
    for name, weights in KNOWN_WEIGHTS.items():
        figures = ', '.join(f'{what} {value}' for what, value in weights.published.items())
        lines += [
            f'{name}: {weights.task}, {weights.size}',
            f'  {weights.file}, {weights.url}',
            f'  {weights.licence}; published: {figures or "nothing"}; SHA-256 '
            f'{weights.sha256 or "not yet known"}; {find_known(name) or "not here"}',
        ]
    return '\n'.join(lines)


def main() -> None:
    """Run the tool."""
    parser = ToolParser(__doc__)
    parser.add_argument('names', nargs='*', metavar='NAME', help=', '.join(KNOWN_WEIGHTS))
    parser.add_argument(
        '--folder', type=path, default=Path(FOLDERS[0]), help=f'to write to; default {FOLDERS[0]}'
    )
    parser.add_argument('--list', action='store_true', help='list the known weights')
    args = parser.parse_args()
    if args.list or not args.names:
        print(table())
        return
    with user_errors('download_weights', args.traceback, lambda: 'The same command continues.'):
        for name in args.names:
            known(name)
        complete = [download(name, args.folder) for name in args.names]
        if not all(complete):
            sys.exit(1)


if __name__ == '__main__':
    main()
