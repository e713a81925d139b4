"""NMS and RoIAlign of the stand-in against what their definitions say, written out in loops."""

import math

import numpy as np
import pytest
import torch

from mmaddp.compat.ops_stand_in import MissingOpError, StandInOps
from mmaddp.compat.ops_stand_in import nms as stand_in_nms


def random_boxes(number, seed, size=60.0):
    generator = torch.Generator().manual_seed(seed)
    corner = torch.rand(number, 2, generator=generator) * size
    extent = torch.rand(number, 2, generator=generator) * size / 2 + 0.5
    scores = torch.rand(number, generator=generator)
    return torch.cat([corner, corner + extent], dim=1), scores


def overlap(first, second, offset):
    """Intersection over union of two boxes given by their corners."""

    def area(x1, y1, x2, y2):
        return max(0.0, x2 - x1 + offset) * max(0.0, y2 - y1 + offset)

    common = area(
        max(first[0], second[0]),
        max(first[1], second[1]),
        min(first[2], second[2]),
        min(first[3], second[3]),
    )
    return common / (area(*first) + area(*second) - common)


def written_out_nms(boxes, scores, iou_threshold, offset, score_threshold=0.0, max_num=-1):
    boxes, scores = boxes.double().tolist(), scores.double().tolist()
    order = sorted(range(len(boxes)), key=lambda i: -scores[i])
    kept = []
    for i in order:
        if score_threshold > 0 and not scores[i] > score_threshold:
            continue
        if all(overlap(boxes[i], boxes[j], offset) <= iou_threshold for j in kept):
            kept.append(i)
    return kept if max_num <= 0 else kept[:max_num]


@pytest.mark.parametrize('offset', [0, 1])
@pytest.mark.parametrize('score_threshold', [0.0, 0.3])
@pytest.mark.parametrize('max_num', [-1, 7])
def test_nms_equals_definition(offset, score_threshold, max_num):
    from mmcv.ops import nms

    for seed in range(5):
        boxes, scores = random_boxes(60, seed)
        dets, kept = nms(boxes, scores, 0.3, offset, score_threshold, max_num)
        expected = written_out_nms(boxes, scores, 0.3, offset, score_threshold, max_num)
        assert kept.tolist() == expected
        torch.testing.assert_close(dets, torch.cat([boxes, scores[:, None]], 1)[expected])


def test_nms_offset_matters():
    boxes = torch.tensor([[0.0, 0.0, 1.0, 1.0], [1.0, 0.0, 2.0, 1.0]])
    scores = torch.tensor([0.9, 0.8])
    assert stand_in_nms(boxes, scores, iou_threshold=0.2, offset=0).tolist() == [0, 1]
    assert stand_in_nms(boxes, scores, iou_threshold=0.2, offset=1).tolist() == [0]


def test_nms_takes_arrays_and_nothing():
    from mmcv.ops import nms

    boxes, scores = random_boxes(20, seed=3)
    dets, kept = nms(boxes.numpy(), scores.numpy(), 0.5)
    assert isinstance(dets, np.ndarray)
    assert kept.tolist() == written_out_nms(boxes, scores, 0.5, 0)
    dets, kept = nms(torch.zeros(0, 4), torch.zeros(0), 0.5)
    assert dets.shape == (0, 5) and kept.shape == (0,)


@pytest.mark.parametrize('dtype', [torch.float16, torch.bfloat16])
def test_nms_half_precision(dtype):
    boxes, scores = (tensor.to(dtype) for tensor in random_boxes(40, seed=4))
    scores = torch.linspace(1, 0, 40).to(dtype)
    expected = written_out_nms(boxes, scores, 0.4, 0)
    assert stand_in_nms(boxes, scores, iou_threshold=0.4, offset=0).tolist() == expected


@pytest.mark.parametrize('split_thr', [10000, 10])
def test_batched_nms_keeps_classes_apart(split_thr):
    from mmcv.ops import batched_nms

    boxes, scores = random_boxes(60, seed=5)
    labels = torch.arange(60) % 3
    config = dict(type='nms', iou_threshold=0.3, split_thr=split_thr)
    _, kept = batched_nms(boxes, scores, labels, config)
    expected = []
    for label in range(3):
        members = (labels == label).nonzero().squeeze(1)
        inside = written_out_nms(boxes[members], scores[members], 0.3, 0)
        expected += members[inside].tolist()
    assert kept.tolist() == sorted(expected, key=lambda i: -scores[i].item())
    _, kept = batched_nms(boxes, scores, labels, dict(config, class_agnostic=True))
    if split_thr > 60:
        assert kept.tolist() == written_out_nms(boxes, scores, 0.3, 0)


def bilinear_weights(y, x, height, width):
    """Weights (H, W) of one sample. Outside by more than a pixel counts nothing."""
    weights = torch.zeros(height, width, dtype=torch.float64)
    if y < -1 or y > height or x < -1 or x > width:
        return weights
    y, x = min(max(y, 0.0), height - 1.0), min(max(x, 0.0), width - 1.0)
    top, left = int(y), int(x)
    for row, vertical in ((top, 1 - (y - top)), (top + 1, y - top)):
        for column, horizontal in ((left, 1 - (x - left)), (left + 1, x - left)):
            if row < height and column < width:
                weights[row, column] += vertical * horizontal
    return weights


