"""Encode a training set once: token ids of several augmented versions of every image.

    python tools/dataset_converters/cache_tokens.py CONFIG CHECKPOINT --out FOLDER --num-views 8

The images, their augmentation and the tokenizer are those of a tokenizer-training config. The
folder is read by ``mmaddp.TokenDataset``. Whatever stops the tool, the same command goes on with
the shards that are not written yet. Any number of processes can share the work, to the same bytes:

    torchrun --nproc_per_node 8 tools/dataset_converters/cache_tokens.py CONFIG CHECKPOINT
    --out FOLDER --launcher pytorch                              (all in one line)
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Optional

sys.path.append(str(Path(__file__).resolve().parents[2]))

from mmaddp.run.argument_types import address, not_negative, path, positive, seed
from mmaddp.run.arguments import ToolParser, add_launcher_arguments, add_options_argument
from mmaddp.run.user_errors import user_errors


def parse_args(argv: Optional[Sequence[str]]) -> argparse.Namespace:
    """Read the command line, ``sys.argv`` if ``argv`` is None."""
    parser = ToolParser(__doc__)
    parser.add_argument('config', type=address, help='config of the tokenizer training')
    parser.add_argument('checkpoint', type=address, help='its checkpoint, a file or mmaddp://NAME')
    parser.add_argument('--out', type=path, required=True, help='folder to write')
    parser.add_argument(
        '--num-views', type=positive, default=8, help='versions per image (default 8)'
    )
    parser.add_argument('--seed', type=seed, default=0, help='seed of the augmentation (default 0)')
    parser.add_argument(
        '--batch-size', type=positive, default=64, help='images encoded together (default 64)'
    )
    parser.add_argument(
        '--images-per-shard',
        type=positive,
        default=512,
        help='images of a file, which a kill costs each process at most (default 512)',
    )
    parser.add_argument(
        '--num-workers', type=not_negative, default=2, help='processes that read images (default 2)'
    )
    parser.add_argument('--device', help='default: cuda if there is one, else cpu')
    add_options_argument(parser)
    add_launcher_arguments(parser)
    return parser.parse_args(argv)


def main(argv: Optional[Sequence[str]] = None) -> None:
    """Run the tool."""
    args = parse_args(argv)
    with user_errors('cache_tokens', args.traceback):
        from mmaddp.run.token_caching import cache_tokens

        settings = {key: value for key, value in vars(args).items() if key != 'traceback'}
        print(cache_tokens(**settings))


if __name__ == '__main__':
    main()
