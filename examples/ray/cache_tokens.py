"""Tokenise a large training set with Ray: workers on many machines write shards of one cache.

    pip install "ray[data]"
    python examples/ray/cache_tokens.py CONFIG CHECKPOINT --out FOLDER --workers 16 --num-gpus 1

The folder must be one that all machines share. Whatever stops the tool, the same command goes on
with the shards that are not written yet; their bytes do not depend on the number of workers.
"""

import argparse
from collections.abc import Sequence
from typing import Any, Optional

import ray

from mmaddp.run.token_caching import TokenCaching


class ShardWriter:
    """A worker: builds the tokenizer once and writes the shards that it is given.

    Args:
        **arguments: Those of :class:`mmaddp.run.token_caching.TokenCaching`.
    """

    def __init__(self, **arguments: Any) -> None:
        self.caching = TokenCaching(**arguments)

    def __call__(self, batch: dict) -> dict:
        """Write shards; return their numbers."""
        self.caching.write([int(shard) for shard in batch['shard']])
        return batch


def parse_args(argv: Optional[Sequence[str]] = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('config', help='config of the tokenizer training')
    parser.add_argument('checkpoint', help='its checkpoint, a file or mmaddp://NAME')
    parser.add_argument('--out', required=True, help='folder to write')
    parser.add_argument('--num-views', type=int, default=8, help='versions per image (default 8)')
    parser.add_argument('--workers', type=int, default=1, help='processes (default 1)')
    parser.add_argument('--num-gpus', type=float, default=0, help='GPUs of each (default 0)')
    return parser.parse_args(argv)


def main(argv: Optional[Sequence[str]] = None) -> None:
    """Run the tool."""
    args = parse_args(argv)
    arguments = dict(config=args.config, checkpoint=args.checkpoint, out=args.out)
    arguments['num_views'] = args.num_views
    missing = TokenCaching(**arguments).missing()
    if missing:
        shards = ray.data.from_items([dict(shard=shard) for shard in missing])
        written = shards.map_batches(
            ShardWriter,
            fn_constructor_kwargs=arguments,
            batch_size=1,  # a kill costs each worker a shard at most
            concurrency=args.workers,
            num_gpus=args.num_gpus,
        ).materialize()
        print(f'{args.out}: {written.count()} shards written')
    print(f'{args.out}: {len(TokenCaching(**arguments).missing())} shards missing')


if __name__ == '__main__':
    main()
