"""Pre-training of the token predictor."""

from collections.abc import Sequence
from typing import Optional, Union

import torch
import torch.nn.functional as F
from mmengine.model import BaseModel
from mmpretrain.structures import DataSample
from torch import Tensor

from mmaddp.registry import MODELS, TASK_UTILS


@MODELS.register_module()
class MAGE(BaseModel):
    """Trains a token predictor to predict the ids of masked positions from the visible ones.

    Args:
        token_predictor (dict): Config of the network that learns, :class:`MAGEPredictor`;
            ``num_codes`` comes from the tokenizer, where there is one.
        tokenizer (dict, optional): Config of the frozen tokenizer, :class:`VQGAN`. Without it only
            token ids can be trained on. Defaults to None.
        mask_sampler (dict, optional): Config of the mask sampler. Defaults to
            :class:`MAGEMaskSampler` with its defaults.
        label_smoothing (float): Probability spread evenly over the K codes. Defaults to 0.1.
        test_ratios (Sequence[float]): Mask ratios of :meth:`predict`. Defaults to (0.5, 0.7, 0.9).
        data_preprocessor (dict, optional): Config of the preprocessor. Defaults to
            :class:`ADDPDataPreprocessor` with its defaults.
        init_cfg (dict, optional): Initialisation.

    Raises:
        ValueError: When tokenizer and predictor know different numbers of codes.
    """

    def __init__(
        self,
        token_predictor: dict,
        tokenizer: Optional[dict] = None,
        mask_sampler: Optional[dict] = None,
        label_smoothing: float = 0.1,
        test_ratios: Sequence[float] = (0.5, 0.7, 0.9),
        data_preprocessor: Optional[dict] = None,
        init_cfg: Optional[Union[dict, list]] = None,
    ):
        super().__init__(
            data_preprocessor=data_preprocessor or dict(type='mmaddp.ADDPDataPreprocessor'),
            init_cfg=init_cfg,
        )
        trained_on = None if tokenizer is None else MODELS.build(tokenizer)
        sizes = {} if trained_on is None else dict(num_codes=trained_on.num_codes)
        self.token_predictor = MODELS.build({**sizes, **token_predictor})
        self.tokenizer = trained_on
        if self.tokenizer is not None:
            self._check_codes()
            self.tokenizer.requires_grad_(False).eval()
        self.mask_sampler = TASK_UTILS.build(mask_sampler or dict(type='mmaddp.MAGEMaskSampler'))
        self.label_smoothing = label_smoothing
        self.test_ratios = tuple(test_ratios)

    def _check_codes(self) -> None:
        ours, theirs = self.token_predictor.num_codes, self.tokenizer.num_codes
        if ours != theirs:
            raise ValueError(
                f'The token predictor has num_codes={ours}, the tokenizer num_codes={theirs}: '
                'give both the size of the same codebook.'
            )

    def train(self, mode: bool = True) -> 'MAGE':
        """Switch the mode; the frozen tokenizer stays in eval."""
        super().train(mode)
        if self.tokenizer is not None:
            self.tokenizer.eval()
        return self

    def forward(
        self,
        inputs: Tensor,
        data_samples: Optional[list[DataSample]] = None,
        mode: str = 'tensor',
    ) -> Union[Tensor, dict, list[DataSample]]:
        """Run in the mode that mmengine's loops ask for.

        Args:
            inputs (Tensor): RGB images in [0, 1], shape (B, 3, H, W), or token ids, long, (B, L).
            data_samples (list[DataSample], optional): One per input.
            mode (str): 'loss', 'predict', or 'tensor' for the token ids. Defaults to 'tensor'.
        """
        if mode == 'loss':
            return self.loss(inputs, data_samples)
        if mode == 'predict':
            return self.predict(inputs, data_samples)
        if mode == 'tensor':
            return self.tokenize(inputs)
        raise ValueError(f"Unknown mode {mode!r}; use 'loss', 'predict' or 'tensor'.")

    @torch.no_grad()
    def tokenize(self, inputs: Tensor) -> Tensor:
        """Token ids, long, shape (B, L), of images; token ids pass unchanged.

        Raises:
            ValueError: When images come but there is no tokenizer.
        """
        if not inputs.is_floating_point():
            return inputs
        if self.tokenizer is None:
            raise ValueError(
                f'Got images of shape {tuple(inputs.shape)}, but MAGE was built without a '
                'tokenizer: add one to the model, or train on cached token ids.'
            )
        return self.tokenizer.encode(inputs)[0]

    def loss(self, inputs: Tensor, data_samples: Optional[list] = None) -> dict[str, Tensor]:
        """Smoothed cross-entropy at the masked positions.

        Args:
            inputs (Tensor): As for :meth:`forward`.
            data_samples (list, optional): Not read; the loops pass it.

        Returns:
            dict[str, Tensor]: ``loss``, and ``masked_acc``, the share in [0, 1] of the masked
            positions whose most probable code is the true one (only logged).
        """
        token_ids = self.tokenize(inputs)
        masks = self.mask_sampler.draw(*token_ids.shape, token_ids.device)
        logits = self.token_predictor.logits(token_ids, masks.mask, masks.kept)
        losses = F.cross_entropy(
            logits.transpose(1, 2).float(),
            token_ids,
            reduction='none',
            label_smoothing=self.label_smoothing,
        )
        hits = logits.detach().argmax(dim=-1) == token_ids
        num_masked = masks.mask.sum()
        return dict(
            loss=(losses * masks.mask).sum() / num_masked,
            masked_acc=(hits & masks.mask).sum() / num_masked,
        )

    @torch.no_grad()
    def predict(
        self, inputs: Tensor, data_samples: Optional[list[DataSample]] = None
    ) -> list[DataSample]:
        """Measure how well masked ids are predicted, at fixed ratios and under fixed masks.

        The masks are the same for every sample, so the metrics depend neither on batches nor on
        ranks. Nothing is dropped: the predictor is measured as ADDP uses it.

        Returns:
            list[DataSample]: Per sample ``mask_ratios``, ``num_masked``, ``num_correct`` and
            ``cross_entropy`` (summed over masked positions, in nats, not smoothed), each of
            shape (number of ratios,).
        """
        token_ids = self.tokenize(inputs)
        batch_size, num_tokens = token_ids.shape
        generator = torch.Generator().manual_seed(0)
        figures = []
        for ratio in self.test_ratios:
            noise = torch.rand(1, num_tokens, generator=generator).to(token_ids.device)
            mask = self.mask_sampler.split(noise, ratio).mask.expand(batch_size, -1)
            logits = self.token_predictor.logits(token_ids, mask).float()
            losses = F.cross_entropy(logits.transpose(1, 2), token_ids, reduction='none')
            hits = (logits.argmax(dim=-1) == token_ids) & mask
            figures.append((mask.sum(1), hits.sum(1), (losses * mask).sum(1)))
        samples = data_samples or [DataSample() for _ in range(batch_size)]
        per_sample = (torch.stack(values, dim=1).cpu() for values in zip(*figures))
        for sample, masked, correct, entropy in zip(samples, *per_sample):
            sample.set_field(torch.tensor(self.test_ratios), 'mask_ratios')
            sample.set_field(masked, 'num_masked')
            sample.set_field(correct, 'num_correct')
            sample.set_field(entropy, 'cross_entropy')
        return samples
