# Classification of Fashion-MNIST's ten classes: data, head and evaluation.
_base_ = ['./parts_fashion.py', './parts_pixels.py']

data_preprocessor = dict(
    _delete_=True,
    type='ClsDataPreprocessor',
    num_classes=10,
    mean=[255 * _base_.pixel_mean],
    std=[255 * _base_.pixel_std],
    to_rgb=False,
)
model = dict(type='ImageClassifier', head=dict(type='LinearClsHead', num_classes=10, topk=(1,)))
labelled = dict(dataset=dict(with_label=True))
train_dataloader = dict(dataset=labelled)
val_dataloader = test_dataloader = dict(dataset=labelled)
val_evaluator = test_evaluator = dict(type='Accuracy', topk=(1,))
val_cfg = test_cfg = dict()
