# Hooks that show how a pre-training of ADDP goes, at less than 3 % of its time: k-NN, linear probe,
# RankMe and colours of features on labelled pictures; samples, reconstructions, encoder inputs and
# the use of codes. Only defines a variable. Use, in a configuration of your own (docs/insight.md):
#   _base_ = ['mmaddp::own/addp-vit-tiny_1xb64-200e_picture-tokens.py', 'mmaddp::_base_/insight.py']
#   default_hooks = _base_.insight
#   default_hooks['features'].update(pictures='my_pictures', held_out=None)
insight = dict(
    features=dict(
        type='mmaddp.FeatureInsightHook',
        pictures='data/imagenet/train',
        held_out='data/imagenet/val',
        max_share=0.02,
    ),
    preview=dict(type='mmaddp.GenerationPreviewHook', max_share=0.01),
)
