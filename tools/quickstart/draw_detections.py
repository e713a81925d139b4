"""Draw what a detector finds in small pictures, enlarged, on one sheet.

    python tools/quickstart/draw_detections.py CONFIG CHECKPOINT IMAGE... --out work_dirs/found.png

Each object has its mask, its box, and a label with class and score, large enough to read.
"""

import argparse
import sys
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

sys.path.append(str(Path(__file__).resolve().parents[2]))

from mmaddp.run.argument_types import address, path, positive, share
from mmaddp.run.arguments import ToolParser
from mmaddp.run.user_errors import user_errors

# One for each class in turn, easy to tell apart on dark pictures.
COLOURS = (
    *('#e6194b', '#3cb44b', '#ffe119', '#4363d8', '#f58231'),
    *('#911eb4', '#42d4f4', '#f032e6', '#bfef45', '#fabed4'),
)
LABEL_PIXELS = 18
MASK_SHARE = 0.5


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = ToolParser(__doc__)
    parser.add_argument('config', type=address, help='configuration of the detector')
    parser.add_argument('checkpoint', type=address, help='its checkpoint')
    parser.add_argument('images', nargs='+', type=path, help='pictures of equal size')
    parser.add_argument('--out', type=path, required=True, help='PNG file to write')
    parser.add_argument('--zoom', type=positive, default=3, help='enlargement, default 3')
    parser.add_argument('--columns', type=positive, default=4, help='pictures per row, default 4')
    parser.add_argument('--score', type=share, default=0.5, help='lowest score, default 0.5')
    return parser.parse_args()


def draw(image: Image.Image, objects: dict, zoom: int) -> Image.Image:
    """Draw the objects of a picture, RGB, over an enlarged copy; the best one lies on top."""
    size = (zoom * image.width, zoom * image.height)
    canvas = image.resize(size, Image.Resampling.BICUBIC)
    colours = [COLOURS[int(label) % len(COLOURS)] for label in objects['labels']]
    boxes = [[zoom * float(side) for side in box] for box in objects['bboxes']]
    for mask, box, colour in reversed(list(zip(objects['masks'], boxes, colours))):
        opacity = round(255 * MASK_SHARE) * np.asarray(mask).astype(np.uint8)
        canvas.paste(colour, mask=Image.fromarray(opacity).resize(size))
        ImageDraw.Draw(canvas).rectangle(box, outline=colour, width=2)
    taken = []
    for name, score, box, colour in zip(objects['names'], objects['scores'], boxes, colours):
        taken.append(write_label(canvas, f'{name}  {float(score):.0%}', colour, box, taken))
    return canvas


def write_label(canvas: Image.Image, text: str, colour: str, box: list, taken: list) -> tuple:
    """Write a label at a corner of a box, if possible without covering earlier labels.

    Returns:
        tuple: Left, top, right and bottom of the label.
    """
    pen = ImageDraw.Draw(canvas)
    font = ImageFont.load_default(size=LABEL_PIXELS)
    width, height = round(pen.textlength(text, font)) + 6, LABEL_PIXELS + 4
    left, top, right, bottom = box
    corners = [(left, top - height), (left, bottom), (right, top), (right, bottom - height)]
    places = []
    for x, y in corners:
        x = min(max(round(x), 0), canvas.width - width)
        y = min(max(round(y), 0), canvas.height - height)
        places.append((x, y, x + width, y + height))
    place = next((one for one in places if not any(overlap(one, two) for two in taken)), places[0])
    pen.rectangle(place, fill=colour)
    pen.text((place[0] + 3, place[1]), text, 'black', font)
    return place


def overlap(one: tuple, two: tuple) -> bool:
    """Whether two rectangles (left, top, right, bottom) share a point."""
    return one[0] < two[2] and two[0] < one[2] and one[1] < two[3] and two[1] < one[3]


def main() -> None:
    """Run the tool."""
    args = parse_args()
    with user_errors('draw_detections', args.traceback):
        import torch

        from mmaddp.apis import detect
        from mmaddp.utils.images import image_grid, save_png

        found = detect(args.images, args.config, args.checkpoint, score_threshold=args.score)
        drawn = []
        for file, objects in zip(args.images, found):
            with Image.open(file) as image:
                canvas = draw(image.convert('RGB'), objects, args.zoom)
            drawn.append(torch.from_numpy(np.array(canvas)).movedim(-1, 0) / 255)
        save_png(image_grid(drawn, args.columns), args.out)
        number = sum(len(objects['scores']) for objects in found)
        print(f'Wrote {args.out}: {number} objects in {len(found)} pictures.')


if __name__ == '__main__':
    main()
