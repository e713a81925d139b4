"""Arguments of the generation process, for the tools that generate and edit."""

import argparse
from typing import Any

from mmaddp.run.argument_types import positive, real, share

# Same as where they are used, which imports PyTorch; a test compares them.
ORDERS = ('confidence', 'halton')
PRECISIONS = ('fp32', 'bf16', 'fp16', 'auto')
NAMES = (
    *('num_steps', 'schedule', 'choice_temperature', 'dynamic_temperature', 'top_p', 'top_k'),
    *('decode_every', 'order', 'guidance', 'guidance_start'),
)


def add_sampler_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the group of arguments that :func:`sampler_settings` reads."""
    group = parser.add_argument_group('generation process; defaults are those of the config')
    group.add_argument('--steps', type=positive, dest='num_steps', help='steps of a generation')
    group.add_argument('--schedule', metavar='NAME', help='cosine, linear or square')
    group.add_argument(
        '--choice-temperature',
        type=real(0),
        help='randomness in the choice of the tokens that a step fixes; 0 for none',
    )
    group.add_argument(
        '--static-temperature',
        dest='dynamic_temperature',
        action='store_false',
        default=None,
        help='keep the choice temperature constant instead of lowering it to zero',
    )
    group.add_argument('--top-p', type=real(0, 1), help='nucleus to draw from, in (0, 1]')
    group.add_argument('--top-k', type=positive, help='number of codes to draw from')
    group.add_argument(
        '--decode-every',
        type=positive,
        metavar='K',
        help='light steps: show the network a new picture after every K steps only',
    )
    group.add_argument(
        '--order',
        choices=ORDERS,
        help='which tokens a step fixes: the most confident ones, or some that lie far apart',
    )
    group.add_argument(
        '--guidance',
        type=real(0),
        metavar='W',
        help='weight of internal guidance, away from what is predicted without the picture',
    )
    group.add_argument(
        '--guidance-start',
        type=share,
        metavar='SHARE',
        help='share of the steps before guidance begins; 0.5 unless the config says otherwise',
    )


def sampler_settings(args: argparse.Namespace) -> dict[str, Any]:
    """Arguments of the sampler, None for those that were not given."""
    return {name: getattr(args, name) for name in NAMES}
