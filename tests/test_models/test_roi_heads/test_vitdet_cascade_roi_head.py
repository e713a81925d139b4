"""The cascade of detectron2: one mask head, boxes sampled once, losses summed."""

import pytest
import torch
from mmdet.models.utils import unpack_gt_instances
from mmdet.registry import MODELS
from mmdet.testing import demo_mm_inputs
from mmengine.registry import init_default_scope
from toy_detector import CONFIGS, toy_mask_rcnn

(CASCADE,) = CONFIGS.glob('*cascade*')


def build():
    torch.manual_seed(0)
    init_default_scope('mmdet')
    detector = MODELS.build(toy_mask_rcnn(CASCADE))
    for head in detector.roi_head.bbox_head:
        # Large enough that a box changes from stage to stage.
        torch.nn.init.normal_(head.fc_reg.weight, std=0.5)
        torch.nn.init.normal_(head.fc_cls.weight, std=1)
    return detector


@pytest.fixture
def case():
    """Detector, pyramid, proposals and ground truth of two images."""
    detector = build()
    sizes = dict(image_shapes=[(3, 50, 64), (3, 64, 41)], num_items=[2, 3])
    data = demo_mm_inputs(2, num_classes=3, with_mask=True, **sizes)
    data = detector.data_preprocessor(data, True)
    x = detector.extract_feat(data['inputs'])
    with torch.no_grad():
        proposals = detector.rpn_head.predict(x, data['data_samples'], rescale=False)
    return detector, x, proposals, data['data_samples']


def test_one_mask_head_learns_from_the_first_stage(case, monkeypatch):
    detector, x, proposals, samples = case
    seen = {}

    def loss_and_target(mask_preds, sampling_results, **kwargs):
        seen.update(samples=sampling_results, preds=mask_preds)
        return dict(loss_mask=dict(loss_mask=mask_preds.sum()))

    monkeypatch.setattr(detector.roi_head.mask_head, 'loss_and_target', loss_and_target)
    first = []
    match = detector.roi_head.match
    monkeypatch.setattr(
        detector.roi_head, 'match', lambda *args: first.append(match(*args)) or first[-1]
    )
    losses = detector.roi_head.loss(x, proposals, samples)
    assert seen['samples'] is first[0] and len(first) == 3
    assert len(seen['preds']) == sum(len(s.pos_priors) for s in first[0])
    assert [name for name in losses if 'mask' in name] == ['loss_mask']
    assert sorted(losses) == sorted(
        ['loss_mask', *(f's{i}.{n}' for i in range(3) for n in ('acc', 'loss_bbox', 'loss_cls'))]
    )


def test_all_refined_boxes_go_on(case, monkeypatch):
    """Drawn once; boxes from the ground truth stay; empty ones go; labels by a growing IoU."""
    detector, x, proposals, samples = case
    head = detector.roi_head
    given, made = [], []
    match, refine = head.match, head.refine

    def spy(stage, boxes, *rest):
        given.append(boxes)
        made.append(match(stage, boxes, *rest))
        return made[-1]

    with_area = []

    def refine_with_an_empty_box(*args):
        rois = refine(*args)
        rois[0, 3:] = rois[0, 1:3]
        with_area.append(int((rois[:, 3:] > rois[:, 1:3]).all(dim=1).sum()))
        assert len(rois) == sum(len(s.priors) for s in made[-1])
        return rois

    monkeypatch.setattr(head, 'match', spy)
    monkeypatch.setattr(head, 'refine', refine_with_an_empty_box)
    head.loss(x, proposals, samples)
    drawn = [sum(len(s.priors) for s in stage) for stage in made]
    boxes = [sum(map(len, stage)) for stage in given]
    assert drawn[1:] == boxes[1:] == with_area and 5 < with_area[0] < drawn[0]
    truth, _, _ = unpack_gt_instances(samples)
    assert sum(len(s.pos_priors) for s in made[0]) >= sum(len(t) for t in truth)
    assert [a.pos_iou_thr for a in head.bbox_assigner] == [0.5, 0.6, 0.7]


