"""Write the encoder of a checkpoint as MAE names it, for detectron2's ViTDet and MAE's own code.

    python tools/model_converters/mmaddp_to_detectron2.py SRC DST.pth

In detectron2: ``train.init_checkpoint = 'DST.pth?matching_heuristics=True'`` with
``model.backbone.net.pretrain_img_size = 256`` and ``pretrain_use_cls_token = True``. ViTDet has no
norm in front of the blocks; that of the pre-training is left out, as in the official fine-tuning.
"""

import argparse
from pathlib import Path

import mmaddp  # noqa: F401, before any host: it mends what they miss
from mmaddp.run.user_errors import user_errors
from mmaddp.weights.conversion import convert_meta, read_encoder, to_mae, write_weights


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split('\n\n')[0])
    parser.add_argument('src', help='ADDP pre-training, of ours or official')
    parser.add_argument('dst', type=Path, help='.pth')
    args = parser.parse_args()
    with user_errors('mmaddp_to_detectron2'):
        # Attention heads are of no consequence here.
        tensors = to_mae(read_encoder(args.src, num_heads=1))
        if args.dst.suffix != '.pth':
            raise ValueError(f'detectron2 reads .pth files, not {args.dst}.')
        write_weights(args.dst, tensors, convert_meta(args.src), key='model')
        print(f'Wrote {args.dst}: {len(tensors)} tensors under "model"')


if __name__ == '__main__':
    main()
