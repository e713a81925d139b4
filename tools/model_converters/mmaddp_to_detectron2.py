"""Write the encoder of a checkpoint as MAE names it, for detectron2's ViTDet and MAE's own code.

    python tools/model_converters/mmaddp_to_detectron2.py SRC DST.pth

In detectron2: ``train.init_checkpoint = 'DST.pth?matching_heuristics=True'`` with
``model.backbone.net.pretrain_img_size = 256`` and ``pretrain_use_cls_token = True``. ViTDet has no
norm before the blocks; that of the pre-training is left out, as in the official fine-tuning.
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
    parser.add_argument('src', type=address, help='ADDP pre-training, ours or official')
    parser.add_argument('dst', type=path, help='.pth')
    args = parser.parse_args()
    with user_errors('mmaddp_to_detectron2', args.traceback):
        from mmaddp.weights.conversion import convert_meta, read_encoder, to_mae, write_weights

        # The number of attention heads does not matter here.
        tensors = to_mae(read_encoder(args.src, num_heads=1))
        if args.dst.suffix != '.pth':
            raise ValueError(f'detectron2 reads .pth files, not {args.dst}.')
        write_weights(args.dst, tensors, convert_meta(args.src), key='model')
        print(f'Wrote {args.dst}: {len(tensors)} tensors under "model"')


if __name__ == '__main__':
    main()
