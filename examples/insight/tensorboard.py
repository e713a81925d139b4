"""Pre-training of the toy ADDP, watched in TensorBoard.

See docs/insight.md. In the folder of mmaddp:

    mmaddp prepare digits --out work_dirs/toy/digits --scene-size 64 --train-scenes 8 --val-scenes 4
    mmaddp train examples/insight/tensorboard.py
    tensorboard --logdir work_dirs/tensorboard
"""

_base_ = ['mmaddp::toy/addp-vit-w16-p8_1xb8-3e_digits-32px.py', 'mmaddp::_base_/insight.py']

digits = 'work_dirs/toy/digits/classification/'
default_hooks = _base_.insight
default_hooks['features'].update(
    pictures=digits + 'train', held_out=digits + 'val', zoom=2, max_share=None
)
default_hooks['preview'].update(zoom=2, max_share=None)
visualizer = dict(vis_backends=[dict(type='LocalVisBackend'), dict(type='TensorboardVisBackend')])
