"""The two networks of a generation step: denoising, and decoding of a picture."""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mmaddp.models.selfsup import ADDP

from .any_size import any_size
from .network import BATCH, Axis, Network, Tensors


def generate_networks(model: ADDP) -> list[Network]:
    """``denoise`` and ``decode``; what a step does between them is plain arithmetic.

    The size of the pictures is fixed, because decoder and token predictor have a learned position
    for each token.

    Args:
        model (ADDP): A pre-training.

    Raises:
        ValueError: Its sampler has an order or guidance.
    """
    for name, known in dict(order='confidence', guidance=0).items():
        value = getattr(model.sampler, name)
        if value != known:
            raise ValueError(
                f'model.sampler.{name} is {value!r}, which the loop around exported networks does '
                f'not know: export with {name}={known!r}.'
            )
    return [_denoise(model), _decode(model)]


@dataclass(frozen=True)
class Drawing:
    """Draws what a generation could have reached.

    Attributes:
        model (ADDP): Its sizes count.
    """

    model: ADDP

    def state(self, batch: int, visible: int, generator: torch.Generator) -> Tensors:
        """Random ids and a mask that leaves ``visible`` positions, whose places come sorted."""
        num_tokens = self.model.neck.num_tokens
        order = torch.rand((batch, num_tokens), generator=generator).argsort(dim=1)
        places = order[:, :visible].sort(dim=1).values
        mask = torch.ones((batch, num_tokens), dtype=torch.bool).scatter(1, places, False)
        num_codes = self.model.neck.vocabulary.num_codes
        ids = torch.randint(num_codes, (batch, num_tokens), generator=generator)
        return dict(token_ids=ids, mask=mask, visible=places)

    def denoise_inputs(self, sizes: Mapping[str, int], generator: torch.Generator) -> Tensors:
        """Inputs of ``denoise``."""
        channels = len(self.model.pixel_mean)
        shape = (sizes['batch'], channels, *self.model.backbone.img_size)
        images = torch.rand(shape, generator=generator)
        return dict(images=images, **self.state(sizes['batch'], sizes['visible'], generator))

    def decode_inputs(self, sizes: Mapping[str, int], generator: torch.Generator) -> Tensors:
        """Inputs of ``decode``; the share of visible positions is random too."""
        num_tokens = self.model.neck.num_tokens
        visible = int(torch.randint(num_tokens, (), generator=generator))
        state = self.state(sizes['batch'], visible, generator)
        shape = (*state['mask'].shape, self.model.neck.vocabulary.num_codes)
        probs = (4 * torch.randn(shape, generator=generator)).softmax(dim=-1)
        return dict(token_ids=state['token_ids'], probs=probs, mask=state['mask'])


class Denoiser(nn.Module):
    """Scores the codes of every position.

    Args:
        model (ADDP): Copy of a model whose encoder takes any size.
    """

    def __init__(self, model: ADDP):
        super().__init__()
        self.backbone, self.neck, self.head = model.backbone, model.neck, model.head
        self.register_buffer('pixel_mean', model.pixel_mean)
        self.register_buffer('pixel_std', model.pixel_std)

    def forward(self, images: Tensor, token_ids: Tensor, mask: Tensor, visible: Tensor) -> Tensors:
        """As :meth:`ADDP.denoise`.

        Args:
            images (Tensor): RGB, around [0, 1], shape (B, 3, H, W); any where nothing is visible.
            token_ids (Tensor): Ids, long, shape (B, L).
            mask (Tensor): bool, shape (B, L), True = masked.
            visible (Tensor): Places that are not masked, ascending, long, shape (B, V).

        Returns:
            dict[str, Tensor]: ``logits`` over the codes, shape (B, L, K).
        """
        neck = self.neck
        latent = self.backbone((images.clamp(0, 1) - self.pixel_mean) / self.pixel_std)[-1]
        masked = F.pad(mask, (1, 0), value=False).unsqueeze(-1)
        hidden = F.pad(mask, (1, 0), value=True).unsqueeze(-1)
        seen = torch.where(hidden, neck.mask_token, neck.decoder_embed(latent))
        image_part = seen + torch.where(masked, neck.mask_pos_embed, neck.pos_embed)
        tokens = F.embedding(token_ids.gather(1, visible), neck.token_embed)
        token_part = tokens + F.embedding(visible + 1, neck.token_pos_embed[0])
        x = torch.cat((image_part, token_part), dim=1)
        for layer in neck.layers:
            x = layer(x)
        feats = neck.norm(x[:, 1 : 1 + neck.num_tokens])
        return dict(logits=self.head(feats, neck.token_embed, neck.vocabulary.num_codes))


class Decoder(nn.Module):
    """Decodes pictures.

    Args:
        model (ADDP): A pre-training.
    """

    def __init__(self, model: ADDP):
        super().__init__()
        self.tokenizer = model.target_generator.tokenizer
        self.grid_size = model.target_generator.grid_size

    def forward(self, token_ids: Tensor, probs: Tensor, mask: Tensor) -> Tensors:
        """As :meth:`ADDPTargetGenerator.decode`: ``images`` (B, 3, H, W), not clamped."""
        expected, codes = self.tokenizer.expect(probs), self.tokenizer.embed(token_ids)
        latent = torch.where(mask.unsqueeze(-1), expected, codes).transpose(1, 2)
        return dict(images=self.tokenizer.decode(latent.unflatten(2, self.grid_size)))


def _denoise(model: ADDP) -> Network:
    def reference(images: Tensor, token_ids: Tensor, mask: Tensor, visible: Tensor) -> Tensors:
        return dict(logits=model.denoise(images, token_ids, mask, visible.shape[1]))

    num_tokens = model.neck.num_tokens
    places = Axis('visible', 0, (0, num_tokens - 1))
    axes = {name: {0: BATCH} for name in ('images', 'token_ids', 'mask')}
    axes['visible'] = {0: BATCH, 1: places}
    draw = Drawing(model).denoise_inputs
    module = Denoiser(any_size(model)).eval()
    return Network('denoise', module, axes, draw, torch.no_grad()(reference))


def _decode(model: ADDP) -> Network:
    def reference(token_ids: Tensor, probs: Tensor, mask: Tensor) -> Tensors:
        return dict(images=model.target_generator.decode(token_ids, probs, mask))

    axes = {name: {0: BATCH} for name in ('token_ids', 'probs', 'mask')}
    draw = Drawing(model).decode_inputs
    return Network('decode', Decoder(model).eval(), axes, draw, torch.no_grad()(reference))
