"""Write the encoder of a checkpoint for timm.

    python tools/model_converters/mmaddp_to_timm.py SRC DST [--pre-norm drop]

SRC is an ADDP pre-training or a classifier, of ours or official; DST ends in .pth or .safetensors.
"""

import argparse
import json
from pathlib import Path

import mmaddp  # noqa: F401, before any host: it mends what they miss
from mmaddp.run.user_errors import user_errors
from mmaddp.weights.conversion import (
    PRE_NORM,
    convert_meta,
    read_encoder,
    to_timm,
    write_weights,
)

USAGE = """In timm:
  model = timm.models.VisionTransformer({arguments})
  model.load_state_dict({load})"""
LOADS = {
    '.pth': "torch.load('{path}', weights_only=True)['state_dict']",
    '.safetensors': "safetensors.torch.load_file('{path}')",
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split('\n\n')[0])
    parser.add_argument('src')
    parser.add_argument('dst', type=Path, help='.pth or .safetensors')
    parser.add_argument(
        '--pre-norm',
        choices=PRE_NORM,
        default='keep',
        help='the norm in front of the blocks; the official fine-tuning drops it (default: keep)',
    )
    parser.add_argument('--num-heads', type=int, help='default: heads of 64 channels')
    args = parser.parse_args()
    with user_errors('mmaddp_to_timm'):
        tensors, arguments = to_timm(read_encoder(args.src, args.num_heads), args.pre_norm)
        meta = convert_meta(args.src, timm_arguments=json.dumps(arguments))
        write_weights(args.dst, tensors, meta)
        print(f'Wrote {args.dst}: {len(tensors)} tensors')
        shown = ', '.join(f'{name}={value!r}' for name, value in arguments.items())
        print(USAGE.format(arguments=shown, load=LOADS[args.dst.suffix].format(path=args.dst)))


if __name__ == '__main__':
    main()
