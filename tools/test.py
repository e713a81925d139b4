"""Test a checkpoint with the test data and metrics of its configuration."""

import argparse

from mmengine.registry import RUNNERS
from mmengine.runner import Runner

import mmaddp  # noqa: F401, before any host: it mends what they miss
from mmaddp.engine.inputs import check_inputs
from mmaddp.engine.run_config import add_common_arguments, read_config


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('config', help='configuration file')
    parser.add_argument('checkpoint', help='checkpoint file')
    parser.add_argument('--out', help='file (.pkl) for all predictions')
    add_common_arguments(parser)
    args = parser.parse_args()
    if args.out is not None and not args.out.endswith(('.pkl', '.pickle')):
        parser.error(f'--out must be a .pkl file, got {args.out}')
    return args


def main() -> None:
    args = parse_args()
    cfg = read_config(args)
    if cfg.get('test_dataloader') is None:
        raise ValueError(f'{args.config} has no test_dataloader, so there is nothing to test.')
    cfg.load_from, cfg.resume = args.checkpoint, False
    check_inputs(cfg, ('test_dataloader',), pretrained=False)
    if args.out is not None:
        metrics = (
            cfg.test_evaluator if isinstance(cfg.test_evaluator, list) else [cfg.test_evaluator]
        )
        cfg.test_evaluator = [*metrics, dict(type='DumpResults', out_file_path=args.out)]
    runner = RUNNERS.build(cfg) if 'runner_type' in cfg else Runner.from_cfg(cfg)
    runner.test()


if __name__ == '__main__':
    main()
