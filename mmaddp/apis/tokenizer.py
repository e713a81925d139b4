"""What a tokenizer alone makes of images."""

import torch
from torch import Tensor

from mmaddp.apis.inputs import Images, list_inputs
from mmaddp.apis.prediction import InputPipeline, batches
from mmaddp.models.tokenizers import VQGANTraining


@torch.no_grad()
def reconstruct_by_tokenizer(
    model: VQGANTraining, images: Images, batch_size: int = 16
) -> tuple[list[Tensor], Tensor]:
    """Encode images and decode them again.

    Args:
        model (VQGANTraining): Of :func:`mmaddp.apis.build_model`; the test pipeline of its config
            makes all images of one size.
        images (Images): See :func:`mmaddp.apis.inputs.list_inputs`.
        batch_size (int): Images at a time. Defaults to 16.

    Returns:
        tuple[list[Tensor], Tensor]: What the tokenizer got, N images (3, H, W), and what it made of
        them, shape (N, 3, H, W); RGB in [0, 1], on the CPU.
    """
    shown, found = [], []
    for batch in batches(list_inputs(images), InputPipeline.of(model._config), batch_size):
        pixels = model.data_preprocessor(batch, False)['inputs']
        shown += [*pixels.cpu()]
        found.append(model(pixels, mode='tensor').float().clamp(0, 1).cpu())
    return shown, torch.cat(found)
