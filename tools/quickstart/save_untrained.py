"""Save a model as it is before training, for comparisons.

    python tools/quickstart/save_untrained.py CONFIG --out work_dirs/untrained.pth --seed 0

Parts that the config loads from files are loaded; the rest is initialised at random.
"""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[2]))

from mmaddp.run.argument_types import address, path, seed
from mmaddp.run.arguments import ToolParser, add_options_argument
from mmaddp.run.user_errors import user_errors


def main() -> None:
    """Run the tool."""
    parser = ToolParser(__doc__)
    parser.add_argument('config', type=address, help='config of the model')
    parser.add_argument('--out', type=path, required=True, help='checkpoint to write, .pth')
    parser.add_argument('--seed', type=seed, default=0, help='of the random weights; default 0')
    add_options_argument(parser)
    args = parser.parse_args()
    with user_errors('save_untrained', args.traceback):
        import torch
        from mmengine.registry import init_default_scope
        from mmengine.runner import save_checkpoint, set_random_seed

        from mmaddp.registry import MODELS
        from mmaddp.run.config import read_config

        cfg = read_config(args.config, args.cfg_options)
        init_default_scope(cfg.get('default_scope', 'mmpretrain'))
        set_random_seed(args.seed)
        model = MODELS.build(cfg.model)
        model.init_weights()
        with torch.no_grad():
            save_checkpoint(dict(state_dict=model.state_dict()), str(args.out))
        print(f'Wrote {args.out}')


if __name__ == '__main__':
    main()
