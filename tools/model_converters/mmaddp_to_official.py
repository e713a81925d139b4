"""Write a checkpoint of ours as the official code reads it.

    python tools/model_converters/mmaddp_to_official.py SRC DST

SRC is a tokenizer, MAGE, ADDP or classifier checkpoint, DST ends in .pth. Tensors that the official
modules have and no output depends on are zero, so that a strict load succeeds.
"""

import argparse
from pathlib import Path

import mmaddp  # noqa: F401, before any host: it mends what they miss
from mmaddp.run.user_errors import user_errors
from mmaddp.weights.conversion import convert_meta, to_official, write_weights


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split('\n\n')[0])
    parser.add_argument('src', help='checkpoint of ours')
    parser.add_argument('dst', type=Path, help='.pth or .safetensors')
    args = parser.parse_args()
    with user_errors('mmaddp_to_official'):
        layout = to_official(args.src)
        print(layout)
        meta = convert_meta(args.src, kind=layout.kind)
        write_weights(args.dst, layout.tensors, meta, layout.key)
        print(f'Wrote {args.dst}: {len(layout.tensors)} tensors')


if __name__ == '__main__':
    main()
