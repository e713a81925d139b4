"""Fine-tuning of an encoder with ten labelled pictures per class, and with all."""

import statistics
from pathlib import Path
from typing import Optional

from base import Base, StudyFolder

from mmaddp.datasets.preparation.few_labels import choose_few

CONFIG = 'classifier-vit-w128-p4_addp-2e-pre_1xb64-1e_fashion-32px.py'
FEW = 10
# Draws of the labelled pictures, and passes over them: 400 steps of 50 pictures.
DRAWS, EPOCHS_OF_FEW = 3, 200


def finetune(folder: StudyFolder, base: Base, name: str, weights: Optional[Path]) -> dict:
    """Fine-tune from weights, or from scratch.

    Args:
        folder (StudyFolder): Gets the trainings.
        base (Base): Has the pictures.
        name (str): Arm, for the names of the trainings.
        weights (Path, optional): Checkpoint of a pre-training. None: from scratch.

    Returns:
        dict: Top-1 on the test pictures, in [0, 1]: ``few`` (mean of the draws) and ``all``.
    """
    options = base.data_options()
    if weights is None:
        options['model.backbone.init_cfg'] = None
    else:
        options['model.backbone.init_cfg.checkpoint'] = weights
    few = []
    for draw in range(1 if folder.smoke else DRAWS):
        listed = folder.out / 'labels' / f'{FEW}_per_class_{draw}.txt'
        choose_few(base.pictures / 'meta' / 'train.txt', listed, FEW, draw)
        settings = {
            'train_dataloader.dataset.dataset.ann_file': listed,
            'train_dataloader.batch_size': 50,
            'train_cfg.max_epochs': EPOCHS_OF_FEW,
            'train_cfg.val_interval': EPOCHS_OF_FEW,
            'param_scheduler.warmup': EPOCHS_OF_FEW // 20,
            'default_hooks.checkpoint.interval': EPOCHS_OF_FEW,
            'randomness.seed': draw,
        }
        few.append(folder.train(f'{name}_few_{draw}', CONFIG, options | settings))
    everything = folder.train(f'{name}_all', CONFIG, options)
    top1 = [scalars['accuracy/top1'] / 100 for scalars in (*few, everything)]
    return dict(few=statistics.mean(top1[:-1]), all=top1[-1])
