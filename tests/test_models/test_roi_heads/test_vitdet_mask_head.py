"""Initial values of the heads of ViTDet's detectors."""

import math

import pytest
import torch
from mmdet.registry import MODELS
from mmengine.registry import init_default_scope
from toy_detector import CONFIGS, MASK_RCNN, toy_mask_rcnn

(CASCADE,) = CONFIGS.glob('*cascade*')


def spread(layer) -> float:
    return layer.weight.std().item()


@pytest.mark.parametrize('file', [MASK_RCNN, CASCADE], ids=['mask-rcnn', 'cascade'])
def test_heads_start_as_in_detectron2(file):
    init_default_scope('mmdet')
    torch.manual_seed(0)
    config = toy_mask_rcnn(file)
    heads = config.roi_head.bbox_head
    for head in heads if isinstance(heads, list) else [heads]:
        head.fc_out_channels = 64
    detector = MODELS.build(config)
    detector.init_weights()
    mask_head = detector.roi_head.mask_head
    predictor, upsample = mask_head.conv_logits, mask_head.upsample
    assert spread(predictor) == pytest.approx(0.001, rel=0.4) and not predictor.bias.any()
    # He et al., normal: sqrt(2 / fan out), with 8 channels and 2 x 2 places.
    assert spread(upsample) == pytest.approx(math.sqrt(2 / (8 * 4)), rel=0.2)
    boxes = detector.roi_head.bbox_head
    for head in boxes if isinstance(heads, list) else [boxes]:
        linear = head.shared_fcs[0]
        limit = math.sqrt(3 / linear.in_features)  # "c2 xavier": of the inputs alone
        assert 0.99 * limit < linear.weight.abs().max() <= limit
        assert spread(linear) == pytest.approx(limit / math.sqrt(3), rel=0.05)
        assert spread(head.fc_cls) == pytest.approx(0.01, rel=0.2)
        assert spread(head.fc_reg) == pytest.approx(0.001, rel=0.2)
        for layer in (linear, head.fc_cls, head.fc_reg):
            assert not layer.bias.any()
        conv = head.shared_convs[0].conv
        assert spread(conv) == pytest.approx(math.sqrt(2 / (8 * 9)), rel=0.2)


def test_no_object_is_likelier_than_another_at_first():
    init_default_scope('mmdet')
    torch.manual_seed(0)
    detector = MODELS.build(toy_mask_rcnn())
    detector.init_weights()
    with torch.no_grad():
        masks = detector.roi_head.mask_head(torch.randn(4, 8, 14, 14)).sigmoid()
    torch.testing.assert_close(masks, torch.full_like(masks, 0.5), atol=0.02, rtol=0)
