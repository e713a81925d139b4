"""The box heads of a cascade and their mask head, trained as in detectron2."""

import torch
from mmdet.models.roi_heads import CascadeRoIHead, StandardRoIHead
from mmdet.models.task_modules.samplers import SamplingResult
from mmdet.models.utils import unpack_gt_instances
from mmdet.structures.bbox import bbox2roi
from mmengine.structures import InstanceData
from torch import Tensor

from mmaddp.registry import MODELS


@MODELS.register_module()
class ViTDetCascadeRoIHead(CascadeRoIHead):
    """Box heads that each refine the boxes of the one before, and one mask head.

    As in detectron2's ``CascadeROIHeads``, and unlike mmdetection's:

    - one mask head, trained on the boxes of the first stage, not one per stage;
    - every refined box goes to the next stage, including those that came from the ground truth,
      except empty ones; later stages have ``PseudoSampler`` as ``train_cfg.rcnn[i].sampler``;
    - the losses of the stages are summed, and the gradient that each of them sends into the pooled
      features is divided by their number;
    - in prediction, probabilities are averaged over the stages, not logits.

    Args:
        num_stages (int): Box heads. Defaults to 3.
        bbox_head (list[dict]): Config of each box head, with ``reg_class_agnostic=True``.
        mask_head (dict, optional): Config of the mask head. Defaults to None, boxes only.
        **kwargs: Other arguments of ``CascadeRoIHead``, without ``stage_loss_weights``.

    Raises:
        ValueError: A box head predicts a box per class, which cannot be handed on.
    """

    def __init__(self, num_stages: int = 3, **kwargs) -> None:
        super().__init__(num_stages, stage_loss_weights=[1.0] * num_stages, **kwargs)
        if not all(head.reg_class_agnostic for head in self.bbox_head):
            raise ValueError(
                'Every entry of roi_head.bbox_head of ViTDetCascadeRoIHead needs '
                'reg_class_agnostic=True: a stage hands one box on, not one per class.'
            )

    # One mask head, built and used as in Mask R-CNN.
    init_mask_head = StandardRoIHead.init_mask_head
    predict_mask = StandardRoIHead.predict_mask
    _mask_forward = StandardRoIHead._mask_forward

    def loss(
        self, x: tuple[Tensor, ...], rpn_results_list: list[InstanceData], batch_data_samples: list
    ) -> dict[str, Tensor]:
        """Losses of all stages and of the mask head.

        Args:
            x (tuple[Tensor]): Feature maps, each (B, C, h, w).
            rpn_results_list (list[InstanceData]): Proposals of each image, ``bboxes`` (N, 4).
            batch_data_samples (list[DetDataSample]): Ground truth of each image.

        Returns:
            dict[str, Tensor]: ``s{stage}.loss_cls``, ``s{stage}.loss_bbox``, ``s{stage}.acc`` and
            ``loss_mask``.
        """
        truth, ignored, metas = unpack_gt_instances(batch_data_samples)
        proposals = [results.bboxes for results in rpn_results_list]
        losses: dict[str, Tensor] = {}
        results: dict = {}
        for stage in range(self.num_stages):
            if stage:
                with torch.no_grad():
                    rois = self.refine(stage - 1, results['rois'], results['bbox_pred'], metas)
                proposals = [not_empty(rois[rois[:, 0] == i, 1:]) for i in range(len(metas))]
            samples = self.match(stage, proposals, truth, ignored)
            results = self.bbox_loss(stage, x, samples)
            losses |= {f's{stage}.{name}': value for name, value in results['loss_bbox'].items()}
            if stage == 0 and self.with_mask:
                losses |= self.mask_loss(x, samples, truth)
        return losses

    def match(
        self, stage: int, proposals: list[Tensor], truth: list, ignored: list
    ) -> list[SamplingResult]:
        """Label the boxes of a stage, (N, 4) per image, and sample those to train on."""
        samples = []
        for boxes, objects, others in zip(proposals, truth, ignored):
            candidates = InstanceData(priors=boxes)
            matches = self.bbox_assigner[stage].assign(candidates, objects, others)
            samples.append(self.bbox_sampler[stage].sample(matches, candidates, objects))
        return samples

    def mask_loss(
        self, x: tuple[Tensor, ...], samples: list[SamplingResult], truth: list
    ) -> dict[str, Tensor]:
        """Loss of the masks of the positive boxes of the first stage."""
        rois = bbox2roi([sample.pos_priors for sample in samples])
        return self.mask_head.loss_and_target(
            mask_preds=self._mask_forward(x, rois)['mask_preds'],
            sampling_results=samples,
            batch_gt_instances=truth,
            rcnn_train_cfg=self.train_cfg[0],
        )['loss_mask']

    def refine(self, stage: int, rois: Tensor, deltas: Tensor, metas: list[dict]) -> Tensor:
        """Boxes that a stage refines from its input, clipped to their image.

        Args:
            stage (int): The stage.
            rois (Tensor): Index of the image and box, (N, 5), image by image.
            deltas (Tensor): Output of the box head, (N, 4).
            metas (list[dict]): ``img_shape`` of each image.

        Returns:
            Tensor: As ``rois``, in the same order.
        """
        head = self.bbox_head[stage]
        boxes = [
            head.regress_by_class(rois[of_image, 1:], None, deltas[of_image], meta)
            for of_image, meta in ((rois[:, 0] == i, meta) for i, meta in enumerate(metas))
        ]
        return torch.cat([rois[:, :1], torch.cat(boxes)], dim=1)

    def _bbox_forward(self, stage: int, x: tuple[Tensor, ...], rois: Tensor) -> dict:
        results = super()._bbox_forward(stage, x, rois)
        if results['bbox_feats'].requires_grad:
            results['bbox_feats'].register_hook(lambda gradient: gradient / self.num_stages)
        return results

    def _refine_roi(self, x, rois, batch_img_metas, num_proposals_per_img) -> tuple:
        """Boxes before the last stage, logits of the mean probabilities, and its deltas."""
        probs: list[Tensor] = []
        deltas = None
        for stage in range(self.num_stages):
            if stage:
                rois = self.refine(stage - 1, rois, deltas, batch_img_metas)
            results = self._bbox_forward(stage, x, rois)
            deltas = results['bbox_pred']
            probs.append(results['cls_score'].float().softmax(-1))
        parts = (rois, torch.stack(probs).mean(0).log(), deltas)
        return tuple(part.split(num_proposals_per_img) for part in parts)

    def forward(self, x, rpn_results_list, batch_data_samples) -> tuple:
        """Raw outputs: scores and deltas of each image, and masks of the first 100 boxes."""
        proposals = [results.bboxes for results in rpn_results_list]
        metas = [sample.metainfo for sample in batch_data_samples]
        rois, scores, deltas = self._refine_roi(
            x, bbox2roi(proposals), metas, [len(boxes) for boxes in proposals]
        )
        if not self.with_mask:
            return scores, deltas
        return scores, deltas, self._mask_forward(x, torch.cat(rois)[:100])['mask_preds']


def not_empty(boxes: Tensor) -> Tensor:
    """The boxes (N, 4) that have an area."""
    return boxes[(boxes[:, 2:] > boxes[:, :2]).all(dim=1)]
