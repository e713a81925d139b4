"""Write the weights of a checkpoint alone, which every tool opens in its place.

    python tools/model_converters/mmaddp_to_safetensors.py SRC DST

SRC is a checkpoint, sharded or not, and DST ends in .safetensors. Our trainings write such a file
beside each checkpoint themselves; this is for older ones and for those of others.
"""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[2]))

from mmaddp.run.argument_types import address, path
from mmaddp.run.arguments import ToolParser
from mmaddp.run.user_errors import user_errors


def main() -> None:
    """Run the tool."""
    parser = ToolParser(__doc__)
    parser.add_argument('src', type=address, help='a checkpoint')
    parser.add_argument('dst', type=path, help='file to write, .safetensors')
    args = parser.parse_args()
    if args.dst.suffix != '.safetensors':
        parser.error(f'DST must end in .safetensors, got {args.dst}')
    with user_errors('mmaddp_to_safetensors', args.traceback):
        from mmaddp.weights.addresses import load_from_address
        from mmaddp.weights.plain_weights import write_plain_weights

        write_plain_weights(args.dst, load_from_address(args.src, 'cpu'), args.src)
        print(f'Wrote {args.dst}')


if __name__ == '__main__':
    main()
