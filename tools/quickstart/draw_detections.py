"""Draw what a detector finds in small pictures, enlarged, on one sheet.

python tools/quickstart/draw_detections.py CONFIG CHECKPOINT IMAGE... --out work_dirs/found.png
"""

import argparse
import tempfile
from pathlib import Path

from PIL import Image

import mmaddp  # noqa: F401, before any host: it mends what they miss
from mmaddp.apis import detect
from mmaddp.run.arguments import ToolParser
from mmaddp.run.user_errors import user_errors
from mmaddp.utils.images import image_grid, read_png, save_png


def parse_args() -> argparse.Namespace:
    parser = ToolParser(__doc__)
    parser.add_argument('config', help='configuration of the detector')
    parser.add_argument('checkpoint', help='its checkpoint')
    parser.add_argument('images', nargs='+', type=Path, help='pictures of equal size')
    parser.add_argument('--out', type=Path, required=True, help='PNG file to write')
    parser.add_argument('--zoom', type=int, default=3, help='enlargement, default 3')
    parser.add_argument('--columns', type=int, default=4, help='pictures per row, default 4')
    parser.add_argument('--score', type=float, default=0.5, help='lowest score, default 0.5')
    return parser.parse_args()


def enlarge(images: list[Path], folder: Path, zoom: int) -> None:
    """Write enlarged copies; the detector's own pipeline makes them small again."""
    for index, path in enumerate(images):
        with Image.open(path) as image:
            size = (zoom * image.width, zoom * image.height)
            image.convert('RGB').resize(size, Image.Resampling.BICUBIC).save(
                folder / f'{index:04}.png'
            )


def main() -> None:
    args = parse_args()
    with user_errors('draw_detections', args.traceback), tempfile.TemporaryDirectory() as name:
        large, drawn = Path(name, 'large'), Path(name, 'drawn')
        large.mkdir()
        enlarge(args.images, large, args.zoom)
        found = detect(
            large, args.config, args.checkpoint, out_dir=drawn, score_threshold=args.score
        )
        sheet = image_grid([read_png(path) for path in sorted(drawn.iterdir())], args.columns)
        args.out.parent.mkdir(parents=True, exist_ok=True)
        save_png(sheet, args.out)
        number = sum(len(result['scores']) for result in found)
        print(f'Wrote {args.out}: {number} objects in {len(found)} pictures.')


if __name__ == '__main__':
    main()
