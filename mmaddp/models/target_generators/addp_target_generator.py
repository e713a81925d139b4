"""Makes the input and the target of ADDP pre-training from clean images."""

from collections.abc import Sequence
from typing import Optional

import torch
from mmengine.model import BaseModule
from torch import Tensor

from mmaddp.models.task_modules import NestedMasks
from mmaddp.models.utils import in_autocast, masked_rows, spread_rows
from mmaddp.registry import MODELS, TASK_UTILS
from mmaddp.structures import ADDPTarget, Vocabulary
from mmaddp.utils.precision import network_width


@MODELS.register_module()
class ADDPTargetGenerator(BaseModule):
    """Owns the frozen tokenizer and token predictor and draws the masks.

    Attributes:
        large_batch (int): Numbers in the predictor's tokens (positions of a batch x width) from
            which on it predicts, on a CPU, under one mask after the other. Measured with 13,000
            (0.8 times as fast), 100,000 and 197,000 (1.2 and 1.1 times as fast).

    Args:
        tokenizer (dict): Config of the tokenizer, for instance :class:`VQGAN`.
        token_predictor (dict): Config of the predictor, for instance :class:`MAGEPredictor`;
            ``num_codes`` comes from the tokenizer, ``num_tokens`` from ``grid_size``.
        grid_size (Sequence[int]): Token grid (h, w) of the images. Defaults to (16, 16).
        mask_sampler (dict, optional): Config of the mask sampler; ``num_tokens`` comes from
            ``grid_size``. Defaults to ``dict(type='mmaddp.NestedMaskSampler')``.
        predictor_train_mode (bool): Let the predictor follow the training mode, so that its dropout
            is active. The official pre-training does this, unintentionally. Defaults to False.
        init_cfg (dict, optional): Initialisation config. Defaults to None.

    Raises:
        ValueError: A size in the config of the predictor differs from that of the other parts.
    """

    large_batch = 2**16

    def __init__(
        self,
        tokenizer: dict,
        token_predictor: dict,
        grid_size: Sequence[int] = (16, 16),
        mask_sampler: Optional[dict] = None,
        predictor_train_mode: bool = False,
        init_cfg: Optional[dict] = None,
    ):
        super().__init__(init_cfg)
        self.grid_size = tuple(grid_size)
        self.num_tokens = self.grid_size[0] * self.grid_size[1]
        self.tokenizer = MODELS.build(tokenizer)
        sizes = dict(num_codes=self.tokenizer.num_codes, num_tokens=self.num_tokens)
        self.token_predictor = MODELS.build({**sizes, **token_predictor})
        mask_sampler = dict(mask_sampler or dict(type='mmaddp.NestedMaskSampler'))
        self.mask_sampler = TASK_UTILS.build(dict(mask_sampler, num_tokens=self.num_tokens))
        self.predictor_train_mode = predictor_train_mode
        self.predictor_width = network_width(self.token_predictor)
        self._check_sizes()
        self.requires_grad_(False)
        self.train(self.training)

    def _check_sizes(self) -> None:
        predictor, tokenizer = self.token_predictor, self.tokenizer
        if predictor.num_codes != tokenizer.num_codes:
            raise ValueError(
                f'The token predictor knows {predictor.num_codes} codes, the codebook of the '
                f'tokenizer holds {tokenizer.num_codes}: leave num_codes out of its '
                'config, and load weights that were trained together.'
            )
        if predictor.num_tokens != self.num_tokens:
            raise ValueError(
                f'The token predictor has {predictor.num_tokens} positions, a grid_size of '
                f'{self.grid_size} needs {self.num_tokens}: leave num_tokens out of its config.'
            )

    @property
    def vocabulary(self) -> Vocabulary:
        """What the embedding tables of the model know."""
        return self.token_predictor.vocabulary

    def train(self, mode: bool = True) -> 'ADDPTargetGenerator':
        """Keep the frozen parts in evaluation mode."""
        super().train(mode)
        self.tokenizer.eval()
        self.token_predictor.train(mode and self.predictor_train_mode)
        return self

    def tokenize(self, inputs: Tensor) -> Tensor:
        """Get token ids.

        Args:
            inputs (Tensor): RGB images in [0, 1], shape (B, 3, H, W), or token ids, long,
                shape (B, L), for instance from a token cache.

        Returns:
            Tensor: Token ids, long, shape (B, L).

        Raises:
            ValueError: If their number does not fit the grid.
        """
        token_ids = inputs if inputs.dtype == torch.long else self.tokenizer.encode(inputs)[0]
        if token_ids.shape[1] != self.num_tokens:
            raise ValueError(
                f'Inputs of shape {tuple(inputs.shape)} give {token_ids.shape[1]} tokens, but the '
                f'model is built for a grid of {self.grid_size}.'
            )
        return token_ids

    def decode(self, token_ids: Tensor, probs: Tensor, mask: Tensor) -> Tensor:
        """Decode images from reliable and unreliable tokens.

        Args:
            token_ids (Tensor): Ids, long, shape (B, L); read at visible positions.
            probs (Tensor): Distribution over the codes, shape (B, L, K); a masked position gets
                the mean of the codes under it.
            mask (Tensor): bool, shape (B, L), True = masked.

        Returns:
            Tensor: RGB images, shape (B, 3, H, W), not clamped.
        """
        latent = torch.where(
            mask.unsqueeze(-1), self.tokenizer.expect(probs), self.tokenizer.embed(token_ids)
        )
        return self.tokenizer.decode(latent.transpose(1, 2).unflatten(2, self.grid_size))

    def predict(
        self, token_ids: Tensor, masks: NestedMasks, rows: Optional[Tensor] = None
    ) -> tuple[Tensor, Tensor]:
        """Predict the hidden tokens under both masks.

        One batch is best for a GPU, and where there is little to do; on a CPU two large batches
        are faster, because more of them stays in the caches.

        Args:
            token_ids (Tensor): Ids, long, shape (B, L).
            masks (NestedMasks): The masks.
            rows (Tensor, optional): The only positions that are wanted, long, shape (B, M).
                Defaults to all.

        Returns:
            tuple[Tensor, Tensor]: Distributions under ``mask_s`` and under ``mask_t``, each of
            shape (B, L, K) or (B, M, K).
        """
        predictor = in_autocast(self.token_predictor, token_ids.device.type)
        is_large = token_ids.numel() * self.predictor_width >= self.large_batch
        if token_ids.device.type == 'cpu' and is_large:
            probs_s, probs_t = (predictor(token_ids, mask, rows) for mask in masks.both)
            return probs_s, probs_t
        rows = None if rows is None else rows.repeat(2, 1)
        return predictor(token_ids.repeat(2, 1), torch.cat(masks.both), rows).chunk(2)

    @torch.no_grad()
    def forward(self, inputs: Tensor, sample_seeds: Optional[Sequence[int]] = None) -> ADDPTarget:
        """Make a target.

        Args:
            inputs (Tensor): RGB images in [0, 1], shape (B, 3, H, W), or token ids, long, (B, L).
            sample_seeds (Sequence[int], optional): Seeds for masks drawn per sample.

        Returns:
            ADDPTarget: The target.
        """
        token_ids = self.tokenize(inputs)
        masks = self.mask_sampler.draw(len(token_ids), token_ids.device, sample_seeds)
        return self.make_target(token_ids, masks)

    @torch.no_grad()
    def make_target(self, token_ids: Tensor, masks: NestedMasks) -> ADDPTarget:
        """Make the target of given masks.

        Args:
            token_ids (Tensor): Ids, long, shape (B, L).
            masks (NestedMasks): The masks.

        Returns:
            ADDPTarget: The target.
        """
        rows = masked_rows(masks.mask_t, masks.num_visible)
        probs_s, probs_t = (
            spread_rows(probs, rows, self.num_tokens)
            for probs in self.predict(token_ids, masks, rows)
        )
        return ADDPTarget(
            x_t=self.decode(token_ids, probs_s, masks.mask_t),
            token_ids=token_ids,
            mask_t=masks.mask_t,
            num_visible=masks.num_visible,
            target_probs=probs_t,
        )
