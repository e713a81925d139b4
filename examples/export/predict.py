"""Use an exported encoder, classifier, segmentor or detector's pyramid; no PyTorch, no mmaddp.

    pip install numpy pillow onnxruntime
    python examples/export/predict.py work_dirs/exported/classify.onnx PICTURE ...

Prints the class of each picture; of a segmentor writes PICTURE_labels.png into --out, of an encoder
features.npz; of the others it prints the shapes of what they compute.
"""

import argparse
from pathlib import Path

import numpy as np
from exported import Exported
from pictures import bilinear, prepare, read_picture
from PIL import Image


def main() -> None:
    """Run the example."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('model', help='.onnx, .xml or .pt2')
    parser.add_argument('pictures', nargs='+', type=Path)
    parser.add_argument('--out', type=Path, default=Path(), help='folder for what is written')
    parser.add_argument('--precision', default='fp32', help='bf16 or fp16 with OpenVINO')
    args = parser.parse_args()
    network = Exported(args.model, args.precision)
    args.out.mkdir(parents=True, exist_ok=True)
    features = []
    for file in args.pictures:
        found = predict(network, file)
        if 'class' in found:
            print(f'{file}: {found["class"]} ({found["scores"].max():.3f})')
        elif 'labels' in found:
            target = args.out / f'{file.stem}_labels.png'
            Image.fromarray(found['labels']).save(target)
            print(f'{file}: labels in {target}')
        elif 'features' in found:
            features.append(found['features'])
        else:
            print(file, {name: array.shape for name, array in found.items()})
    if features:
        np.savez(args.out / 'features.npz', features=np.stack(features))
        print(f'features in {args.out / "features.npz"}')


def predict(network: Exported, file: str | Path) -> dict:
    """What a network says about one picture; arrays without the axis of the batch.

    Args:
        network (Exported): Any but those of generation.
        file (str | Path): A picture.

    Returns:
        dict: The outputs; of a classifier also ``class``, of a segmentor ``labels``, uint8, of the
        size of the picture.
    """
    metadata = network.metadata
    pixels = read_picture(file, metadata['input']['orientation'])
    images = prepare(pixels, metadata['input'])
    if metadata['task'] == 'segment':
        logits = slide(network, images)[0]
        for axis, size in ((1, pixels.shape[0]), (2, pixels.shape[1])):
            logits = bilinear(logits, size, axis)
        return dict(labels=logits.argmax(axis=0).astype(np.uint8))
    found = {name: array[0] for name, array in network(images=images).items()}
    if metadata['task'] == 'classify':
        best = int(found['scores'].argmax())
        found['class'] = metadata['classes'][best] if metadata['classes'] else best
    return found


def slide(network: Exported, images: np.ndarray) -> np.ndarray:
    """Logits (1, classes, H, W), in overlapping windows if the model was tested so."""
    sliding = network.metadata.get('sliding')
    if sliding is None:
        return network(images=images)['logits']
    places = []
    for have, window, stride in zip(images.shape[2:], sliding['window'], sliding['stride']):
        starts = range(max(have - window + stride - 1, 0) // stride + 1)
        ends = [min(start * stride + window, have) for start in starts]
        places.append([(max(end - window, 0), end) for end in ends])
    total, count = 0.0, np.zeros(images.shape[2:], np.float32)
    for top, bottom in places[0]:
        for left, right in places[1]:
            logits = network(images=images[:, :, top:bottom, left:right].copy())['logits']
            if isinstance(total, float):
                total = np.zeros((*logits.shape[:2], *images.shape[2:]), np.float32)
            total[:, :, top:bottom, left:right] += logits
            count[top:bottom, left:right] += 1
    return total / count


if __name__ == '__main__':
    main()
