"""Write the encoder of a checkpoint for timm.

    python tools/model_converters/mmaddp_to_timm.py SRC DST [--pre-norm drop]

SRC is an ADDP pre-training or a classifier, ours or official; DST ends in .pth or .safetensors.
"""

import json
import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[2]))

from mmaddp.run.argument_types import address, path, positive
from mmaddp.run.arguments import ToolParser
from mmaddp.run.user_errors import user_errors

USAGE = """In timm:
  model = timm.models.VisionTransformer({arguments})
  model.load_state_dict({load})"""
LOADS = {
    '.pth': "torch.load('{path}', weights_only=True)['state_dict']",
    '.safetensors': "safetensors.torch.load_file('{path}')",
}


def main() -> None:
    """Run the tool."""
    parser = ToolParser(__doc__)
    parser.add_argument('src', type=address, help='pre-training or classifier, ours or official')
    parser.add_argument('dst', type=path, help='.pth or .safetensors')
    parser.add_argument(
        '--pre-norm',
        choices=('keep', 'drop'),
        default='keep',
        help='the norm before the blocks; the official fine-tuning drops it (default: keep)',
    )
    parser.add_argument('--num-heads', type=positive, help='default: heads of 64 channels')
    args = parser.parse_args()
    with user_errors('mmaddp_to_timm', args.traceback):
        from mmaddp.weights.conversion import (
            convert_meta,
            read_encoder,
            to_timm,
            write_weights,
        )

        tensors, arguments = to_timm(read_encoder(args.src, args.num_heads), args.pre_norm)
        meta = convert_meta(args.src, timm_arguments=json.dumps(arguments))
        write_weights(args.dst, tensors, meta)
        print(f'Wrote {args.dst}: {len(tensors)} tensors')
        shown = ', '.join(f'{name}={value!r}' for name, value in arguments.items())
        print(USAGE.format(arguments=shown, load=LOADS[args.dst.suffix].format(path=args.dst)))


if __name__ == '__main__':
    main()