def written_out_roi_align_weights(shape, roi, output_size, scale, sampling_ratio, aligned):
    """Weight of every feature in every bin of a region, (oh, ow, H, W)."""
    height, width = shape
    shift = 0.5 if aligned else 0.0
    x1, y1, x2, y2 = (value * scale - shift for value in roi)
    roi_width, roi_height = x2 - x1, y2 - y1
    if not aligned:
        roi_width, roi_height = max(roi_width, 1.0), max(roi_height, 1.0)
    bin_height, bin_width = roi_height / output_size[0], roi_width / output_size[1]
    rows = sampling_ratio or math.ceil(bin_height)
    columns = sampling_ratio or math.ceil(bin_width)
    weights = torch.zeros(*output_size, height, width, dtype=torch.float64)
    for i in range(output_size[0]):
        for j in range(output_size[1]):
            for row in range(rows):
                for column in range(columns):
                    y = y1 + (i + (row + 0.5) / rows) * bin_height
                    x = x1 + (j + (column + 0.5) / columns) * bin_width
                    weights[i, j] += bilinear_weights(y, x, height, width)
    return weights / max(rows * columns, 1)


@pytest.mark.parametrize('aligned', [True, False])
@pytest.mark.parametrize('sampling_ratio', [0, 2])
@pytest.mark.parametrize('scale', [1.0, 0.5, 0.25])
@pytest.mark.parametrize('dtype', [torch.float32, torch.float64, torch.float16])
def test_roi_align_equals_definition(aligned, sampling_ratio, scale, dtype):
    from mmcv.ops import roi_align

    torch.manual_seed(0)
    features = torch.randn(2, 3, 9, 11, dtype=dtype, requires_grad=True)
    rois = torch.tensor(
        [[0, 1.3, 2.1, 7.9, 6.2], [1, 0.0, 0.0, 10.5, 8.5], [1, 5.0, 3.0, 5.2, 3.1]],
        dtype=torch.float64,
    )
    rois[:, 1:] = (rois[:, 1:] / scale * 64).round() / 64  # exact in half precision
    rois = torch.cat([rois, torch.tensor([[0, -6.0, -6.0, 8.0, 24.0]])])  # hangs over the edge
    output = roi_align(features, rois.to(dtype), (3, 2), scale, sampling_ratio, 'avg', aligned)
    grad_output = torch.randn(output.shape, dtype=dtype)
    output.backward(grad_output)

    expected_grad = torch.zeros(features.shape, dtype=torch.float64)
    for number, (index, *roi) in enumerate(rois.to(dtype).double().tolist()):
        weights = written_out_roi_align_weights(
            (9, 11), roi, (3, 2), scale, sampling_ratio, aligned
        )
        expected = torch.einsum('ijhw,chw->cij', weights, features[int(index)].detach().double())
        tolerance = (
            dict(atol=3e-3, rtol=3e-3) if dtype == torch.float16 else dict(atol=2e-5, rtol=2e-5)
        )
        torch.testing.assert_close(output[number].detach().double(), expected, **tolerance)
        expected_grad[int(index)] += torch.einsum(
            'ijhw,cij->chw', weights, grad_output[number].double()
        )
    torch.testing.assert_close(features.grad.double(), expected_grad, **tolerance)


def test_roi_align_layer_agrees_with_torchvision_switch():
    from mmcv.ops import RoIAlign

    features = torch.randn(1, 2, 8, 8)
    rois = torch.tensor([[0.0, 3.0, 3.0, 25.0, 17.0]])
    ours = RoIAlign(7, spatial_scale=0.25, sampling_ratio=0)(features, rois)
    switched = RoIAlign(7, spatial_scale=0.25, sampling_ratio=0, use_torchvision=True)
    torch.testing.assert_close(ours, switched(features, rois))


def test_roi_align_without_regions():
    from mmcv.ops import roi_align

    features = torch.randn(1, 2, 8, 8, requires_grad=True)
    output = roi_align(features, torch.zeros(0, 5), 7)
    assert output.shape == (0, 2, 7, 7)
    output.sum().backward()
    assert features.grad.abs().max() == 0


def test_maximum_pooling_names_itself():
    from mmcv.ops import roi_align

    rois = torch.tensor([[0.0, 1.0, 1.0, 4.0, 4.0]])
    with pytest.raises(MissingOpError, match=r"roi_align_forward with pool_mode='max'"):
        roi_align(torch.randn(1, 2, 8, 8), rois, 2, 1.0, 0, 'max', True)


def test_other_operator_names_itself_and_the_way_out():
    from mmcv.ops import soft_nms

    with pytest.raises(MissingOpError, match=r'"softnms".*MMCV_WITH_OPS=1 pip install'):
        soft_nms(torch.zeros(1, 4), torch.zeros(1))


def test_reason_is_told_and_special_names_are_not_operators():
    ops = StandInOps('mmcv._ext', 'undefined symbol: _ZN3c10')
    with pytest.raises(MissingOpError, match='undefined symbol: _ZN3c10'):
        ops.deform_conv_forward()
    assert not hasattr(ops, '__path__')


def test_environment_report_says_that_nothing_is_compiled():
    from mmcv.utils import collect_env

    assert 'stand-in of mmaddp' in collect_env()['MMCV Compiler']
