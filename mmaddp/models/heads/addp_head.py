"""The output layer of ADDP and its loss."""

from typing import Optional

from mmengine.model import BaseModule
from torch import Tensor

from mmaddp.models.utils import TiedOutput, init_as_released, take_rows
from mmaddp.registry import MODELS
from mmaddp.structures import ADDPTarget, Vocabulary


@MODELS.register_module()
class ADDPHead(BaseModule):
    """Scores every entry of the vocabulary against the decoder's token table.

    The table is not owned by the head and is detached here: it learns only through the embeddings
    that the decoder appends.

    Args:
        embed_dims (int): Width C of the decoder. Defaults to 768.
        num_codes (int): Codes of the tokenizer, K. Defaults to 1024.
        num_class_ids (int): Class ids in the vocabulary. Defaults to 1000.
        label_smoothing (float): Share of the target spread over all V entries. Defaults to 0.1.
        init_cfg (dict, optional): Initialisation config. Defaults to None.
    """

    def __init__(
        self,
        embed_dims: int = 768,
        num_codes: int = 1024,
        num_class_ids: int = 1000,
        label_smoothing: float = 0.1,
        init_cfg: Optional[dict] = None,
    ):
        super().__init__(init_cfg)
        self.vocabulary = Vocabulary(num_codes, num_class_ids)
        self.label_smoothing = label_smoothing
        self.output = TiedOutput(embed_dims, embed_dims, len(self.vocabulary))

    def init_weights(self) -> None:
        """Initialise as the released models were, unless ``init_cfg`` loads weights."""
        super().init_weights()
        if not self.init_cfg:
            init_as_released(self)

    def forward(
        self, feats: Tensor, token_embed: Tensor, num_scored: Optional[int] = None
    ) -> Tensor:
        """Score the leading entries of the vocabulary.

        Args:
            feats (Tensor): Decoder output, shape (B, N, C).
            token_embed (Tensor): Token table, shape (V, C).
            num_scored (int, optional): Entries to score. Defaults to all V.

        Returns:
            Tensor: Logits, shape (B, N, num_scored).
        """
        return self.output(feats, token_embed, num_scored)

    def loss(
        self,
        feats: Tensor,
        token_embed: Tensor,
        target: ADDPTarget,
        rows: Optional[Tensor] = None,
    ) -> dict[str, Tensor]:
        """Masked cross-entropy with a soft target.

        The target is zero for entries beyond the K codes, but the softmax and the label
        smoothing run over all V, as in the official implementation.

        Args:
            feats (Tensor): Decoder output of the image positions, shape (B, L, C) or (B, M, C).
            token_embed (Tensor): Token table, shape (V, C).
            target (ADDPTarget): The target.
            rows (Tensor, optional): Which positions these are, long, shape (B, M): all masked
                ones, and perhaps others, which are not read. Defaults to all L, in order.

        Returns:
            dict[str, Tensor]: ``loss``, the mean over the masked positions of a sample, averaged
            over the samples, and ``masked_acc``, the share of these positions whose most probable
            code is the true one, averaged likewise. Where samples have masks of different sizes,
            each counts the same, whatever is in the batch with it.
        """
        mask, token_ids, probs = target.mask_t, target.token_ids, target.target_probs
        if rows is not None:
            mask, token_ids = mask.gather(1, rows), token_ids.gather(1, rows)
            probs = take_rows(probs, rows)
        weight = mask / (mask.sum(dim=1, keepdim=True) * len(mask))
        logits = self.forward(feats, token_embed).float()
        log_probs = logits.log_softmax(dim=-1)
        num_codes = self.vocabulary.num_codes
        soft = -(probs.float() * log_probs[..., :num_codes]).sum(dim=-1)
        uniform = -log_probs.mean(dim=-1)
        per_token = (1 - self.label_smoothing) * soft + self.label_smoothing * uniform
        hit = logits.detach()[..., :num_codes].argmax(dim=-1) == token_ids
        return dict(loss=(per_token * weight).sum(), masked_acc=(hit * weight).sum())
