"""The VQGAN as the official code runs it: contiguous tensors, one operation after another."""

import copy

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class PlainTokenizer:
    """Encodes and decodes with a copy of a tokenizer's weights, whose memory is contiguous.

    Args:
        tokenizer (nn.Module): :class:`mmaddp.models.tokenizers.VQGAN`.
    """

    def __init__(self, tokenizer: nn.Module) -> None:
        self.vqgan = copy.deepcopy(tokenizer).requires_grad_(False)
        self.vqgan.to(memory_format=torch.contiguous_format)
        for weight in self.vqgan.parameters():
            weight.data = weight.data.contiguous()

    def encode(self, images: Tensor) -> Tensor:
        """Token ids, long, shape (B, L), of RGB images (B, 3, H, W) in [0, 1]."""
        encoder = self.vqgan.encoder
        x = conv(encoder.conv_in, images)
        for index, level in enumerate(encoder.down):
            x = F.avg_pool2d(x, 2) if index else x
            for block in level.block:
                x = residual(block, x)
        x = residual(encoder.mid.block_2, residual(encoder.mid.block_1, x))
        latent = conv(encoder.conv_out, F.silu(group_norm(encoder.norm_out, x)))
        vectors = latent.permute(0, 2, 3, 1).flatten(0, 2).float()
        codes = self.vqgan.quantize.embedding.weight.float()
        with torch.autocast(images.device.type, enabled=False):
            products = vectors @ codes.t()
        distances = vectors.square().sum(1, keepdim=True) + codes.square().sum(1) - 2 * products
        return distances.argmin(dim=1).view(len(images), -1)

    def expect(self, probs: Tensor) -> Tensor:
        """Mean code (B, L, D) under distributions (B, L, K)."""
        return probs @ self.vqgan.quantize.embedding.weight

    def embed(self, token_ids: Tensor) -> Tensor:
        """Codes (B, L, D) of ids (B, L)."""
        return F.embedding(token_ids, self.vqgan.quantize.embedding.weight)

    def decode(self, latent: Tensor) -> Tensor:
        """RGB images (B, 3, H, W), not clamped, of a latent grid (B, D, h, w)."""
        decoder = self.vqgan.decoder
        x = conv(decoder.conv_in, latent.contiguous())
        x = residual(decoder.mid.block_2, residual(decoder.mid.block_1, x))
        for level in reversed(decoder.up):
            for block in level.block:
                x = residual(block, x)
            if level.upsample is not None:
                x = conv(level.upsample.conv, F.interpolate(x, scale_factor=2.0, mode='nearest'))
        return conv(decoder.conv_out, F.silu(group_norm(decoder.norm_out, x)))


def conv(layer: nn.Conv2d, x: Tensor) -> Tensor:
    """Apply the weights of a convolution of stride 1 that keeps the size."""
    return F.conv2d(x, layer.weight, layer.bias, padding=layer.padding)


def group_norm(norm: nn.GroupNorm, x: Tensor) -> Tensor:
    """Apply the weights of a group norm."""
    return F.group_norm(x, norm.num_groups, norm.weight, norm.bias, norm.eps)


def residual(block: nn.Module, x: Tensor) -> Tensor:
    """Two normalised convolutions, with the shortcut of the released weights."""
    h = conv(block.conv1, F.silu(group_norm(block.norm1, x)))
    h = conv(block.conv2, F.silu(group_norm(block.norm2, h)))
    return (x if block.nin_shortcut is None else conv(block.nin_shortcut, h)) + h
