"""mmdetection's detectors, heads and samples with our backbone and pyramid, in all three modes."""

import pytest
import torch
from mmdet.registry import MODELS
from mmdet.testing import demo_mm_inputs
from mmengine.registry import init_default_scope
from toy_detector import CONFIGS, toy_mask_rcnn

CASCADE = CONFIGS / 'cascade-mask-rcnn_addp-vit-base-p16_64xb1-amp-184375i_coco-1024px.py'


def build(config):
    torch.manual_seed(0)
    init_default_scope('mmdet')
    return MODELS.build(config)


def batch_for(detector, training, num_items=(2, 3), shapes=((3, 50, 64), (3, 37, 41))):
    sizes = dict(image_shapes=list(shapes), num_items=list(num_items))
    data = demo_mm_inputs(2, num_classes=3, with_mask=True, **sizes)
    for sample in data['data_samples']:
        sample.set_metainfo(dict(scale_factor=(1.0, 1.0)))
    return detector.data_preprocessor(data, training)


@pytest.mark.parametrize('make', [toy_mask_rcnn, lambda: toy_mask_rcnn(CASCADE)])
def test_loss_reaches_every_parameter(make):
    detector = build(make())
    losses = detector(**batch_for(detector, True), mode='loss')
    loss, _ = detector.parse_losses(losses)
    loss.backward()
    without = [n for n, p in detector.named_parameters() if p.grad is None or not p.grad.any()]
    assert torch.isfinite(loss)
    # Zero gradients only where a class of the mask logits has no positive example.
    assert [n for n in without if 'rel_pos' in n or 'backbone' in n or 'neck' in n] == []


def test_predictions_have_the_size_of_the_image():
    detector = build(toy_mask_rcnn()).eval()
    data = batch_for(detector, False)
    with torch.no_grad():
        results = detector(**data, mode='predict')
    for result, shape in zip(results, ((50, 64), (37, 41))):
        instances = result.pred_instances
        assert len(instances) == 5
        assert instances.masks.shape == (5, *shape)
        assert (instances.bboxes >= 0).all() and (instances.bboxes[:, 2] <= shape[1]).all()
        assert set(instances.labels.tolist()) <= {0, 1, 2}


def test_tensor_mode_returns_raw_outputs():
    detector = build(toy_mask_rcnn())
    ((box_scores, box_deltas, masks),) = detector(**batch_for(detector, False), mode='tensor')
    num_boxes = len(box_scores)
    assert box_scores.shape == (num_boxes, 3 + 1)
    assert box_deltas.shape == (num_boxes, 3 * 4)
    assert masks.shape[1:] == (3, 28, 28)


def test_padding_is_the_mean_colour():
    """The preprocessor pads after normalising, to the square, with zeros."""
    detector = build(toy_mask_rcnn())
    data = batch_for(detector, True)
    assert data['inputs'].shape == (2, 3, 64, 64)
    assert not data['inputs'][0, :, 50:].any() and not data['inputs'][1, :, :, 41:].any()
    assert data['inputs'][1, :, :37, :41].all()
    assert data['data_samples'][1].gt_instances.masks.masks.shape[1:] == (64, 64)


def test_image_without_objects_trains():
    detector = build(toy_mask_rcnn())
    loss, _ = detector.parse_losses(
        detector(**batch_for(detector, True, num_items=(0, 0)), mode='loss')
    )
    loss.backward()
    assert torch.isfinite(loss)
    assert detector.backbone.layers[0].attn.qkv.weight.grad.any()


def test_any_size_without_padding():
    config = toy_mask_rcnn()
    config.data_preprocessor.pad_size_divisor = 1
    detector = build(config).eval()
    data = batch_for(detector, False, shapes=((3, 50, 75), (3, 50, 75)))
    assert data['inputs'].shape[2:] == (50, 75)
    with torch.no_grad():
        result = detector(**data, mode='predict')[0].pred_instances
    assert result.masks.shape[1:] == (50, 75)