def test_losses_count_alike_and_pooled_features_get_a_third(case):
    """Against the plain sum of the same losses with whole gradients."""
    detector, x, _, _ = case
    head = detector.roi_head
    torch.manual_seed(1)
    rois = torch.cat([torch.zeros(4, 1), torch.tensor([[4.0, 4, 30, 40]]).repeat(4, 1)], dim=1)
    leaves = [level.detach().requires_grad_() for level in x]
    results = head._bbox_forward(1, leaves, rois)
    weight = torch.randn_like(results['cls_score'])
    parameter = head.bbox_head[1].fc_cls.weight
    ours = torch.autograd.grad((results['cls_score'] * weight).sum(), [leaves[0], parameter])
    feats = head.bbox_roi_extractor[1](leaves[:4], rois)
    scores, _ = head.bbox_head[1](feats)
    whole = torch.autograd.grad((scores * weight).sum(), [leaves[0], parameter])
    torch.testing.assert_close(ours[0], whole[0] / 3)
    torch.testing.assert_close(ours[1], whole[1])
    assert whole[0].any()
    assert head.stage_loss_weights == [1, 1, 1]


def test_scores_are_mean_probabilities(case):
    detector, x, _, samples = case
    detector.eval()
    head, metas = detector.roi_head, [sample.metainfo for sample in samples]
    rois = torch.tensor([[0, 4.0, 4, 30, 40], [0, 2, 2, 50, 40], [1, 8, 1, 40, 60]])
    with torch.no_grad():
        last, scores, deltas = head._refine_roi(x, rois, metas, (2, 1))
        boxes, probs = rois, []
        for stage in range(3):
            results = head._bbox_forward(stage, x, boxes)
            probs.append(results['cls_score'].softmax(-1))
            before, boxes = boxes, head.refine(stage, boxes, results['bbox_pred'], metas)
    assert [len(part) for part in scores] == [len(part) for part in deltas] == [2, 1]
    torch.testing.assert_close(torch.cat(scores).softmax(-1), torch.stack(probs).mean(0))
    torch.testing.assert_close(torch.cat(last), before)
    assert not torch.equal(before[:, 1:], rois[:, 1:])
    for box, (height, width) in zip(boxes[:, 1:], [metas[i]['img_shape'] for i in (0, 0, 1)]):
        assert (box >= 0).all() and (box <= torch.tensor([width, height, width, height])).all()


@pytest.mark.parametrize('num_items', [(2, 3), (0, 0)])
def test_three_modes(num_items):
    detector = build()
    sizes = dict(image_shapes=[(3, 50, 64), (3, 37, 41)], num_items=list(num_items))
    data = demo_mm_inputs(2, num_classes=3, with_mask=True, **sizes)
    for sample in data['data_samples']:
        sample.set_metainfo(dict(scale_factor=(1.0, 1.0)))
    data = detector.data_preprocessor(data, True)
    loss, _ = detector.parse_losses(detector(**data, mode='loss'))
    loss.backward()
    assert torch.isfinite(loss)
    with torch.no_grad():
        result = detector.eval()(**data, mode='predict')[0].pred_instances
        ((scores, deltas, masks),) = detector(**data, mode='tensor')
    assert result.masks.shape == (len(result), 50, 64) and len(result) == 5
    assert scores[0].shape[1] == 4 and deltas[0].shape[1] == 4 and masks.shape[1:] == (3, 28, 28)


def test_boxes_per_class_are_refused():
    config = toy_mask_rcnn(CASCADE)
    config.roi_head.bbox_head[1].reg_class_agnostic = False
    init_default_scope('mmdet')
    with pytest.raises(ValueError, match='reg_class_agnostic=True'):
        MODELS.build(config)
