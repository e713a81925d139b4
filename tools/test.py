"""Test a checkpoint with the test data and metrics of its configuration."""

import argparse

from mmengine.registry import RUNNERS
from mmengine.runner import Runner

import mmaddp  # noqa: F401, before any host: it mends what they miss
from mmaddp.run.arguments import add_common_arguments, config_arguments
from mmaddp.run.config import read_config
from mmaddp.run.inputs import check_inputs
from mmaddp.run.testing import (
    OUT_SUFFIXES,
    add_metric,
    augment_test,
    out_metric,
    show_predictions,
)
from mmaddp.run.user_errors import user_errors


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('config', help='configuration file')
    parser.add_argument('checkpoint', help='checkpoint file')
    parser.add_argument(
        '--out', help='file for all predictions: .pkl; for classification also .csv or .json'
    )
    parser.add_argument('--show-dir', help='folder for pictures of all predictions')
    parser.add_argument(
        '--report', help='folder for the figures of each class and the confusion matrix'
    )
    parser.add_argument(
        '--tta', action='store_true', help='test-time augmentation: tta_model, tta_pipeline'
    )
    add_common_arguments(parser)
    args = parser.parse_args()
    if args.out is not None and not args.out.endswith(OUT_SUFFIXES):
        parser.error(f'--out must end in one of {", ".join(OUT_SUFFIXES)}, got {args.out}')
    return args


def main() -> None:
    args = parse_args()
    with user_errors('test'):
        test(args)


def test(args: argparse.Namespace) -> None:
    """Run the test loop of a configuration."""
    cfg = read_config(**config_arguments(args))
    if cfg.get('test_dataloader') is None:
        raise ValueError(f'{args.config} has no test_dataloader, so there is nothing to test.')
    cfg.load_from, cfg.resume = args.checkpoint, False
    if args.show_dir is not None:
        show_predictions(cfg, args.show_dir)
    check_inputs(cfg, ('test_dataloader',), pretrained=False)
    if args.out is not None:
        add_metric(cfg, out_metric(args.out))
    if args.report is not None:
        add_metric(cfg, dict(type='mmaddp.ClassReport', out_dir=args.report))
    if args.tta:
        augment_test(cfg)
    runner = RUNNERS.build(cfg) if 'runner_type' in cfg else Runner.from_cfg(cfg)
    runner.test()


if __name__ == '__main__':
    main()
