"""Stage of detection: Mask R-CNN on the scenes, from ADDP's encoder and from scratch."""

from run import Run

from mmaddp.own.stage import Figure, Picture, Stage, last_scalars
from mmaddp.utils.atomic import write_json

CONFIG = 'configs/quickstart/mask-rcnn-vit-w96-p8_1xb4-700i_digit-scenes.py'
STARTS = dict(addp='from ADDP', scratch='from scratch')
KINDS = dict(bbox='box AP', segm='mask AP')
NUM_SHOWN = 8


def detect(run: Run) -> dict:
    """Train from each start for equally long; draw what is found after ADDP's pre-training."""
    folder = run.folder('detection')
    runs = [
        dict(config=CONFIG, work_dir=str(folder / start), options=settings(run, start))
        for start in STARTS
    ]
    write_json(folder / 'runs.json', runs)
    run.call('detection', 'quickstart/train_several.py', folder / 'runs.json')
    scenes = sorted((run.data / 'digits' / 'detection' / 'val').glob('*.png'))[:NUM_SHOWN]
    checkpoint = run.checkpoint('detection/addp')
    out = ('--out', folder / 'found.png', '--score', 0.3)
    run.call('detection', 'quickstart/draw_detections.py', CONFIG, checkpoint, *scenes, *out)
    figures = {}
    for start in STARTS:
        scalars = last_scalars(folder / start)
        figures |= {f'{kind}_{start}': scalars[f'coco/{kind}_mAP'] for kind in KINDS}
    return figures


def settings(run: Run, start: str) -> dict:
    """Settings of a training: data, weights, seed."""
    scenes = run.data / 'digits' / 'detection'
    options = {'randomness.seed': run.seed, 'model.backbone.init_cfg': None}
    if start == 'addp':
        del options['model.backbone.init_cfg']
        options['model.backbone.init_cfg.checkpoint'] = str(run.checkpoint('addp'))
    for split in ('train', 'val', 'test'):
        options[f'{split}_dataloader.dataset.data_root'] = str(scenes)
        # Workers of one training would keep the next one waiting until they have ended.
        options[f'{split}_dataloader.num_workers'] = 0
    for split in ('val', 'test'):
        truth = scenes / 'annotations' / 'instances_val.json'
        options[f'{split}_evaluator.ann_file'] = str(truth)
    if run.smoke:
        options |= {'train_cfg.max_iters': 2, 'train_cfg.val_interval': 2}
        options['train_dataloader.batch_size'] = 2
    return options


DETECTION = Stage(
    'detection',
    detect,
    {
        f'{kind}_{start}': Figure(f'{name} {title}', '{:.1%}')
        for kind, name in KINDS.items()
        for start, title in STARTS.items()
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
