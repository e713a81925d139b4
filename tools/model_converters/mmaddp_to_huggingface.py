"""Write the encoder of a checkpoint as a folder that transformers' ViTModel loads.

    python tools/model_converters/mmaddp_to_huggingface.py SRC FOLDER

The folder holds model.safetensors, config.json and preprocessor_config.json. In transformers:
``ViTModel.from_pretrained('FOLDER', add_pooling_layer=False)``. Its ViT has no norm before the
blocks; that of the pre-training is left out, as in the official fine-tuning.
"""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[2]))

from mmaddp.run.argument_types import address, path, positive
from mmaddp.run.arguments import ToolParser
from mmaddp.run.user_errors import user_errors


def main() -> None:
    """Run the tool."""
    parser = ToolParser(__doc__)
    parser.add_argument('src', type=address, help='ADDP pre-training, ours or official')
    parser.add_argument('folder', type=path, help='folder to write')
    parser.add_argument('--num-heads', type=positive, help='default: heads of 64 channels')
    args = parser.parse_args()
    with user_errors('mmaddp_to_huggingface', args.traceback):
        from mmaddp.utils.atomic import write_json
        from mmaddp.weights.conversion import (
            convert_meta,
            huggingface_preprocessor,
            read_encoder,
            to_huggingface,
            write_weights,
        )

        encoder = read_encoder(args.src, args.num_heads)
        tensors, config = to_huggingface(encoder)
        # transformers requires the entry 'format'.
        meta = convert_meta(args.src, format='pt')
        write_weights(args.folder / 'model.safetensors', tensors, meta)
        write_json(args.folder / 'preprocessor_config.json', huggingface_preprocessor(encoder))
        write_json(args.folder / 'config.json', config)
        print(f'Wrote {args.folder}: {len(tensors)} tensors')


if __name__ == '__main__':
    main()
