"""Pre-training of the toy ADDP, watched in trackio.

See docs/insight.md. In the folder of mmaddp:

    pip install "mmaddp[trackio]"
    mmaddp prepare digits --out work_dirs/toy/digits --scene-size 64 --train-scenes 8 --val-scenes 4
    mmaddp train examples/insight/trackio.py
    trackio show --project toys
"""

_base_ = ['./tensorboard.py']

visualizer = dict(
    vis_backends=[
        dict(type='LocalVisBackend'),
        dict(type='mmaddp.TrackioVisBackend', project='toys'),
    ]
)
