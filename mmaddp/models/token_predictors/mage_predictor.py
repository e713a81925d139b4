"""MAGE's transformer: from the visible token ids to a distribution over the codes everywhere."""

from typing import Optional

import torch
import torch.nn.functional as F
from mmengine.model import BaseModule, ModuleList
from torch import Tensor, nn

from mmaddp.models.utils import PaddedTransformerLayer, QuickDropout, TiedOutput, init_as_released
from mmaddp.registry import MODELS
from mmaddp.structures import Vocabulary


class TokenEmbedding(nn.Module):
    """Embedding of token ids: word table plus learned positions, LayerNorm, dropout.

    Args:
        vocabulary (Vocabulary): Ids of the word table.
        num_slots (int): Rows of the position table.
        embed_dims (int): Width C.
        drop_rate (float): Dropout after the norm.
    """

    def __init__(self, vocabulary: Vocabulary, num_slots: int, embed_dims: int, drop_rate: float):
        super().__init__()
        self.word = nn.Embedding(len(vocabulary), embed_dims)
        self.position = nn.Embedding(num_slots, embed_dims)
        self.norm = nn.LayerNorm(embed_dims, eps=1e-6)
        self.drop = QuickDropout(drop_rate)

    def forward(self, ids: Tensor) -> Tensor:
        """Embed ids of shape (B, num_slots) as tokens (B, num_slots, C)."""
        return self.drop(self.norm(self.word(ids) + self.position.weight))


