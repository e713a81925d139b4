"""Stage of segmentation: UperNet on the scenes, from ADDP's encoder and from scratch."""

from pathlib import Path

from run import Run

from mmaddp.own.stage import Figure, Picture, Stage, last_scalars
from mmaddp.utils.atomic import write_json

UPERNET = 'configs/quickstart/upernet-vit-w96-p8_1xb8-1800i_digit-scenes.py'
STARTS = ('addp', 'scratch')


def segment(run: Run) -> dict:
    """Train twice for equally long; draw the label maps of both beside the true ones."""
    folder = run.folder('segmentation')
    scenes = run.data / 'digits' / 'segmentation'
    runs = []
    for start in STARTS:
        options = settings(run, scenes)
        if start == 'addp':
            options['model.backbone.init_cfg.checkpoint'] = str(run.checkpoint('addp'))
        else:
            options['model.backbone.init_cfg'] = None
        runs.append(dict(config=UPERNET, work_dir=str(folder / start), options=options))
    write_json(folder / 'runs.json', runs)
    run.call('segmentation', 'quickstart/train_several.py', folder / 'runs.json')
    draw(run, scenes)
    figures = {f'miou_{start}': last_scalars(folder / start)['mIoU'] for start in STARTS}
    return figures | dict(gain=figures['miou_addp'] - figures['miou_scratch'])


def settings(run: Run, scenes: Path) -> dict:
    """Settings that both trainings of the stage share."""
    options = {f'{split}_dataloader.dataset.data_root': str(scenes) for split in ('train', 'val')}
    options['randomness.seed'] = run.seed
    if run.smoke:
        options |= {'train_cfg.max_iters': 2, 'train_cfg.val_interval': 2}
        options |= {'train_dataloader.batch_size': 2, 'default_hooks.checkpoint.interval': 2}
    return options


def draw(run: Run, scenes: Path) -> None:
    """Draw the first held-out scenes, their true label maps and those of both trainings."""
    images = sorted((scenes / 'images' / 'validation').glob('*.png'))[:8]
    labels = ('--labels', scenes / 'annotations' / 'validation')
    weights = ('--weights', *(run.checkpoint(f'segmentation/{start}') for start in STARTS))
    out = ('--out', run.folder('segmentation') / 'label_maps.png')
    arguments = (UPERNET, *images, *labels, *weights, *out)
    run.call('segmentation', 'quickstart/draw_segmentation.py', *arguments)


SEGMENTATION = Stage(
    'segmentation',
    segment,
    dict(
        miou_addp=Figure('mIoU from ADDP', '{:.1f}'),
        miou_scratch=Figure('from scratch', '{:.1f}'),
        gain=Figure('gain by ADDP', '{:.1f}', at_least=1.0),
    ),
    (
        Picture(
            'Segmented scenes',
            'segmentation/label_maps.png',
            'The first held-out scenes, not chosen; their label maps, white where ignored; '
            'what UperNet predicts from ADDP, and from scratch. A colour is a digit.',
        ),
    ),
)
