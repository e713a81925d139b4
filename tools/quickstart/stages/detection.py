"""Stage of detection: Mask R-CNN on the scenes, from ADDP's encoder and from scratch."""

from digits import Digits, data_options
from PIL import Image

from mmaddp.apis import load
from mmaddp.own.stage import Figure, Picture, Stage
from mmaddp.utils.images import image_grid, read_png, save_png

CONFIG = 'mask-rcnn-vit-w96-p8_1xb4-700i_digit-scenes.py'
STARTS = dict(from_addp='from ADDP', from_scratch='from scratch')
KINDS = dict(bbox='box AP', segm='mask AP')
# Drawings are enlarged, so that labels can be read.
NUM_SHOWN, COLUMNS, ZOOM = 8, 4, 3


def detect(digits: Digits) -> dict:
    """Train from each start for equally long; draw what is found after ADDP's pre-training."""
    scenes = digits.pictures.with_name('detection')
    options = data_options(scenes, 'dataset.', in_process=True)
    options['val_evaluator.ann_file'] = str(scenes / 'annotations' / 'instances_val.json')
    if digits.smoke:
        options |= {'train_cfg.max_iters': 2, 'train_cfg.val_interval': 2}
        options['train_dataloader.batch_size'] = 2
    runs = {name: (CONFIG, options | weights) for name, weights in digits.starts().items()}
    results = digits.train_several('detection', runs)
    draw(digits, sorted((scenes / 'val').glob('*.png'))[:NUM_SHOWN])
    return {
        f'{kind}_{name}': results[name][f'coco/{kind}_mAP'] for name in STARTS for kind in KINDS
    }


def draw(digits: Digits, files: list) -> None:
    """Draw what is found in scenes."""
    folder = digits.out / 'detection'
    images = [Image.open(file).convert('RGB') for file in files]
    shown = [image.resize((ZOOM * image.width, ZOOM * image.height)) for image in images]
    load(folder / 'from_addp').detect(shown, draw=folder / 'drawn')
    drawn = [read_png(file) for file in sorted((folder / 'drawn').iterdir())]
    save_png(image_grid(drawn, COLUMNS), folder / 'found.png')


DETECTION = Stage(
    'detection',
    detect,
    {
        f'{kind}_{name}': Figure(f'{measure} {title}', '{:.1%}')
        for kind, measure in KINDS.items()
        for name, title in STARTS.items()
    },
    (
        Picture(
            'Detected digits',
            'detection/found.png',
            'What Mask R-CNN on ADDP finds in the first held-out scenes, not chosen, with '
            'scores of at least 0.3.',
        ),
    ),
)
