"""Stage of classification: fine-tuning with few labels and with all, from ADDP and from scratch."""

from digits import Digits, data_options

from mmaddp.datasets.preparation.few_labels import choose_few
from mmaddp.own.stage import Figure, Stage

CONFIG = 'classifier-vit-w96-p8{}_1xb50-20e_digits-32px.py'
# Starts, and what their configuration is called after.
STARTS = dict(addp='_addp-40e-pre', prenorm='-prenorm_addp-40e-pre', scratch='_scratch')
FEW = 10
# Labels -> epochs: 80 iterations with few of them, 336 with all.
EPOCHS = dict(few=40, all=12)


def classify(digits: Digits) -> dict:
    """Fine-tune from each start with each number of labels; return the top-1 of held-out digits."""
    few = digits.out / 'classification' / 'few.txt'
    choose_few(digits.pictures / 'meta' / 'train.txt', few, FEW, digits.plan.seed)
    weights = digits.starts()
    runs = {}
    for labels, epochs in EPOCHS.items():
        options = data_options(digits.pictures, 'dataset.dataset.', in_process=True)
        options |= {'train_cfg.max_epochs': epochs, 'param_scheduler.warmup': epochs // 20}
        options |= {'train_cfg.val_interval': epochs, **digits.length()}
        if labels == 'few':
            options['train_dataloader.dataset.dataset.ann_file'] = str(few)
        for start, name in STARTS.items():
            weight = weights['from_scratch' if start == 'scratch' else 'from_addp']
            runs[f'{start}_{labels}'] = (CONFIG.format(name), options | weight)
    results = digits.train_several('classification', runs)
    figures = {name: scalars['accuracy/top1'] / 100 for name, scalars in results.items()}
    return figures | dict(gain_few=figures['addp_few'] - figures['scratch_few'])


CLASSIFICATION = Stage(
    'classification',
    classify,
    dict(
        addp_few=Figure(f'top-1 with {FEW} labels per class from ADDP', '{:.1%}'),
        prenorm_few=Figure('with its norm in front of the blocks kept', '{:.1%}'),
        scratch_few=Figure('from scratch', '{:.1%}'),
        gain_few=Figure('gain by ADDP', '{:.1%}', at_least=0.03),
        addp_all=Figure('with all labels from ADDP', '{:.1%}'),
        prenorm_all=Figure('norm kept', '{:.1%}'),
        scratch_all=Figure('from scratch', '{:.1%}'),
    ),
)
