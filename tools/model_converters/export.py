"""Write a trained model for ONNX Runtime, OpenVINO or PyTorch alone, and compare it with itself.

    python tools/model_converters/export.py NAME --to onnx --out work_dirs/exported

NAME is what ``mmaddp.load`` takes: released weights, the folder of a training, of mmaddp pretrain
or of mmaddp finetune, or a checkpoint (with --config where its folder has none). The files take
any batch and any size, where a network does; 20 random shapes are compared with the model, and
beyond a difference of 1e-4 nothing is written. No file is overwritten. ``examples/export/`` has
programs that use the files with NumPy, Pillow and a runtime alone. Needs the extra: pip install
'mmaddp[export]'.
"""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[2]))

from mmaddp.export.names import TARGETS, TASKS
from mmaddp.run.argument_types import address, path
from mmaddp.run.arguments import ToolParser, add_options_argument
from mmaddp.run.user_errors import user_errors


def main() -> None:
    """Run the tool."""
    parser = ToolParser(__doc__)
    parser.add_argument('name', type=address, help='released weights, a folder or a checkpoint')
    parser.add_argument('--to', choices=TARGETS, default='onnx', help='kind of file; default onnx')
    parser.add_argument('--out', type=path, required=True, help='folder for the files')
    parser.add_argument(
        '--task',
        choices=TASKS,
        help='what the files do; default: what the model was trained for, features of an ADDP',
    )
    parser.add_argument('--config', type=address, help='config of a checkpoint')
    add_options_argument(parser)
    args = parser.parse_args()
    with user_errors('export', args.traceback):
        from mmaddp.apis import load
        from mmaddp.export.exporting import check_target

        check_target(args.to)
        model = load(args.name, args.config, cfg_options=args.cfg_options, device='cpu')
        for file, difference in model.export(args.out, args.to, task=args.task).items():
            print(f'Wrote {file}: largest difference over 20 shapes {difference}')


if __name__ == '__main__':
    main()