@MODELS.register_module()
class MAGEPredictor(BaseModule):
    """Token predictor of MAGE (https://arxiv.org/abs/2211.09117): two transformer stacks over ids.

    The input never contains the ids at masked positions: they hold the mask id instead, and in the
    decoder the encoder's output at the class slot.

    Args:
        num_codes (int): Codes of the tokenizer, K. Defaults to 1024.
        num_tokens (int): Positions of the token grid, L. Defaults to 256.
        embed_dims (int): Width C of the encoder. Defaults to 768.
        num_layers (int): Blocks of the encoder. Defaults to 12.
        num_heads (int): Heads of the encoder. Defaults to 12.
        decoder_embed_dims (int): Width of the decoder. Defaults to 768.
        decoder_num_layers (int): Blocks of the decoder. Defaults to 8.
        decoder_num_heads (int): Heads of the decoder. Defaults to 16.
        drop_rate (float): Dropout of the embedding and of all blocks. Defaults to 0.1.
        num_class_ids (int): Class ids in the word table, see :class:`Vocabulary`.
            Defaults to 1000.
        table_std (float): Standard deviation of the tables at the start. The product of a
            normalised output with a row of the word table is at most this times the width, so that
            narrow predictors need a larger one to learn quickly. Defaults to 0.02, as released.
        init_cfg (dict, optional): Initialisation, ``Pretrained`` for instance.
    """

    def __init__(
        self,
        num_codes: int = 1024,
        num_tokens: int = 256,
        embed_dims: int = 768,
        num_layers: int = 12,
        num_heads: int = 12,
        decoder_embed_dims: int = 768,
        decoder_num_layers: int = 8,
        decoder_num_heads: int = 16,
        drop_rate: float = 0.1,
        num_class_ids: int = 1000,
        table_std: float = 0.02,
        init_cfg: Optional[dict] = None,
    ):
        super().__init__(init_cfg)
        self.table_std = table_std
        self.vocabulary = Vocabulary(num_codes, num_class_ids)
        self.num_codes = num_codes
        self.num_tokens = num_tokens
        num_slots = num_tokens + 1  # the class slot comes first

        self.token_embed = TokenEmbedding(self.vocabulary, num_slots, embed_dims, drop_rate)
        self.layers = ModuleList(
            PaddedTransformerLayer(embed_dims, num_heads, drop_rate=drop_rate)
            for _ in range(num_layers)
        )
        self.norm = nn.LayerNorm(embed_dims, eps=1e-6)

        self.decoder_embed = nn.Linear(embed_dims, decoder_embed_dims)
        self.decoder_pos_embed = nn.Parameter(torch.zeros(1, num_slots, decoder_embed_dims))
        self.decoder_layers = ModuleList(
            PaddedTransformerLayer(decoder_embed_dims, decoder_num_heads, drop_rate=drop_rate)
            for _ in range(decoder_num_layers)
        )
        self.decoder_norm = nn.LayerNorm(decoder_embed_dims, eps=1e-6)
        self.output = TiedOutput(decoder_embed_dims, embed_dims, len(self.vocabulary))

    def init_weights(self) -> None:
        """Tables from N(0, table_std), Linear weights Xavier-uniform, biases zero."""
        super().init_weights()
        if (self.init_cfg or {}).get('type') == 'Pretrained':
            return
        init_as_released(self)
        for table in (self.token_embed.word, self.token_embed.position):
            nn.init.normal_(table.weight, std=self.table_std)
        nn.init.normal_(self.decoder_pos_embed, std=self.table_std)

    def forward(self, token_ids: Tensor, mask: Tensor, rows: Optional[Tensor] = None) -> Tensor:
        """Distribution of the code at every position, given the visible ids.

        Args:
            token_ids (Tensor): long, shape (B, L), 0 .. K - 1; ids under the mask are never
                read.
            mask (Tensor): bool, shape (B, L), True = masked. Samples may differ in their number
                of masked positions.
            rows (Tensor, optional): The only positions that are wanted, long, shape (B, M).
                Defaults to all.

        Returns:
            Tensor: float32, shape (B, L, K) or (B, M, K), each row sums to 1.
        """
        return self.logits(token_ids, mask, rows=rows).float().softmax(dim=-1)

    def logits(
        self,
        token_ids: Tensor,
        mask: Tensor,
        kept: Optional[Tensor] = None,
        rows: Optional[Tensor] = None,
    ) -> Tensor:
        """Unnormalised scores of the codes.

        Args:
            token_ids (Tensor): As for :meth:`forward`.
            mask (Tensor): As for :meth:`forward`.
            kept (Tensor, optional): long, shape (B, L_kept): the only positions that the encoder
                sees, all visible ones among them. MAGE's pre-training saves time this way. None
                (the default) keeps all.
            rows (Tensor, optional): As for :meth:`forward`. Defaults to all.

        Returns:
            Tensor: Shape (B, L, K) or (B, M, K).

        Raises:
            ValueError: When ids or mask do not have ``num_tokens`` positions.
        """
        for name, value in (('token_ids', token_ids), ('mask', mask)):
            if value.dim() != 2 or value.size(1) != self.num_tokens:
                raise ValueError(
                    f'{name} has shape {tuple(value.shape)}, but this predictor was built for '
                    f'(B, {self.num_tokens}): set num_tokens to the positions of the token grid.'
                )
        x = self.encode(token_ids, mask, kept)
        x = self.decode(x, mask, kept, rows)
        word_table = self.token_embed.word.weight
        return self.output(x, word_table, self.num_codes)

    def encode(self, token_ids: Tensor, mask: Tensor, kept: Optional[Tensor] = None) -> Tensor:
        """Encoder output, class slot first: shape (B, 1 + L, C), or (B, 1 + L_kept, C)."""
        ids = token_ids.masked_fill(mask, self.vocabulary.mask_id)
        x = self.token_embed(F.pad(ids, (1, 0), value=self.vocabulary.class_id))
        if kept is not None:
            tokens = x[:, 1:].gather(1, kept[..., None].expand(-1, -1, x.size(-1)))
            x = torch.cat((x[:, :1], tokens), dim=1)
        for layer in self.layers:
            x = layer(x)
        return self.norm(x)

    def decode(
        self,
        x: Tensor,
        mask: Tensor,
        kept: Optional[Tensor] = None,
        rows: Optional[Tensor] = None,
    ) -> Tensor:
        """Decoder output of all positions, (B, L, decoder_embed_dims), or of ``rows``."""
        x = self.decoder_embed(x)
        class_slot, tokens = x[:, :1], x[:, 1:]
        filler = class_slot.expand(-1, self.num_tokens, -1)
        if kept is not None:
            index = kept[..., None].expand_as(tokens)
            tokens = filler.scatter(1, index, tokens)
        # Released quirk: a masked position holds the class slot's output, not a mask parameter.
        tokens = torch.where(mask[..., None], filler, tokens)
        x = torch.cat((class_slot, tokens), dim=1) + self.decoder_pos_embed
        *layers, last = self.decoder_layers
        for layer in layers:
            x = layer(x)
        x = last(x)[:, 1:] if rows is None else last(x, rows=rows + 1)
        return self.decoder_norm(x)
