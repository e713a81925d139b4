"""Let a classifier with a "none" class judge folders of images.

    python tools/quickstart/judge_images.py CONFIG CHECKPOINT NAME=DIR... --out FILE.json

Writes, per folder: the number of images, the share that is accepted as one of the real classes, and
how many fell into each class.
"""

import argparse
import sys
from pathlib import Path

import numpy as np

sys.path.append(str(Path(__file__).resolve().parents[2]))

from mmaddp.run.argument_types import address, path
from mmaddp.run.arguments import ToolParser
from mmaddp.run.user_errors import user_errors
from mmaddp.utils.atomic import write_json


def judge(model, pipeline, files: list[Path], classes: list[str]) -> dict:
    """Classify files; the last class is the rejection."""
    import torch

    samples = [pipeline(dict(img_path=str(file))) for file in files]
    labels = []
    with torch.no_grad():
        for start in range(0, len(samples), 256):
            part = samples[start : start + 256]
            batch = {key: [sample[key] for sample in part] for key in part[0]}
            labels += [int(result.pred_label) for result in model.test_step(batch)]
    counts = np.bincount(labels, minlength=len(classes))
    accepted = 1 - counts[-1] / len(files)
    histogram = {name: int(count) for name, count in zip(classes, counts)}
    return dict(num_images=len(files), accepted=float(accepted), histogram=histogram)


def main() -> None:
    """Run the tool."""
    parser = ToolParser(__doc__)
    parser.add_argument('config', type=address, help='configuration of the classifier')
    parser.add_argument('checkpoint', type=address, help='its checkpoint')
    parser.add_argument('folders', nargs='+', metavar='NAME=DIR', help='searched recursively')
    parser.add_argument('--out', type=path, required=True, help='JSON file to write')
    args = parser.parse_args()
    with user_errors('judge_images', args.traceback):
        run(args)


def run(args: argparse.Namespace) -> None:
    """Judge all folders and write the result.

    Raises:
        ValueError: An argument is not of the form NAME=DIR, or a folder holds no PNG.
    """
    from mmengine.config import Config
    from mmengine.dataset import Compose
    from mmpretrain.registry import TRANSFORMS  # noqa: F401, fills the host's registry

    from mmaddp.apis import build_model

    cfg = Config.fromfile(args.config)
    model = build_model(cfg, args.checkpoint)
    pipeline = Compose(cfg.test_dataloader.dataset.pipeline)
    classes = list(cfg.test_dataloader.dataset.classes)
    results = {}
    for entry in args.folders:
        name, separator, folder = entry.partition('=')
        if not separator:
            raise ValueError(f'{entry!r} is not of the form NAME=DIR')
        files = sorted(Path(folder).rglob('*.png'))
        if not files:
            raise ValueError(f'{folder!r} holds no .png')
        results[name] = judge(model, pipeline, files, classes)
        print(f'{name}: {results[name]["accepted"]:.1%} of {len(files)} accepted')
    write_json(args.out, results)


if __name__ == '__main__':
    main()
