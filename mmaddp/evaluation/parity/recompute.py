"""Our values of every recorded tensor."""

import re
from collections.abc import Iterator
from dataclasses import replace

import torch
from torch import Tensor

from mmaddp.models.selfsup import ADDP
from mmaddp.models.task_modules import (
    AlternatingSampler,
    GenerationState,
    NestedMasks,
    NestedMaskSampler,
    nucleus_mask,
)
from mmaddp.structures import ADDPTarget
from mmaddp.weights.official_keys import ADDP_KEYS

from .recording import Recording, build_classifier, build_recorded_model

Rows = Iterator[tuple[str, Tensor]]
FULL_GRADIENT = 'blocks.0.attn.qkv.weight'
CHOICE_TEMPERATURE = 6.0
TOP_P = 0.5


def recompute(recording: Recording) -> Rows:
    """Compute every tensor that a reference folder can record, in evaluation mode.

    Args:
        recording (Recording): The folder.

    Yields:
        tuple[str, Tensor]: Name and our value, strided as the recorded one is.
    """
    model = build_recorded_model(recording)
    images = recording.tensors['x0'].float() / 255
    with torch.no_grad():
        yield from _tokenizer(model, images, recording)
        yield from _generation(model, recording)
        yield from _classification(recording)
    yield from _pretraining(model, images, recording)
    masks = NestedMaskSampler(model.neck.num_tokens)
    yield 'mask_schedule.ratios', masks.ratios
    yield 'mask_schedule.probs', masks.probs


def _tokenizer(model: ADDP, images: Tensor, recording: Recording) -> Rows:
    tokenizer = model.target_generator.tokenizer
    token_ids, z = tokenizer.encode(images)
    yield 'vq.encoder_out', tokenizer.encode_latent(images)
    yield 'vq.indices', token_ids
    yield 'vq.z_q', z
    codes = _to_map(tokenizer.embed(_recorded_ids(token_ids, recording)), recording)
    yield 'vq.recon', _pixels(tokenizer.decode(codes), recording)
    yield 'vq.codebook_entry', codes


def _pretraining(model: ADDP, images: Tensor, recording: Recording) -> Rows:
    generator, tensors = model.target_generator, recording.tensors
    mask_t = tensors['pretrain.mask_t']
    num_visible = tuple((~mask_t).sum(1).tolist())
    with torch.no_grad():
        token_ids = _recorded_ids(generator.tokenize(images), recording)
        masks = NestedMasks(mask_t, tensors['pretrain.mask_t_next'], num_visible)
        probs_s, probs_t = generator.predict(token_ids, masks)
        x_t = generator.decode(token_ids, probs_s, mask_t)
    stride = recording.config['position_stride']
    yield 'pretrain.z_t_pred', _to_map(generator.tokenizer.expect(probs_s), recording)
    yield 'pretrain.target_prob', probs_t[:, ::stride].transpose(1, 2)
    yield 'pretrain.x_t', _pixels(x_t, recording)

    normalised = (x_t.clamp(0, 1) - model.pixel_mean) / model.pixel_std
    latent = model.encode(x_t)
    feats = model.neck(latent, token_ids, mask_t, num_visible)
    token_embed = model.neck.token_embed
    target = ADDPTarget(x_t, token_ids, mask_t, num_visible, probs_t)
    loss = model.head.loss(feats[:, 1 : 1 + model.neck.num_tokens], token_embed, target)['loss']
    yield 'pretrain.embed', model.backbone.embed(normalised)[0].detach()
    yield 'pretrain.latent', latent.detach()
    yield 'pretrain.logits', model.head(feats, token_embed)[:, ::stride].detach()
    yield 'pretrain.loss', loss.detach().reshape(1)
    yield from _gradients(model, loss, recording)


def _gradients(model: ADDP, loss: Tensor, recording: Recording) -> Rows:
    loss.backward()
    parameters = dict(model.named_parameters())

    def gradient(official_name: str) -> Tensor:
        return parameters[ADDP_KEYS.rename(official_name)].grad

    names = recording.config['grad_norm_names']
    yield 'pretrain.grad_norms', torch.stack([gradient(name).norm() for name in names])
    yield f'pretrain.grad.{FULL_GRADIENT}', gradient(FULL_GRADIENT)


