"""Generation as the official code runs it: every network and every picture in every step."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from mmaddp.models.task_modules import GenerationState, SampleNoise
from mmaddp.run.benchmark.plain.networks import score
from mmaddp.run.benchmark.plain.tokenizer import PlainTokenizer


class PlainGeneration:
    """Generates from seeds in float32.

    Args:
        model (nn.Module): :class:`mmaddp.models.selfsup.ADDP`.
    """

    def __init__(self, model: nn.Module) -> None:
        self.model = model
        self.tokenizer = PlainTokenizer(model.target_generator.tokenizer)

    @torch.no_grad()
    def __call__(self, seeds: Sequence[int]) -> tuple[Tensor, Tensor]:
        """Images (B, 3, H, W), not clamped, and token ids (B, L) of seeds."""
        model, sampler = self.model, self.model.sampler
        grid = model.target_generator.grid_size
        num_tokens, device = grid[0] * grid[1], model.pixel_mean.device
        state = GenerationState.blank(len(seeds), num_tokens, device)
        noise = SampleNoise(seeds, num_tokens, device)
        stride = self.tokenizer.vqgan.stride
        images = torch.zeros(len(seeds), 3, *(stride * side for side in grid), device=device)
        for step, num_masked in enumerate(sampler.lengths(num_tokens)):
            logits = score(model, images, state.token_ids, state.mask)
            probs = logits[..., : model.neck.vocabulary.num_codes].softmax(dim=-1)
            uniform, gumbel = noise.draw()
            ids = sampler.draw(probs, uniform)
            state = sampler.advance(state, step, probs, ids, gumbel, num_masked)
            mean_codes = self.tokenizer.expect(probs)
            codes = self.tokenizer.embed(state.token_ids)
            latent = torch.where(state.mask.unsqueeze(-1), mean_codes, codes)
            images = self.tokenizer.decode(latent.transpose(1, 2).unflatten(2, grid))
        return images, state.token_ids
