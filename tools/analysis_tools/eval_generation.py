"""Score generated or reconstructed images: FID, Inception Score, KID, precision and recall.

Folders of images, or the test loop of a configuration for one or more of its checkpoints:

    python tools/analysis_tools/eval_generation.py --images DIR --reference DIR
    python tools/analysis_tools/eval_generation.py --config CONFIG --checkpoints CKPT... \
        --reference DIR

With a tokenizer's configuration and no reference, reconstructions are compared with their
originals. The result names its protocol; several sets or checkpoints give a table and a curve.
On several GPUs: python -m torch.distributed.run --nproc_per_node=8 ... --launcher pytorch
"""

import argparse
import json
import tempfile
from collections import Counter
from pathlib import Path
from typing import Optional

from mmengine.config import Config
from mmengine.dist import init_dist, is_distributed, is_main_process
from mmengine.runner import Runner

import mmaddp  # noqa: F401, before any host: it mends what they miss
from mmaddp.evaluation.fidelity import (
    ImageSet,
    Scorer,
    ScoreSettings,
    check_numbers,
    generation_run,
    load_references,
    named_sets,
    open_images,
    open_reference,
    protocol_text,
    score_images,
)
from mmaddp.registry import TASK_UTILS
from mmaddp.run.arguments import add_common_arguments, config_arguments
from mmaddp.run.config import read_config
from mmaddp.run.inputs import check_inputs
from mmaddp.run.launch import prepare_launch
from mmaddp.run.user_errors import user_errors
from mmaddp.utils.atomic import atomic_path, write_json
from mmaddp.utils.config_types import type_name
from mmaddp.utils.hashing import file_sha256
from mmaddp.utils.output_names import distinct_names, refuse_overwriting
from mmaddp.weights.addresses import local_path


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument('--images', nargs='+', metavar='[NAME=]DIR', help='folders, or .npz files')
    what.add_argument('--config', help='config whose test loop makes the images')
    parser.add_argument('--checkpoints', nargs='+', help='checkpoints of --config, in order')
    parser.add_argument('--reference', help='folder, .npz (ADM) or statistics .safetensors')
    parser.add_argument(
        '--scores', nargs='+', default=['fid', 'is'], help='of fid, is, kid, prc; default fid is'
    )
    parser.add_argument('--out', help='JSON file for scores and protocol')
    parser.add_argument('--curve', help='PNG file for the FID of all sets or checkpoints')
    _add_extractor_arguments(parser.add_argument_group('extractor'))
    _add_setting_arguments(parser.add_argument_group("settings; defaults are torch-fidelity's"))
    add_common_arguments(parser)
    args = parser.parse_args()
    if (args.config is None) != (args.checkpoints is None):
        parser.error('--config and --checkpoints belong together')
    return args


def _add_extractor_arguments(group) -> None:
    group.add_argument('--feature-weights', help='weights of the Inception; default: downloaded')
    group.add_argument('--prc-weights', help='weights of the VGG16 for prc; default: downloaded')
    group.add_argument('--extractor', help='config of a model of yours in place of both')
    group.add_argument('--extractor-checkpoint', help='its checkpoint')
    group.add_argument('--extractor-size', type=int, help='side to resize images to, for it')
    group.add_argument(
        '--layers',
        nargs='+',
        default=[],
        metavar='SCORE=LAYER',
        help="other layers of torch-fidelity's networks, as in fid=768",
    )


def _add_setting_arguments(group) -> None:
    defaults = ScoreSettings()
    for name in ('is_splits', 'kid_subsets', 'kid_subset_size', 'prc_neighborhood'):
        flag = f'--{name.replace("_", "-")}'
        group.add_argument(flag, type=int, default=getattr(defaults, name))
    group.add_argument('--batch-size', type=int, default=64)
    group.add_argument('--num-workers', type=int, default=4, help='threads that read images')
    group.add_argument('--num-images', type=int, help='take so many of each side, evenly spaced')
    group.add_argument('--resize-and-crop', type=int, help='size for images and reference')
    group.add_argument('--allow-lossy', action='store_true', help='accept JPEG and WebP files')
    group.add_argument('--cache-dir', default='work_dirs/reference_statistics')
    group.add_argument('--no-cache', action='store_true', help='keep no reference statistics')


def settings_of(args: argparse.Namespace) -> dict:
    """Settings of the scores."""
    names = ('is_splits', 'kid_subsets', 'kid_subset_size', 'prc_neighborhood')
    return {name: getattr(args, name) for name in names}


def folder_options(args: argparse.Namespace) -> dict:
    """How the images of a folder are read."""
    names = ('allow_lossy', 'resize_and_crop', 'num_images', 'num_workers')
    return {name: getattr(args, name) for name in names}


