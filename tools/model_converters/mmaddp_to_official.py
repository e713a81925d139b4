"""Write one of our checkpoints in the form that the official code reads.

    python tools/model_converters/mmaddp_to_official.py SRC DST

SRC is a tokenizer, MAGE, ADDP or classifier checkpoint, DST ends in .pth. Tensors that the official
modules have but no output depends on are zero, so that a strict load succeeds.
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
    parser.add_argument('src', type=address, help='one of our checkpoints')
    parser.add_argument('dst', type=path, help='.pth or .safetensors')
    args = parser.parse_args()
    with user_errors('mmaddp_to_official', args.traceback):
        from mmaddp.weights.conversion import convert_meta, to_official, write_weights

        layout = to_official(args.src)
        print(layout)
        meta = convert_meta(args.src, kind=layout.kind)
        write_weights(args.dst, layout.tensors, meta, layout.key)
        print(f'Wrote {args.dst}: {len(layout.tensors)} tensors')


if __name__ == '__main__':
    main()
