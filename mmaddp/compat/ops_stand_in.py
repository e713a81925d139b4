"""NMS and RoIAlign from torchvision in the shape of mmcv's compiled operators."""

from collections.abc import Callable
from types import ModuleType

import torch
from torch import Tensor
from torchvision.ops import nms as torchvision_nms
from torchvision.ops import roi_align as torchvision_roi_align

AVERAGE_POOLING = 1  # mmcv's code; 0 is maximum pooling


class MissingOpError(NotImplementedError):
    """An mmcv operator was called that exists only in compiled form."""


def _calculation_dtype(tensor: Tensor) -> torch.dtype:
    """Compute half precision in float32: torchvision has no half-precision kernels on the CPU."""
    return torch.promote_types(tensor.dtype, torch.float32)


def nms(boxes: Tensor, scores: Tensor, iou_threshold: float, offset: int) -> Tensor:
    """Non-maximum suppression.

    Args:
        boxes (Tensor): Corners x1, y1, x2, y2 in pixels, (N, 4).
        scores (Tensor): One per box, (N,).
        iou_threshold (float): A box that overlaps a better one by more than this is dropped.
        offset (int): Added to widths and heights, 0 or 1; 1 counts the last pixel as part of
            the box.

    Returns:
        Tensor: Indices of the boxes kept, best first, long.
    """
    boxes = boxes.to(_calculation_dtype(boxes))
    far_corners = boxes.new_tensor([0, 0, offset, offset])
    return torchvision_nms(boxes + far_corners, scores.to(boxes.dtype), iou_threshold)


def roi_align_forward(
    features: Tensor,
    rois: Tensor,
    output: Tensor,
    argmax_y: Tensor,
    argmax_x: Tensor,
    aligned_height: int,
    aligned_width: int,
    spatial_scale: float,
    sampling_ratio: int,
    pool_mode: int,
    aligned: bool,
) -> None:
    """Average the bilinear samples of every bin of every region into ``output``.

    Args:
        features (Tensor): Feature map, (B, C, H, W).
        rois (Tensor): Index in the batch, then x1, y1, x2, y2 in pixels, (N, 5).
        output (Tensor): Filled in place, (N, C, aligned_height, aligned_width).
        argmax_y (Tensor): Only for maximum pooling: empty.
        argmax_x (Tensor): Only for maximum pooling: empty.
        aligned_height (int): Bins per region, vertically.
        aligned_width (int): Bins per region, horizontally.
        spatial_scale (float): Size of the feature map over that of the image.
        sampling_ratio (int): Samples per bin and axis; 0 takes about one per feature.
        pool_mode (int): 1 for the average.
        aligned (bool): Whether pixel centres lie at half-integer coordinates.

    Raises:
        MissingOpError: For maximum pooling.
    """
    if pool_mode != AVERAGE_POOLING:
        raise MissingOpError(_how_to_get("roi_align_forward with pool_mode='max'"))
    dtype = _calculation_dtype(features)
    pooled = torchvision_roi_align(
        features.to(dtype),
        rois.to(dtype),
        output_size=(aligned_height, aligned_width),
        spatial_scale=spatial_scale,
        sampling_ratio=sampling_ratio,
        aligned=aligned,
    )
    output.copy_(pooled)


def roi_align_backward(
    grad_output: Tensor,
    rois: Tensor,
    argmax_y: Tensor,
    argmax_x: Tensor,
    grad_features: Tensor,
    **options,
) -> None:
    """Spread the gradient of the bins over the features, into ``grad_features``.

    RoIAlign is linear in the features, so that its gradient may be taken at any of them: here
    at zero.

    Args:
        grad_output (Tensor): Gradient of the bins, (N, C, aligned_height, aligned_width).
        rois (Tensor): As given to :func:`roi_align_forward`, (N, 5).
        argmax_y (Tensor): Only for maximum pooling: empty.
        argmax_x (Tensor): Only for maximum pooling: empty.
        grad_features (Tensor): Filled in place, (B, C, H, W).
        **options: The options given to :func:`roi_align_forward`.
    """
    dtype = _calculation_dtype(grad_output)
    with torch.enable_grad():
        features = torch.zeros_like(grad_features, dtype=dtype, requires_grad=True)
        pooled = torch.zeros_like(grad_output, dtype=dtype)
        roi_align_forward(features, rois, pooled, argmax_y, argmax_x, **options)
    (gradient,) = torch.autograd.grad(pooled, features, grad_output.to(dtype))
    grad_features.copy_(gradient)


def _how_to_get(operator: str, reason: str = 'the stand-in has no such operator') -> str:
    return (
        f'mmcv operator "{operator}" exists only compiled ({reason}). mmaddp stands in for nms '
        'and for roi_align with average pooling. For the others build mmcv for your torch: '
        '"MMCV_WITH_OPS=1 pip install --no-build-isolation --no-cache-dir --force-reinstall '
        '--no-deps onedl-mmcv" (or "mmcv" with the upstream packages); it needs a C++ compiler '
        'and, for the GPU, the CUDA toolkit.'
    )


class StandInOps(ModuleType):
    """Takes the place of the module ``mmcv._ext``.

    Args:
        name (str): Name of the module.
        reason (str): Why the compiled operators are not used, for the error messages.
    """

    nms = staticmethod(nms)
    roi_align_forward = staticmethod(roi_align_forward)
    roi_align_backward = staticmethod(roi_align_backward)

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(name, 'Stand-in of mmaddp for the compiled operators of mmcv.')
        self.reason = reason

    def get_compiler_version(self) -> str:
        """Report that there was no compiler, where mmcv reports its own."""
        return f'none (stand-in of mmaddp: {self.reason})'

    def get_compiling_cuda_version(self) -> str:
        """Report that there is no CUDA, where mmcv reports its version."""
        return 'none (stand-in of mmaddp)'

    def __getattr__(self, operator: str) -> Callable:
        """Return, for any operator without a stand-in, a function that raises."""
        if operator.startswith('__'):
            raise AttributeError(operator)

        def missing(*args, **kwargs) -> None:
            raise MissingOpError(_how_to_get(operator, self.reason))

        return missing
