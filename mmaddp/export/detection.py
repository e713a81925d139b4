"""The networks of a detector: maps of the whole image, and what is said of each region.

Between them lies arithmetic on boxes, which the example does in NumPy: proposals, overlaps, cutting
regions out of the maps.
"""

from collections.abc import Mapping
from typing import Any

import torch
from mmengine.model import BaseModel
from torch import Tensor, nn

from .network import Axis, Network, Tensors
from .recognition import pyramid_network

REGIONS = Axis('regions', 1, (1, 50))


def detect_networks(model: BaseModel) -> list[Network]:
    """``pyramid``, and of Faster and Mask R-CNN also ``boxes`` and ``masks``.

    Args:
        model (BaseModel): A detector. Of others than those two, the pyramid alone is exported.
    """
    networks = [pyramid_network(model)]
    if not has_regions(model):
        return networks
    head = model.roi_head
    networks.append(_region_network('boxes', RegionBoxes(head.bbox_head), head.bbox_roi_extractor))
    if head.with_mask:
        extractor = head.mask_roi_extractor
        networks.append(_region_network('masks', RegionMasks(head.mask_head), extractor))
    return networks


def has_regions(model: BaseModel) -> bool:
    """Whether all networks of a detector are exported."""
    head = getattr(model, 'roi_head', None)
    if head is None or not getattr(model, 'with_rpn', False):
        return False
    return not isinstance(head.bbox_head, nn.ModuleList)


class RegionBoxes(nn.Module):
    """Class and box of regions.

    Args:
        head (nn.Module): mmdetection's.
    """

    def __init__(self, head: nn.Module):
        super().__init__()
        self.head = head

    def forward(self, regions: Tensor) -> Tensors:
        """Score regions (N, C, h, w): ``logits``, background last, and ``deltas``."""
        logits, deltas = self.head(regions)
        return dict(logits=logits, deltas=deltas)


class RegionMasks(nn.Module):
    """Masks of regions.

    Args:
        head (nn.Module): mmdetection's.
    """

    def __init__(self, head: nn.Module):
        super().__init__()
        self.head = head

    def forward(self, regions: Tensor) -> Tensors:
        """Draw masks of regions (N, C, h, w): ``mask_logits`` (N, classes, 2h, 2w)."""
        return dict(mask_logits=self.head(regions))


def describe_detector(model: BaseModel) -> dict[str, Any]:
    """The numbers of the arithmetic between the networks, as mmdetection's config gives them.

    Args:
        model (BaseModel): One of which :func:`has_regions`.

    Returns:
        dict: ``anchors`` of each level around the origin, (x1, y1, x2, y2), and ``strides``;
        ``proposals``, ``boxes`` and ``masks``, the settings of each of the steps.
    """
    head, generator = model.roi_head, model.rpn_head.prior_generator
    proposals, final = model.test_cfg.rpn, model.test_cfg.rcnn
    content = dict(
        anchors=[anchors.tolist() for anchors in generator.base_anchors],
        strides=[list(stride) for stride in generator.strides],
        proposals=dict(
            **_coder(model.rpn_head.bbox_coder),
            before=proposals.nms_pre,
            most=proposals.max_per_img,
            overlap=proposals.nms.iou_threshold,
        ),
        boxes=dict(
            **_coder(head.bbox_head.bbox_coder),
            **_extractor(head.bbox_roi_extractor),
            least_score=final.score_thr,
            most=final.max_per_img,
            overlap=final.nms.iou_threshold,
        ),
    )
    if head.with_mask:
        regions = _extractor(head.mask_roi_extractor)
        content['masks'] = dict(regions, threshold=final.mask_thr_binary)
    return content


def _coder(coder: Any) -> dict[str, Any]:
    return dict(means=list(map(float, coder.means)), stds=list(map(float, coder.stds)))


def _extractor(extractor: Any) -> dict[str, Any]:
    layer = extractor.roi_layers[0]
    return dict(
        size=list(layer.output_size),
        strides=list(extractor.featmap_strides),
        finest=extractor.finest_scale,
        sampling=layer.sampling_ratio,
    )


def _region_network(name: str, module: nn.Module, extractor: Any) -> Network:
    height, width = extractor.roi_layers[0].output_size

    def draw(sizes: Mapping[str, int], generator: torch.Generator) -> Tensors:
        shape = (sizes['regions'], extractor.out_channels, height, width)
        return dict(regions=torch.randn(shape, generator=generator))

    axes = dict(regions={0: REGIONS})
    return Network(name, module.eval(), axes, draw, torch.no_grad()(module.forward))
