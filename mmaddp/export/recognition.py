"""Networks that take pictures: encoder, classifier, segmentor, the dense part of a detector."""

from collections.abc import Callable

import torch
from mmengine.model import BaseModel
from torch import Tensor, nn

from mmaddp.models.backbones import ADDPViT
from mmaddp.models.selfsup import ADDP

from .any_size import any_size
from .network import Network, Tensors, image_network

Reference = Callable[[Tensor], Tensors]


def features_network(model: BaseModel) -> Network:
    """The encoder: ``features`` (B, C), as ``mmaddp.load``'s model gives them.

    Of a pre-training also ``tokens`` (B, 1 + h * w, C), class token first.

    Args:
        model (BaseModel): A pre-training or a classifier.
    """
    kind = TokenFeatures if isinstance(model, ADDP) else PooledFeatures

    def reference(images: Tensor) -> Tensors:
        if isinstance(model, ADDP):
            tokens = model.backbone(images)[-1]
            return dict(features=tokens[:, 1:].mean(dim=1), tokens=tokens)
        return dict(features=model.extract_feat(images, stage='neck')[-1])

    return _on_images('features', model, kind, reference)


def classify_network(model: BaseModel) -> Network:
    """A classifier: ``logits`` (B, classes), and ``scores``, their softmax.

    Raises:
        ValueError: Its head gives something else.
    """

    def reference(images: Tensor) -> Tensors:
        return _with_scores(model.head(model.extract_feat(images)))

    if type(model.head).__name__.startswith('MultiLabel'):
        raise ValueError(
            f'{type(model.head).__name__} scores several labels per picture; heads with one label '
            'are exported. Its encoder is, with --task features.'
        )
    return _on_images('classify', model, Classifier, reference)


def segment_network(model: BaseModel) -> Network:
    """A segmentor: ``logits`` (B, classes, H, W) of the size of the images.

    Raises:
        ValueError: It is none with one decoding head.
    """
    if not hasattr(model, 'encode_decode') or isinstance(model.decode_head, nn.ModuleList):
        raise ValueError(
            f'{type(model).__name__} has not one decoding head: EncoderDecoder is exported.'
        )

    def reference(images: Tensor) -> Tensors:
        return dict(logits=model.encode_decode(images, [dict(img_shape=images.shape[2:])]))

    return _on_images('segment', model, Segmentor, reference)


def pyramid_network(model: BaseModel) -> Network:
    """What a detector computes of a whole image: ``level_0``, ... from fine to coarse.

    With a region proposal network also its ``objectness_0``, ... (B, anchors, h, w) before the
    sigmoid, and ``anchor_deltas_0``, ... (B, 4 * anchors, h, w).
    """

    def reference(images: Tensor) -> Tensors:
        return _levels(model, images)

    return _on_images('pyramid', model, Pyramid, reference)


class ModelPart(nn.Module):
    """Something that a model computes of images.

    Args:
        model (BaseModel): Copy of a model that takes any size.
    """

    def __init__(self, model: BaseModel):
        super().__init__()
        self.model = model


class TokenFeatures(ModelPart):
    """Tokens of ADDP's encoder, and their mean."""

    def forward(self, images: Tensor) -> Tensors:
        """Encode normalised images (B, 3, H, W)."""
        tokens = self.model.backbone(images)[-1]
        return dict(features=tokens[:, 1:].mean(dim=1), tokens=tokens)


class PooledFeatures(ModelPart):
    """What a classifier's head would read."""

    def forward(self, images: Tensor) -> Tensors:
        """Encode normalised images (B, 3, H, W)."""
        return dict(features=self.model.extract_feat(images, stage='neck')[-1])


class Classifier(ModelPart):
    """Scores of classes."""

    def forward(self, images: Tensor) -> Tensors:
        """Classify normalised images (B, 3, H, W)."""
        return _with_scores(self.model.head(self.model.extract_feat(images)))


class Segmentor(ModelPart):
    """Scores of classes for every pixel."""

    def forward(self, images: Tensor) -> Tensors:
        """Label normalised images (B, 3, H, W)."""
        head = self.model.decode_head
        logits = nn.functional.interpolate(
            head(self.model.extract_feat(images)),
            size=images.shape[2:],
            mode='bilinear',
            align_corners=head.align_corners,
        )
        return dict(logits=logits)


class Pyramid(ModelPart):
    """Maps of a detector."""

    def forward(self, images: Tensor) -> Tensors:
        """Compute the maps of normalised images (B, 3, H, W)."""
        return _levels(self.model, images)


def _with_scores(logits: Tensor) -> Tensors:
    return dict(logits=logits, scores=logits.softmax(dim=1))


def _levels(model: BaseModel, images: Tensor) -> Tensors:
    levels = model.extract_feat(images)
    maps = {'level': levels}
    if getattr(model, 'with_rpn', False):
        maps['objectness'], maps['anchor_deltas'] = model.rpn_head(levels)
    return {f'{name}_{i}': one for name, several in maps.items() for i, one in enumerate(several)}


def _on_images(name: str, model: BaseModel, kind: type[ModelPart], reference: Reference) -> Network:
    if not isinstance(model.backbone, ADDPViT):
        kind_of_encoder = type(model.backbone).__name__
        raise ValueError(f'The encoder is a {kind_of_encoder}: those of ADDP are exported.')
    module = kind(any_size(model)).eval()
    channels = model.backbone.patch_embed.projection.in_channels
    sizes = (least_side(model), model.backbone.img_size, channels)
    return image_network(name, module, torch.no_grad()(reference), *sizes)


@torch.no_grad()
def least_side(model: BaseModel) -> int:
    """Smallest side of images in pixels.

    All maps of the neck have at least two rows and columns, of windows too where attention is in
    windows: a graph takes a side of 1 for a constant.
    """
    projection = model.backbone.patch_embed.projection
    patch = projection.kernel_size[0]
    windows = (getattr(part, 'window_size', 1) for part in model.backbone.modules())
    side, smallest = 1 + (max(1, *windows) - 1) * patch, 0
    while smallest < 2:
        side += patch
        try:
            maps = model.extract_feat(torch.zeros(1, projection.in_channels, side, side))
        except RuntimeError:
            if side > 64 * patch:
                raise
            continue  # pooling leaves nothing of a map
        smallest = min(
            (size for each in maps for size in each.shape[2:] if each.dim() == 4), default=2
        )
    return side
