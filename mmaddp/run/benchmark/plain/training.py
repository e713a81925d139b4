"""Training steps as the official code takes them: forward, backward, clipping, AdamW."""

from collections.abc import Callable
from contextlib import nullcontext
from typing import Optional

import torch
from torch import Tensor, nn

from mmaddp.run.benchmark.plain.layers import layer_norm
from mmaddp.run.benchmark.plain.networks import encode, masked_loss, predict, score
from mmaddp.run.benchmark.plain.tokenizer import PlainTokenizer


class PlainPretraining:
    """The loss of ADDP's pre-training: every network on every step, one call per mask.

    Args:
        model (nn.Module): :class:`mmaddp.models.selfsup.ADDP`, whose weights are read and trained.
    """

    def __init__(self, model: nn.Module) -> None:
        self.model = model
        self.tokenizer = PlainTokenizer(model.target_generator.tokenizer)

    def __call__(self, images: Tensor) -> Tensor:
        """Loss of RGB images (B, 3, H, W) in [0, 1]."""
        generator = self.model.target_generator
        with torch.no_grad():
            token_ids = self.tokenizer.encode(images)
            masks = generator.mask_sampler.draw(len(token_ids), token_ids.device, None)
            mask = masks.mask_t
            mean_codes = self.tokenizer.expect(
                predict(generator.token_predictor, token_ids, masks.mask_s)
            )
            probs = predict(generator.token_predictor, token_ids, mask)
            codes = self.tokenizer.embed(token_ids)
            latent = torch.where(mask.unsqueeze(-1), mean_codes, codes)
            grid = latent.transpose(1, 2).unflatten(2, generator.grid_size)
            decoded = self.tokenizer.decode(grid)
        logits = score(self.model, decoded, token_ids, mask)
        return masked_loss(logits, probs, mask, self.model.head.label_smoothing)


class PlainClassification:
    """The loss of fine-tuning: a plain ViT, mean of the patch tokens, norm, Linear.

    Args:
        model (nn.Module): mmpretrain's ``ImageClassifier`` with an ADDPViT of ``avg_featmap``.
    """

    def __init__(self, model: nn.Module) -> None:
        self.model = model

    def __call__(self, batch: dict) -> Tensor:
        """Loss of a batch of the data loader."""
        data = self.model.data_preprocessor(batch, True)
        backbone = self.model.backbone
        tokens = encode(backbone, data['inputs'])
        pooled = layer_norm(backbone.ln2, tokens[:, 1:].mean(dim=1))
        return self.model.head.loss((pooled,), data['data_samples'])['loss']


class PlainStep:
    """A step of training with PyTorch's AdamW as it comes.

    Args:
        loss (Callable): From a batch to the loss.
        model (nn.Module): Whose parameters are trained.
        max_norm (float, optional): Of the clipped gradient. Defaults to None, no clipping.
        half (bool): Autocast to float16 with a scaled loss, as the official code trains on a GPU.
            Defaults to False: float32.
    """

    def __init__(
        self,
        loss: Callable,
        model: nn.Module,
        max_norm: Optional[float] = None,
        half: bool = False,
    ) -> None:
        self.loss = loss
        self.max_norm = max_norm
        self.trained = [weight for weight in model.parameters() if weight.requires_grad]
        self.optimizer = torch.optim.AdamW(self.trained, lr=0.0, betas=(0.9, 0.95))
        self.device = self.trained[0].device.type
        self.half = half
        self.scaler = torch.amp.GradScaler(self.device, enabled=half)

    def __call__(self, batch) -> float:
        """Train on a batch; return its loss."""
        cast = torch.autocast(self.device, torch.float16) if self.half else nullcontext()
        with cast:
            loss = self.loss(batch)
        self.scaler.scale(loss).backward()
        self.scaler.unscale_(self.optimizer)
        if self.max_norm is not None:
            torch.nn.utils.clip_grad_norm_(self.trained, self.max_norm)
        self.scaler.step(self.optimizer)
        self.scaler.update()
        self.optimizer.zero_grad()
        return loss.item()