def extractor_configs(args: argparse.Namespace) -> list[tuple[dict, list[str]]]:
    """Configs of the extractors, each with the scores that it serves."""
    if args.extractor is not None:
        own = dict(type='mmaddp.BackboneExtractor', config=args.extractor)
        own |= dict(checkpoint=args.extractor_checkpoint, input_size=args.extractor_size)
        return [(own, args.scores)]
    pairs = [entry.partition('=') for entry in args.layers]
    layers = {score: layer for score, _, layer in pairs}
    main = [score for score in args.scores if score != 'prc']
    kind = dict(type='mmaddp.FidelityExtractor')
    found = []
    if main:
        chosen = {score: layer for score, layer in layers.items() if score != 'prc'}
        found.append((dict(kind, weights=args.feature_weights, layers=chosen), main))
    if 'prc' in args.scores:
        chosen = {'prc': layers['prc']} if 'prc' in layers else {}
        network = dict(kind, name='vgg16', weights=args.prc_weights, layers=chosen)
        found.append((network, ['prc']))
    return found


def start_processes(launcher: str) -> None:
    """Make the process group of a distributed launch, on GPUs or CPUs."""
    prepare_launch(Config(dict(launcher=launcher)))
    if launcher != 'none' and not is_distributed():
        init_dist(launcher)


def score_folders(args: argparse.Namespace) -> dict[str, dict]:
    """Score every folder; results by name."""
    start_processes(args.launcher)
    paths = named_sets(args.images)
    read = [*paths.values(), *filter(None, [args.reference])]
    for option in ('out', 'curve'):
        refuse_overwriting(filter(None, [getattr(args, option)]), read, f'--{option}', beside=True)
    sets = {name: open_images(path, **folder_options(args)) for name, path in paths.items()}
    source = None
    if args.reference is not None:
        source = open_reference(args.reference, **folder_options(args))
    settings = ScoreSettings(**settings_of(args))
    scorers = [
        Scorer(TASK_UTILS.build(config), scores, settings)
        for config, scores in extractor_configs(args)
    ]
    for scorer in scorers:
        for images in sets.values():
            # Before the features of a large reference are extracted.
            number = len(source) if isinstance(source, ImageSet) else None
            check_numbers(scorer.scores, settings, len(images), number)
    cache_dir = None if args.no_cache else args.cache_dir
    references = load_references(source, scorers, cache_dir, args.batch_size)
    return {
        name: score_images(images, scorers, references, args.batch_size)
        for name, images in sets.items()
    }


def metric_configs(args: argparse.Namespace, cfg: Config, folder: str) -> list[dict]:
    """Metrics that take the place of the configuration's own."""
    keys = {}
    if type_name(cfg.model) == 'VQGANTraining':
        keys = dict(image_key='recon')
        if args.reference is None:
            keys['reference_key'] = 'image'
    return [
        dict(
            type='mmaddp.FidelityMetric',
            scores=scores,
            reference=args.reference,
            extractor=config,
            settings=settings_of(args),
            reference_options=folder_options(args),
            cache_dir=None if args.no_cache else args.cache_dir,
            batch_size=args.batch_size,
            out_file=f'{folder}/{number}.json',
            prefix=f'fidelity{number}',
            **keys,
        )
        for number, (config, scores) in enumerate(extractor_configs(args))
    ]


def score_checkpoints(args: argparse.Namespace) -> dict[str, dict]:
    """Run the test loop for every checkpoint; results by checkpoint."""
    results = {}
    (twice, count), *_ = Counter(args.checkpoints).most_common(1)
    if count > 1:
        raise ValueError(f'The checkpoint {twice} is given {count} times.')
    for number, checkpoint in enumerate(args.checkpoints):
        cfg = read_config(**config_arguments(args))
        if cfg.get('test_dataloader') is None:
            raise ValueError(f'{args.config} has no test loop, so it makes no images.')
        cfg.load_from, cfg.resume = checkpoint, False
        # Generated images of different checkpoints do not share a folder.
        cfg.work_dir = str(Path(cfg.work_dir) / f'{number}-{Path(checkpoint).stem}')
        cfg.test_cfg.pop('out_dir', None)
        cfg.experiment_name = f'{Path(args.config).stem}-{number}'
        check_inputs(cfg, ('test_dataloader',), pretrained=False)
        with tempfile.TemporaryDirectory() as folder:
            cfg.test_evaluator = metric_configs(args, cfg, folder)
            Runner.from_cfg(cfg).test()
            if is_main_process():
                parts = [json.loads(file.read_text()) for file in sorted(Path(folder).iterdir())]
                results[checkpoint] = _merged(parts, cfg, checkpoint)
    return results


def _merged(parts: list[dict], cfg: Config, checkpoint: str) -> dict:
    """One result from those of several extractors, with the run that made the images."""
    result = parts[0]
    for part in parts[1:]:
        result['scores'] |= part['scores']
        result['warnings'] += part['warnings']
        result['protocol']['extractors'] += part['protocol']['extractors']
        result['protocol']['reference'] = (
            result['protocol']['reference'] or part['protocol']['reference']
        )
    own = dict(config=cfg.filename, checkpoint=checkpoint)
    own |= dict(checkpoint_sha256=file_sha256(local_path(checkpoint)))
    manifest = generation_run(Path(cfg.work_dir) / 'samples')
    result['protocol']['images']['generation'] = manifest or own
    return result


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
    with user_errors('eval_generation'):
        if args.curve is not None and 'fid' not in args.scores:
            raise ValueError('--curve draws the FID: it must be among --scores.')
        results = score_folders(args) if args.images else score_checkpoints(args)
        if is_main_process():
            report(results, args.out, args.curve)


if __name__ == '__main__':
    main()
