"""The decoder of ADDP pre-training."""

from collections.abc import Sequence
from typing import Optional

import torch
import torch.nn.functional as F
from mmengine.model import BaseModule
from torch import Tensor, nn

from mmaddp.models.utils import PaddedTransformerLayer, init_as_released
from mmaddp.registry import MODELS
from mmaddp.structures import Vocabulary


@MODELS.register_module()
class ADDPDecoder(BaseModule):
    """Joins what the encoder saw with the true tokens of the visible positions.

    The sequence holds first the class slot and all L image positions, then one embedded true token
    per visible position, in position order. The class slot and masked positions hold a learned
    mask token, so nothing of the image reaches them but through attention.

    Args:
        in_channels (int): Width of the encoder. Defaults to 768.
        embed_dims (int): Width C of the decoder. Defaults to 768.
        num_layers (int): Transformer layers. Defaults to 8.
        num_heads (int): Attention heads. Defaults to 16.
        num_tokens (int): Image positions L. Defaults to 256.
        num_codes (int): Codes of the tokenizer, K. Defaults to 1024.
        num_class_ids (int): Class ids in the vocabulary. Defaults to 1000.
        drop_rate (float): Dropout in the layers. Defaults to 0.
        length_multiple (int): Visible tokens are padded to a multiple of this number, and the
            padding is hidden from attention: so there are few lengths, for each of which a
            compiler makes a graph. Defaults to 1, no padding.
        table_std (float): Standard deviation of tokens and positions at the start. Narrow decoders
            need a larger one to learn quickly, see :class:`MAGEPredictor`. Defaults to 0.02, as
            released.
        init_cfg (dict, optional): Initialisation config. Defaults to None.
    """

    def __init__(
        self,
        in_channels: int = 768,
        embed_dims: int = 768,
        num_layers: int = 8,
        num_heads: int = 16,
        num_tokens: int = 256,
        num_codes: int = 1024,
        num_class_ids: int = 1000,
        drop_rate: float = 0.0,
        length_multiple: int = 1,
        table_std: float = 0.02,
        init_cfg: Optional[dict] = None,
    ):
        super().__init__(init_cfg)
        if length_multiple < 1:
            raise ValueError(f'length_multiple must be at least 1, got {length_multiple}.')
        self.num_tokens = num_tokens
        self.length_multiple = length_multiple
        self.table_std = table_std
        self.vocabulary = Vocabulary(num_codes, num_class_ids)

        def table(rows: int) -> nn.Parameter:
            return nn.Parameter(torch.zeros(1, rows, embed_dims))

        self.decoder_embed = nn.Linear(in_channels, embed_dims)
        self.mask_token = table(1)
        self.token_embed = nn.Parameter(torch.zeros(len(self.vocabulary), embed_dims))
        # Row 0 of the position tables belongs to the class slot, row p + 1 to position p.
        self.pos_embed = table(num_tokens + 1)
        self.mask_pos_embed = table(num_tokens + 1)
        self.token_pos_embed = table(num_tokens + 1)
        self.layers = nn.ModuleList(
            PaddedTransformerLayer(embed_dims, num_heads, drop_rate=drop_rate)
            for _ in range(num_layers)
        )
        self.norm = nn.LayerNorm(embed_dims, eps=1e-6)

    def init_weights(self) -> None:
        """Initialise as the released models were, unless ``init_cfg`` loads weights."""
        super().init_weights()
        if self.init_cfg:
            return
        init_as_released(self)
        for table in self.parameters(recurse=False):
            nn.init.normal_(table, std=self.table_std)

    def forward(
        self,
        latent: Optional[Tensor],
        token_ids: Tensor,
        mask: Tensor,
        num_visible: Sequence[int],
        rows: Optional[Tensor] = None,
    ) -> Tensor:
        """Decode.

        Args:
            latent (Tensor, optional): Encoder output, shape (B, 1 + L, C_in), class token first.
                None if no position is visible: then nothing of it would be used. Otherwise None
                means without a picture: every position holds the mask token.
            token_ids (Tensor): True codes, long, shape (B, L); read at visible positions only.
            mask (Tensor): bool, shape (B, L), True = masked.
            num_visible (Sequence[int]): Visible positions of each sample. Where they differ, the
                shorter sequences are padded at the end and the padding is hidden from attention.
            rows (Tensor, optional): The only image positions that are wanted, long, shape (B, M).
                Defaults to the whole sequence.

        Returns:
            Tensor: Shape (B, 1 + L + max(num_visible), C): class slot, image positions, visible
            tokens, of which rows of padding are meaningless; or (B, M, C), the positions wanted.
        """
        padded = -(-max(num_visible) // self.length_multiple) * self.length_multiple
        longest = min(padded, self.num_tokens)
        visible_first = mask.to(torch.uint8).argsort(dim=1, stable=True)
        padding = None
        if min(num_visible) < longest:
            padding = self._padding(num_visible, longest, mask.device)
        return self.run(latent, token_ids, mask, visible_first[:, :longest], padding, rows)

    def run(
        self,
        latent: Optional[Tensor],
        token_ids: Tensor,
        mask: Tensor,
        where: Tensor,
        padding: Optional[Tensor],
        rows: Optional[Tensor],
    ) -> Tensor:
        """Decode what :meth:`forward` has prepared; what it does depends on shapes alone.

        Args:
            latent (Tensor, optional): As for :meth:`forward`; so are all that are not named here.
            token_ids (Tensor): long, shape (B, L).
            mask (Tensor): bool, shape (B, L).
            where (Tensor): Positions whose tokens are appended, long, shape (B, V).
            padding (Tensor, optional): Which of the sequence is padding, bool, (B, 1 + L + V).
            rows (Tensor, optional): long, shape (B, M).

        Returns:
            Tensor: As of :meth:`forward`.
        """
        token_part = self._embed_visible(token_ids, where)
        x = torch.cat((self._embed_image(latent, mask), token_part), dim=1)
        *layers, last = self.layers
        for layer in layers:
            x = layer(x, padding)
        return self.norm(last(x, padding, None if rows is None else rows + 1))

    def _embed_image(self, latent: Optional[Tensor], mask: Tensor) -> Tensor:
        masked = F.pad(mask, (1, 0), value=False).unsqueeze(-1)
        positions = torch.where(masked, self.mask_pos_embed, self.pos_embed)
        if latent is None:
            return self.mask_token + positions
        hidden = F.pad(mask, (1, 0), value=True).unsqueeze(-1)
        return torch.where(hidden, self.mask_token, self.decoder_embed(latent)) + positions

    def _embed_visible(self, token_ids: Tensor, where: Tensor) -> Tensor:
        # Unlike indexing, embedding adds gradients in the same order in every run.
        tokens = F.embedding(token_ids.gather(1, where), self.token_embed)
        return tokens + F.embedding(where + 1, self.token_pos_embed[0])

    def _padding(self, num_visible: Sequence[int], longest: int, device) -> Tensor:
        counts = torch.tensor(num_visible).to(device, non_blocking=True).unsqueeze(1)
        is_padding = torch.arange(longest, device=device) >= counts
        return F.pad(is_padding, (1 + self.num_tokens, 0), value=False)
