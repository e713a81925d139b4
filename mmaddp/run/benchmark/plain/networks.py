"""Token predictor, encoder, decoder and loss as the official code computes them."""

from typing import Optional

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from mmaddp.run.benchmark.plain.layers import drop, layer_norm, linear, score_all, transform


def predict(predictor: nn.Module, token_ids: Tensor, mask: Tensor) -> Tensor:
    """Distributions (B, L, K) under one mask, from logits of the whole vocabulary.

    Args:
        predictor (nn.Module): :class:`mmaddp.models.token_predictors.MAGEPredictor`.
        token_ids (Tensor): long, shape (B, L).
        mask (Tensor): bool, shape (B, L), True = masked.
    """
    vocabulary, embed = predictor.vocabulary, predictor.token_embed
    ids = torch.where(mask, torch.full_like(token_ids, vocabulary.mask_id), token_ids)
    ids = torch.cat((torch.full_like(ids[:, :1], vocabulary.class_id), ids), dim=1)
    x = F.embedding(ids, embed.word.weight) + embed.position.weight
    x = drop(embed.drop, layer_norm(embed.norm, x))
    for layer in predictor.layers:
        x = transform(layer, x)
    x = linear(predictor.decoder_embed, layer_norm(predictor.norm, x))
    hidden = F.pad(mask, (1, 0)).unsqueeze(-1)
    x = torch.where(hidden, x[:, :1], x) + predictor.decoder_pos_embed
    for layer in predictor.decoder_layers:
        x = transform(layer, x)
    x = layer_norm(predictor.decoder_norm, x)
    logits = score_all(predictor.output, x, embed.word.weight)
    return logits[:, 1:, : vocabulary.num_codes].float().softmax(dim=-1)


def encode(backbone: nn.Module, images: Tensor) -> Tensor:
    """Tokens (B, 1 + L, C) of normalised images, class token first, the final norm included.

    Args:
        backbone (nn.Module): :class:`mmaddp.models.backbones.ADDPViT`.
        images (Tensor): Normalised images of the backbone's own size, shape (B, 3, H, W).
    """
    return _outputs(backbone, images)[-1]


def encode_levels(backbone: nn.Module, images: Tensor) -> tuple[Tensor, ...]:
    """Feature maps (B, C, h, w) of the blocks in ``out_indices``."""
    outputs = _outputs(backbone, images)
    maps = (outputs[index][:, 1:].transpose(1, 2) for index in backbone.out_indices)
    return tuple(tokens.unflatten(2, backbone.patch_resolution).contiguous() for tokens in maps)


def _outputs(backbone: nn.Module, images: Tensor) -> list[Tensor]:
    """Tokens (B, 1 + L, C) after every block; the final norm acts on the last ones."""
    projection = backbone.patch_embed.projection
    x = F.conv2d(images, projection.weight, projection.bias, stride=projection.stride)
    x = x.flatten(2).transpose(1, 2)
    x = torch.cat((backbone.cls_token.expand(len(x), -1, -1), x), dim=1) + backbone.pos_embed
    if isinstance(backbone.pre_norm, nn.LayerNorm):
        x = layer_norm(backbone.pre_norm, x)
    x = drop(backbone.drop_after_pos, x)
    outputs = []
    for layer in backbone.layers:
        x = transform(layer, x, relative_bias(layer))
        outputs.append(x)
    if backbone.final_norm:
        outputs[-1] = layer_norm(backbone.ln1, x)
    return outputs


def relative_bias(layer: nn.Module) -> Optional[Tensor]:
    """Bias (heads, N, N) of a layer with a table of relative positions; None for others."""
    bias = getattr(layer, 'rel_pos_bias', None)
    if bias is None:
        return None
    rows = bias.table[bias.index.view(-1)].view(*bias.index.shape, -1)
    return rows.permute(2, 0, 1).contiguous()


def decode(neck: nn.Module, latent: Tensor, token_ids: Tensor, mask: Tensor) -> Tensor:
    """Output (B, 1 + L + visible, C) of ADDP's decoder, one number of visible ones per batch."""
    masked = F.pad(mask, (1, 0)).unsqueeze(-1)
    hidden = F.pad(mask, (1, 0), value=True).unsqueeze(-1)
    image_part = torch.where(hidden, neck.mask_token, linear(neck.decoder_embed, latent))
    image_part = image_part + torch.where(masked, neck.mask_pos_embed, neck.pos_embed)
    shape = (len(mask), -1, neck.token_embed.shape[-1])
    tokens = F.embedding(token_ids, neck.token_embed) + neck.token_pos_embed[:, 1:]
    x = torch.cat((image_part, tokens[~mask].reshape(shape)), dim=1)
    for layer in neck.layers:
        x = transform(layer, x)
    return layer_norm(neck.norm, x)


def score(model: nn.Module, images: Tensor, token_ids: Tensor, mask: Tensor) -> Tensor:
    """Logits (B, L, V) of ADDP for decoded images, at every position."""
    normalised = (images.clamp(0, 1) - model.pixel_mean) / model.pixel_std
    feats = decode(model.neck, encode(model.backbone, normalised), token_ids, mask)
    logits = score_all(model.head.output, feats, model.neck.token_embed)
    return logits[:, 1 : 1 + mask.shape[1]].float()


def masked_loss(logits: Tensor, probs: Tensor, mask: Tensor, smoothing: float) -> Tensor:
    """Smoothed cross-entropy over the vocabulary, averaged over masked positions."""
    size = logits.shape[-1]
    target = F.pad(probs, (0, size - probs.shape[-1])) * (1 - smoothing) + smoothing / size
    losses = -(target * logits.log_softmax(dim=-1)).sum(dim=-1)
    return (losses * mask).sum() / mask.sum()
