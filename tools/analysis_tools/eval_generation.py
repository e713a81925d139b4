r"""Score generated or reconstructed images: FID, Inception Score, KID, precision and recall.

Folders of images, or the test loop of a configuration for one or more of its checkpoints:

    python tools/analysis_tools/eval_generation.py --images DIR --reference DIR
    python tools/analysis_tools/eval_generation.py --config CONFIG --checkpoints CKPT... \
        --reference DIR

With a tokenizer's configuration and no reference, reconstructions are compared with their
originals. The result states its protocol; several sets or checkpoints give a table and a curve.
On several GPUs: python -m torch.distributed.run --nproc_per_node=8 ... --launcher pytorch
"""

import argparse
import sys
from pathlib import Path
from typing import Any, Optional

sys.path.append(str(Path(__file__).resolve().parents[2]))

from mmaddp.run.argument_types import address, positive
from mmaddp.run.arguments import ToolParser, add_common_arguments, config_arguments
from mmaddp.run.user_errors import user_errors
from mmaddp.utils.atomic import atomic_path, write_json
from mmaddp.utils.output_names import distinct_names

# Same as in mmaddp.evaluation.fidelity.ScoreSettings, which imports PyTorch; a test compares them.
SETTINGS = dict(is_splits=10, kid_subsets=100, kid_subset_size=1000, prc_neighborhood=3)
FOLDERS = ('allow_lossy', 'resize_and_crop', 'num_images', 'num_workers')


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = ToolParser(__doc__)
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument(
        '--images', nargs='+', type=address, metavar='[NAME=]DIR', help='folders, or .npz files'
    )
    what.add_argument('--config', type=address, help='config whose test loop makes the images')
    parser.add_argument(
        '--checkpoints', nargs='+', type=address, help='checkpoints of --config, in order'
    )
    parser.add_argument(
        '--reference', type=address, help='folder, .npz (ADM) or statistics .safetensors'
    )
    parser.add_argument(
        '--scores', nargs='+', default=['fid', 'is'], help='from fid, is, kid, prc; default fid is'
    )
    parser.add_argument('--out', type=address, help='JSON file for scores and protocol')
    parser.add_argument(
        '--curve', type=address, help='PNG file for a curve of the FID of all sets or checkpoints'
    )
    _add_extractor_arguments(parser.add_argument_group('extractor'))
    _add_setting_arguments(parser.add_argument_group("settings; defaults are torch-fidelity's"))
    add_common_arguments(parser)
    args = parser.parse_args()
    if (args.config is None) != (args.checkpoints is None):
        parser.error('--config and --checkpoints belong together')
    return args


def _add_extractor_arguments(group) -> None:
    group.add_argument(
        '--feature-weights', type=address, help='weights of the Inception; default: downloaded'
    )
    group.add_argument(
        '--prc-weights', type=address, help='weights of the VGG16 for prc; default: downloaded'
    )
    group.add_argument(
        '--extractor', type=address, help='config of your own model in place of both'
    )
    group.add_argument('--extractor-checkpoint', type=address, help='its checkpoint')
    group.add_argument('--extractor-size', type=positive, help='side to resize images to, for it')
    group.add_argument(
        '--layers',
        nargs='+',
        default=[],
        type=score_layer,
        metavar='SCORE=LAYER',
        help="other layers of torch-fidelity's networks, as in fid=768",
    )


