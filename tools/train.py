"""Train a configuration."""

import argparse

from mmengine.config import Config
from mmengine.dist import is_main_process
from mmengine.registry import RUNNERS
from mmengine.runner import Runner

import mmaddp  # noqa: F401, before any host: it mends what they miss
from mmaddp.run.arguments import add_common_arguments, config_arguments
from mmaddp.run.config import DATALOADERS, read_config
from mmaddp.run.dry_run import dry_run
from mmaddp.run.inputs import check_inputs


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('config', help='configuration file')
    parser.add_argument(
        '--resume',
        nargs='?',
        const='auto',
        help='checkpoint to resume from; without a path, the latest in the work directory',
    )
    parser.add_argument('--amp', action='store_true', help='use automatic mixed precision')
    parser.add_argument('--no-validate', action='store_true', help='leave validation out')
    parser.add_argument(
        '--auto-scale-lr',
        action='store_true',
        help='scale the learning rate from the base batch size to the actual one',
    )
    parser.add_argument('--no-pin-memory', action='store_true', help='do not pin memory')
    parser.add_argument(
        '--no-persistent-workers', action='store_true', help='restart workers at each epoch'
    )
    parser.add_argument(
        '--dry-run',
        action='store_true',
        help='build everything, run two steps, report size, memory and time; absent data and '
        'weights are replaced by random ones',
    )
    add_common_arguments(parser)
    return parser.parse_args()


def amp_options(config: str) -> dict[str, str]:
    """Options that turn mixed precision on, in every optimiser of a configuration."""
    settings = Config.fromfile(config).get('optim_wrapper', {})
    parts = [name for name, part in settings.items() if isinstance(part, dict)]
    several = 'optimizer' not in parts
    prefixes = [f'optim_wrapper.{name}' for name in parts] if several else ['optim_wrapper']
    return {f'{prefix}.type': 'AmpOptimWrapper' for prefix in prefixes}


def apply_flags(cfg: Config, args: argparse.Namespace) -> None:
    """Write what the flags say into the configuration."""
    if args.resume is not None:
        cfg.resume = True
        cfg.load_from = None if args.resume == 'auto' else args.resume
    if args.no_validate:
        cfg.val_cfg = cfg.val_dataloader = cfg.val_evaluator = None
    if args.auto_scale_lr:
        if not cfg.get('auto_scale_lr'):
            raise ValueError(f'--auto-scale-lr needs auto_scale_lr in {args.config}.')
        cfg.auto_scale_lr.enable = True
    for name in DATALOADERS:
        if cfg.get(name) is None:
            continue
        if args.no_pin_memory:
            cfg[name].pin_memory = False
        if args.no_persistent_workers:
            cfg[name].persistent_workers = False


def main() -> None:
    args = parse_args()
    if args.amp:
        args.cfg_options |= amp_options(args.config)
    cfg = read_config(**config_arguments(args))
    apply_flags(cfg, args)
    if args.dry_run:
        report = dry_run(cfg)
        if is_main_process():
            print(report)
        return
    check_inputs(cfg, ('train_dataloader', 'val_dataloader'))
    runner = RUNNERS.build(cfg) if 'runner_type' in cfg else Runner.from_cfg(cfg)
    runner.train()


if __name__ == '__main__':
    main()
