"""Write the encoder of a checkpoint as a folder that transformers' ViTModel loads.

    python tools/model_converters/mmaddp_to_huggingface.py SRC FOLDER

The folder holds model.safetensors, config.json and preprocessor_config.json. In transformers:
``ViTModel.from_pretrained('FOLDER', add_pooling_layer=False)``. Its ViT has no norm in front of the
blocks; that of the pre-training is left out, as in the official fine-tuning.
"""

import argparse
from pathlib import Path

import mmaddp  # noqa: F401, before any host: it mends what they miss
from mmaddp.run.user_errors import user_errors
from mmaddp.utils.atomic import write_json
from mmaddp.weights.conversion import (
    convert_meta,
    huggingface_preprocessor,
    read_encoder,
    to_huggingface,
    write_weights,
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split('\n\n')[0])
    parser.add_argument('src', help='ADDP pre-training, of ours or official')
    parser.add_argument('folder', type=Path)
    parser.add_argument('--num-heads', type=int, help='default: heads of 64 channels')
    args = parser.parse_args()
    with user_errors('mmaddp_to_huggingface'):
        encoder = read_encoder(args.src, args.num_heads)
        tensors, config = to_huggingface(encoder)
        # transformers asks for the entry 'format'.
        meta = convert_meta(args.src, format='pt')
        write_weights(args.folder / 'model.safetensors', tensors, meta)
        write_json(args.folder / 'preprocessor_config.json', huggingface_preprocessor(encoder))
        write_json(args.folder / 'config.json', config)
        print(f'Wrote {args.folder}: {len(tensors)} tensors')


if __name__ == '__main__':
    main()
