"""Convert an official VQGAN, MAGE, ADDP or fine-tuned classifier checkpoint.

    python tools/model_converters/official_to_mmaddp.py SRC DST
    python tools/model_converters/official_to_mmaddp.py SRC DST --part backbone
    python tools/model_converters/official_to_mmaddp.py SRC FOLDER --split
    python tools/model_converters/official_to_mmaddp.py SRC --verify

DST ends in .pth or .safetensors. Every tensor is mapped, or dropped for a stated reason; a file
with a gap, a tensor too many or another shape gives one message and no output.
"""

import argparse
from pathlib import Path

import mmaddp  # noqa: F401, before any host: it mends what they miss
from mmaddp.run.user_errors import user_errors
from mmaddp.weights.conversion import (
    PARTS,
    Converted,
    check_ending,
    convert_meta,
    convert_official,
    take_part,
    write_weights,
)
from mmaddp.weights.official_keys import KINDS

SPLIT = ('tokenizer', 'token_predictor', 'addp')


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split('\n\n')[0])
    parser.add_argument('src', help='official checkpoint')
    parser.add_argument('dst', type=Path, nargs='?', help='.pth or .safetensors; or a folder')
    parser.add_argument('--kind', choices=['auto', *KINDS], default='auto')
    parser.add_argument('--part', choices=PARTS, help='write one part of an ADDP checkpoint alone')
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
        parser.error('--part and --split exclude each other')
    return args


def outputs(args: argparse.Namespace, converted: Converted) -> dict[Path, dict]:
    """Tensors of every file to be written."""
    if args.split:
        return {args.dst / f'{name}.pth': take_part(converted.state_dict, name) for name in SPLIT}
    check_ending(args.dst)
    if args.part:
        return {args.dst: take_part(converted.state_dict, args.part)}
    return {args.dst: converted.state_dict}


def main() -> None:
    args = parse_args()
    with user_errors('official_to_mmaddp'):
        converted = convert_official(args.src, args.kind, args.allow_missing)
        print(converted)
        if args.verify:
            return
        meta = convert_meta(args.src, kind=converted.kind)
        for path, tensors in outputs(args, converted).items():
            write_weights(path, tensors, meta)
            print(f'Wrote {path}: {len(tensors)} tensors')


if __name__ == '__main__':
    main()
