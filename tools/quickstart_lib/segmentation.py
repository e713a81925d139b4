"""Stage of segmentation: UperNet on the scenes, from ADDP's encoder and from scratch."""

from .run import Figure, Picture, Run, Stage

UPERNET = 'configs/quickstart/upernet-vit-w96-p8_1xb8-400i_digit-scenes.py'
# What starts the encoder -> setting of its weights.
STARTS = ('addp', 'scratch')
SMOKE = {'train_cfg.max_iters': 2, 'train_cfg.val_interval': 2, 'train_dataloader.batch_size': 2}


def segment(run: Run) -> dict:
    """Train twice for equally long; draw the label maps of both beside the true ones."""
    scenes = run.data / 'digits' / 'segmentation'
    roots = {f'{split}_dataloader.dataset.data_root': scenes for split in ('train', 'val', 'test')}
    figures = {}
    for start in STARTS:
        options = dict(roots)
        if start == 'addp':
            options['model.backbone.init_cfg.checkpoint'] = run.checkpoint('addp')
        else:
            options['model.backbone.init_cfg'] = None
        scalars = run.train(f'segmentation/{start}', UPERNET, SMOKE, **options)
        figures |= {f'miou_{start}': scalars['mIoU'], f'acc_{start}': scalars['mAcc']}
    _draw(run, scenes)
    return figures | dict(gain=figures['miou_addp'] - figures['miou_scratch'])


def _draw(run: Run, scenes) -> None:
    images = sorted((scenes / 'images' / 'validation').glob('*.png'))[:8]
    labels = ('--labels', scenes / 'annotations' / 'validation')
    weights = ('--weights', *(run.checkpoint(f'segmentation/{start}') for start in STARTS))
    out = ('--out', run.folder('segmentation') / 'label_maps.png')
    arguments = (UPERNET, *images, *labels, *weights, *out)
    run.call('segmentation', 'misc/draw_segmentation.py', *arguments)


SEGMENTATION = (
    Stage(
        'segmentation',
        segment,
        dict(
            miou_addp=Figure('mIoU from ADDP', '{:.1f}'),
            miou_scratch=Figure('from scratch', '{:.1f}'),
            gain=Figure('gain by ADDP', '{:.1f}', at_least=0),
            acc_addp=Figure('mean accuracy of the classes from ADDP', '{:.1f}'),
            acc_scratch=Figure('from scratch', '{:.1f}'),
        ),
        (
            Picture(
                'Segmented scenes',
                'segmentation/label_maps.png',
                'The first held-out scenes, not chosen; their label maps, white where ignored; '
                'what UperNet says from ADDP, and from scratch. A colour is a digit.',
            ),
        ),
    ),
)
