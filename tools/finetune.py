"""From labelled pictures and a pre-trained encoder to a model, in one command.

    python tools/finetune.py my_animals --task classify --from my_model --out my_classifier

--from is the --out of mmaddp pretrain, a checkpoint with its config beside it, or the name of
released weights. Looks at pictures and labels, plans for them, this machine and the time, writes a
configuration, trains, tests on held-out pictures, draws, and writes report.html. The same command
continues where it was stopped. --plan shows the plan and stops.

For classify, the folder holds a folder of pictures for each class; for detect, pictures and a COCO
file; for segment, images/ and labels/ with the same names. train and val in them are kept apart;
otherwise a fifth of the pictures is held out.
"""

import argparse
import os
import sys
import time
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1]))

from mmaddp.run.argument_types import address, path, seconds, seed
from mmaddp.run.arguments import ToolParser
from mmaddp.run.user_errors import user_errors

TASKS = ('classify', 'detect', 'segment')


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = ToolParser(__doc__)
    parser.add_argument('data', type=path, help='folder of the labelled pictures')
    parser.add_argument('--task', choices=TASKS, required=True, help='what is learnt')
    parser.add_argument(
        '--from',
        dest='start',
        metavar='DIR_OR_NAME',
        type=address,
        required=True,
        help='the encoder: --out of mmaddp pretrain, a checkpoint, or mmaddp://addp-vit-base',
    )
    parser.add_argument('--out', type=path, required=True, help='folder for all that is made')
    parser.add_argument(
        '--annotations',
        metavar='FILE',
        type=path,
        help='COCO file of all pictures, for detect; default: train.json and val.json, '
        'annotations/instances_train.json and so on, or annotations.json in the folder',
    )
    parser.add_argument(
        '--budget', type=seconds, default=600.0, help='time for all, as in 10m or 2h; default 10m'
    )
    parser.add_argument(
        '--device', choices=['cpu', 'cuda'], help='default: cuda if there is one, else cpu'
    )
    parser.add_argument('--seed', type=seed, default=0, help='of everything; default 0')
    parser.add_argument('--plan', action='store_true', help='show and write the plan, then stop')
    return parser.parse_args()


def main() -> None:
    """Run the tool."""
    args = parse_args()
    with user_errors('finetune', args.traceback, lambda: 'The same command continues.'):
        started = time.perf_counter()
        if args.device == 'cpu':  # the tools that are started must not see one either
            os.environ['CUDA_VISIBLE_DEVICES'] = ''
        import torch
        from mmengine.logging import MMLogger

        from mmaddp.own.finetuning.finetune import finetune
        from mmaddp.own.finetuning.plan import Wishes

        device = args.device or ('cuda' if torch.cuda.is_available() else 'cpu')
        if device == 'cuda' and not torch.cuda.is_available():
            raise ValueError('--device cuda: PyTorch finds no GPU here; take --device cpu.')
        annotations = None if args.annotations is None else str(args.annotations)
        wishes = Wishes(args.task, args.start, args.budget, device, args.seed, annotations)
        MMLogger.get_current_instance().setLevel('WARNING')  # the training has a log of its own
        loading = time.perf_counter() - started
        finetune(args.data, args.out, wishes, args.plan, loading)


if __name__ == '__main__':
    main()
