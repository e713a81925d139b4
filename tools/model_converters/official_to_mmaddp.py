"""Convert an official VQGAN, MAGE, ADDP or fine-tuned classifier checkpoint.

    python tools/model_converters/official_to_mmaddp.py SRC DST
    python tools/model_converters/official_to_mmaddp.py SRC DST --part backbone
    python tools/model_converters/official_to_mmaddp.py SRC FOLDER --split
    python tools/model_converters/official_to_mmaddp.py SRC --verify

DST ends in .pth or .safetensors. Every tensor is mapped, or dropped for a stated reason; a file
with missing, superfluous or misshapen tensors gives one message and no output.
"""

import argparse
import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[2]))

from mmaddp.run.argument_types import address, path
from mmaddp.run.arguments import ToolParser
from mmaddp.run.user_errors import user_errors

KINDS = ('auto', 'addp', 'mage', 'classifier', 'vqgan')
PARTS = ('tokenizer', 'token_predictor', 'addp', 'backbone')
SPLIT = ('tokenizer', 'token_predictor', 'addp')


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = ToolParser(__doc__)
    parser.add_argument('src', type=address, help='official checkpoint')
    parser.add_argument('dst', type=path, nargs='?', help='.pth or .safetensors; or a folder')
    parser.add_argument('--kind', choices=KINDS, default='auto', help='default: detected')
    parser.add_argument('--part', choices=PARTS, help='write only one part of an ADDP checkpoint')
    parser.add_argument(
        '--split',
        action='store_true',
        help='write tokenizer.pth, token_predictor.pth and addp.pth (encoder, decoder, head)',
    )
    parser.add_argument(
        '--allow-missing',
        nargs='+',
        default=[],
        metavar='REGEX',
        help='our names that the file need not fill; they are listed as new',
    )
    parser.add_argument('--verify', action='store_true', help='only report, write nothing')
    args = parser.parse_args()
    if args.dst is None and not args.verify:
        parser.error('give DST, or --verify to report only')
    if args.part and args.split:
        parser.error('--part and --split are mutually exclusive')
    return args


def main() -> None:
    """Run the tool."""
    args = parse_args()
    with user_errors('official_to_mmaddp', args.traceback):
        convert(args)


def convert(args: argparse.Namespace) -> None:
    """Convert a checkpoint, report and write."""
    from mmaddp.weights.conversion import (
        check_ending,
        convert_meta,
        convert_official,
        take_part,
        write_weights,
    )

    converted = convert_official(args.src, args.kind, args.allow_missing)
    print(converted)
    if args.verify:
        return
    if args.split:
        parts = {args.dst / f'{name}.pth': name for name in SPLIT}
    else:
        check_ending(args.dst)
        parts = {args.dst: args.part}
    meta = convert_meta(args.src, kind=converted.kind)
    for file, part in parts.items():
        tensors = take_part(converted.state_dict, part) if part else converted.state_dict
        write_weights(file, tensors, meta)
        print(f'Wrote {file}: {len(tensors)} tensors')


if __name__ == '__main__':
    main()
