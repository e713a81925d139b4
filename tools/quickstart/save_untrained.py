"""Save a model as it is before training, for comparisons.

    python tools/quickstart/save_untrained.py CONFIG --out FILE [--seed 0]

Parts that the config loads from files are loaded; the rest is initialised at random.
"""

import argparse
from pathlib import Path

import torch
from mmengine.config import Config, DictAction
from mmengine.registry import init_default_scope
from mmengine.runner import save_checkpoint, set_random_seed

import mmaddp.engine  # noqa: F401, registers the checkpoint loader
from mmaddp.registry import MODELS


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split('\n\n')[0])
    parser.add_argument('config')
    parser.add_argument('--out', type=Path, required=True)
    parser.add_argument('--seed', type=int, default=0)
    parser.add_argument('--cfg-options', nargs='+', action=DictAction, default={})
    args = parser.parse_args()
    cfg = Config.fromfile(args.config)
    cfg.merge_from_dict(args.cfg_options)
    init_default_scope(cfg.get('default_scope', 'mmpretrain'))
    set_random_seed(args.seed)
    model = MODELS.build(cfg.model)
    model.init_weights()
    with torch.no_grad():
        save_checkpoint(dict(state_dict=model.state_dict()), str(args.out))
    print(f'Wrote {args.out}')


if __name__ == '__main__':
    main()