def _add_setting_arguments(group) -> None:
    texts = dict(
        is_splits='parts of the images for the spread of the Inception Score',
        kid_subsets='random subsets for KID',
        kid_subset_size='images in each subset',
        prc_neighborhood='nearest neighbours for precision and recall',
    )
    for name, default in SETTINGS.items():
        flag = f'--{name.replace("_", "-")}'
        text = f'{texts[name]}; default {default}'
        group.add_argument(flag, type=positive, default=default, help=text)
    group.add_argument('--batch-size', type=positive, default=64, help='default 64')
    group.add_argument('--num-workers', type=positive, default=4, help='threads that read images')
    group.add_argument(
        '--num-images', type=positive, help='images to take from every set, evenly spaced'
    )
    group.add_argument('--resize-and-crop', type=positive, help='size for images and reference')
    group.add_argument('--allow-lossy', action='store_true', help='accept JPEG and WebP files')
    group.add_argument(
        '--cache-dir',
        type=address,
        default='work_dirs/reference_statistics',
        help='folder for statistics of references; default work_dirs/reference_statistics',
    )
    group.add_argument('--no-cache', action='store_true', help='keep no reference statistics')


def score_layer(text: str) -> tuple[str, str]:
    """Read 'fid=768'."""
    score, separator, layer = text.partition('=')
    if not separator or not score or not layer:
        raise argparse.ArgumentTypeError(f'takes SCORE=LAYER, as in fid=768, got {text}')
    return score, layer


def scoring_arguments(args: argparse.Namespace) -> dict[str, Any]:
    """Arguments of :class:`mmaddp.run.scoring.Scoring`."""
    names = ('scores', 'reference', 'batch_size', 'feature_weights', 'prc_weights')
    extractor = None
    if args.extractor is not None:
        extractor = dict(config=args.extractor, checkpoint=args.extractor_checkpoint)
        extractor |= dict(input_size=args.extractor_size)
    return dict(
        {name: getattr(args, name) for name in names},
        settings={name: getattr(args, name) for name in SETTINGS},
        folders={name: getattr(args, name) for name in FOLDERS},
        cache_dir=None if args.no_cache else args.cache_dir,
        layers=dict(args.layers),
        extractor=extractor,
    )


def table(results: dict[str, dict]) -> str:
    """All scores as a table in Markdown."""
    names = list(next(iter(results.values()))['scores'])
    lines = [f'| images | {" | ".join(names)} |', f'| --- |{" ---: |" * len(names)}']
    for name, result in results.items():
        values = ' | '.join(f'{result["scores"][score]:.6g}' for score in names)
        lines.append(f'| {name} | {values} |')
    return '\n'.join(lines)


def draw_curve(results: dict[str, dict], path: str) -> None:
    """Draw the FID of every set, in the order given."""
    import matplotlib

    matplotlib.use('Agg')
    from matplotlib import pyplot as plt

    figure, axis = plt.subplots(figsize=(6, 4))
    names = distinct_names(list(results), separator='/', whole=True)
    axis.plot(names, [result['scores']['fid'] for result in results.values()], marker='o')
    axis.set_ylabel('FID')
    axis.grid(True, alpha=0.3)
    figure.autofmt_xdate()
    figure.tight_layout()
    with atomic_path(path) as unfinished:
        figure.savefig(unfinished, format='png', dpi=120)
    plt.close(figure)


def report(results: dict[str, dict], out: Optional[str], curve: Optional[str]) -> None:
    """Print and write the results."""
    from mmaddp.evaluation.fidelity import protocol_text

    for name, result in results.items():
        print(f'== {name}\n{protocol_text(result["protocol"])}\n')
    print(table(results))
    if out is not None:
        write_json(out, results)
    if curve is not None:
        draw_curve(results, curve)


def main() -> None:
    """Run the tool."""
    args = parse_args()
    with user_errors('eval_generation', args.traceback):
        from mmengine.dist import is_main_process

        from mmaddp.run.scoring import Scoring, score_checkpoints, score_folders

        if args.curve is not None and 'fid' not in args.scores:
            raise ValueError('--curve draws the FID: it must be among --scores.')
        scoring = Scoring(**scoring_arguments(args))
        if args.images:
            outputs = dict(out=args.out, curve=args.curve)
            results = score_folders(args.images, scoring, args.launcher, outputs)
        else:
            results = score_checkpoints(args.checkpoints, scoring, **config_arguments(args))
        if is_main_process():
            report(results, args.out, args.curve)


if __name__ == '__main__':
    main()