def _generation(model: ADDP, recording: Recording) -> Rows:
    tensors = recording.tensors
    for schedule in ('cosine', 'linear'):
        steps = _indices(rf'generate\.{schedule}\.(\d+)\.sampled_ids', tensors)
        sampler = AlternatingSampler(len(steps), schedule, CHOICE_TEMPERATURE)
        batch_size = len(tensors['x0'])
        state = GenerationState.blank(batch_size, model.neck.num_tokens, torch.device('cpu'))
        lengths = sampler.lengths(model.neck.num_tokens)
        for step in steps:
            name = f'generate.{schedule}.{step}'
            num_visible = model.neck.num_tokens - state.num_masked
            logits = model.denoise(state.images, state.token_ids, state.mask, num_visible)
            if step in (0, 2) or f'{name}.logits' in tensors:
                yield f'{name}.logits', logits[:, :: recording.config['position_stride']]
            if name == 'generate.cosine.2':
                yield from _nucleus(logits, tensors)
            probs = logits.softmax(-1)
            ids, gumbel = tensors[f'{name}.sampled_ids'], tensors[f'{name}.gumbel']
            state = sampler.advance(state, step, probs, ids, gumbel, lengths[step])
            yield f'{name}.mask_next', state.mask
            images = model.target_generator.decode(state.token_ids, probs, state.mask)
            state = replace(state, images=images)
        yield f'generate.{schedule}.image', _pixels(state.images, recording)


def _nucleus(logits: Tensor, tensors: dict[str, Tensor]) -> Rows:
    """Codes kept by top-p. A cumulative sum within 1e-5 of p may round to either side of it."""
    name, probs = f'nucleus.top_p_{TOP_P}.keep_count', logits.softmax(-1)
    lowest, kept, highest = (
        nucleus_mask(probs, TOP_P + slack).sum(-1) for slack in (-1e-5, 0, 1e-5)
    )
    recorded = tensors.get(name)
    if recorded is None or recorded.shape != kept.shape:
        recorded = kept
    yield name, recorded.clamp(lowest, highest)


def _classification(recording: Recording) -> Rows:
    tensors = recording.tensors
    mean = torch.tensor((0.485, 0.456, 0.406)).view(-1, 1, 1)
    std = torch.tensor((0.229, 0.224, 0.225)).view(-1, 1, 1)
    sizes = _indices(r'classify\.(\d+)\.input', tensors)
    if not sizes:  # nothing to start from: the row will count as missing
        yield f'classify.{recording.config["image_size"]}.logits', torch.empty(0)
    for size in sizes:
        name = f'classify.{size}'
        backbone = build_classifier(recording, size)
        pooled = backbone((tensors[f'{name}.input'].float() / 255 - mean) / std)[-1]
        yield f'{name}.pos_embed', backbone.pos_embed
        head = tensors[f'{name}.head.weight'], tensors[f'{name}.head.bias']
        yield f'{name}.logits', torch.nn.functional.linear(pooled, *head)


def _indices(pattern: str, tensors: dict[str, Tensor]) -> list[int]:
    return sorted(
        int(match[1]) for match in (re.fullmatch(pattern, name) for name in tensors) if match
    )


def _recorded_ids(token_ids: Tensor, recording: Recording) -> Tensor:
    """Recorded ids, so that one that rounding has changed counts once; ours if there are none."""
    recorded = recording.tensors.get('vq.indices', token_ids)
    return recorded if recorded.shape == token_ids.shape else token_ids


def _pixels(images: Tensor, recording: Recording) -> Tensor:
    stride = recording.config['pixel_stride']
    return images[..., ::stride, ::stride]


def _to_map(tokens: Tensor, recording: Recording) -> Tensor:
    return tokens.transpose(1, 2).unflatten(2, recording.grid_size)
