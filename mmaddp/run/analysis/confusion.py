"""Which codes an ADDP model predicts for which."""

import csv
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor

from mmaddp.models.selfsup import ADDP
from mmaddp.run.analysis.figures import png_figure
from mmaddp.utils.atomic import atomic_path
from mmaddp.utils.images import as_rgb
from mmaddp.visualization.target_pictures import masks_at

BATCH = 64
TOP = 5


class Confusion(NamedTuple):
    """Predictions at masked positions, counted.

    Attributes:
        counts (Tensor): Long, shape (K, K): row the true code, column the most probable one.
        in_top (float): Share of the positions whose true code is among the five most probable.
    """

    counts: Tensor
    in_top: float

    @property
    def accuracy(self) -> float:
        """Share of the positions whose most probable code is the true one."""
        return float(self.counts.diagonal().sum() / self.counts.sum())

    def most_frequent(self, number: int) -> Tensor:
        """Codes that occur or are predicted most often, ids, shape (N,), N at most ``number``."""
        often = self.counts.sum(dim=0) + self.counts.sum(dim=1)
        return often.argsort(descending=True)[: min(number, int((often > 0).sum()))]


@torch.no_grad()
def confusion(model: ADDP, images: Tensor, mask_ratio: float) -> Confusion:
    """Predict the masked tokens of pictures from x_t, as in pre-training, and count.

    Args:
        model (ADDP): In evaluation mode.
        images (Tensor): In [0, 1], shape (B, 3, H, W).
        mask_ratio (float): Share of the tokens that is masked, in (0, 1].
    """
    generator, device = model.target_generator, model.neck.mask_token.device
    num_codes = generator.vocabulary.num_codes
    counts = torch.zeros(num_codes * num_codes, dtype=torch.long)
    in_top = 0
    for part in images.split(BATCH):
        token_ids = generator.tokenize(part.to(device))
        masks = masks_at(model, mask_ratio, token_ids)
        x_t = generator.make_target(token_ids, masks).x_t
        logits = model.denoise(x_t, token_ids, masks.mask_t, masks.num_visible[0])[masks.mask_t]
        true = token_ids[masks.mask_t]
        pairs = true * num_codes + logits.argmax(dim=-1)
        counts += torch.bincount(pairs.cpu(), minlength=len(counts))
        best = logits.topk(min(TOP, num_codes), dim=-1).indices
        in_top += int((best == true[:, None]).any(dim=-1).sum())
    counts = counts.view(num_codes, num_codes)
    return Confusion(counts, in_top / max(1, int(counts.sum())))


@torch.no_grad()
def code_patches(model: ADDP, ids: Tensor) -> Tensor:
    """What each code looks like: the middle of a picture that consists of it alone.

    Args:
        model (ADDP): The model.
        ids (Tensor): Codes, long, shape (N,).

    Returns:
        Tensor: RGB in [0, 1], shape (N, 3, h, w): one position's share of a picture.
    """
    generator = model.target_generator
    height, width = generator.grid_size
    patches = []
    for part in ids.to(model.neck.mask_token.device).split(BATCH):
        grid = part[:, None].expand(-1, height * width)
        latent = generator.tokenizer.embed(grid).transpose(1, 2).unflatten(2, (height, width))
        pictures = as_rgb(generator.tokenizer.decode(latent).clamp(0, 1).cpu())
        high, wide = (side // count for side, count in zip(pictures.shape[-2:], (height, width)))
        top, left = height // 2 * high, width // 2 * wide
        patches.append(pictures[..., top : top + high, left : left + wide])
    return torch.cat(patches)


def draw_confusion(found: Confusion, model: ADDP, number: int, file: Path) -> None:
    """Draw the most frequent codes, dark ones first, each row in shares, into a PNG file."""
    ids = found.most_frequent(number)
    patches = code_patches(model, ids)
    order = patches.mean(dim=(1, 2, 3)).argsort()
    ids, patches = ids[order], patches[order]
    counts = found.counts[ids][:, ids].double()
    shares = counts / found.counts[ids].sum(dim=1, keepdim=True).clamp(min=1)
    with png_figure(file, size=(8, 7)) as (axis,):
        side = len(ids)
        drawn = axis.imshow(shares.numpy(), cmap='magma', vmin=0)
        axis.figure.colorbar(drawn, ax=axis, shrink=0.8, label='share of the true code')
        for place, patch in enumerate(patches.permute(0, 2, 3, 1).numpy()):
            for extent in (
                (-2.5, -1, place + 0.5, place - 0.5),
                (place - 0.5, place + 0.5, -1, -2.5),
            ):
                axis.imshow(patch, extent=extent, aspect='auto', interpolation='nearest')
        axis.set_xlim(-2.5, side - 0.5)
        axis.set_ylim(side - 0.5, -2.5)
        axis.set_aspect('equal')
        axis.set_xticks(range(side), ids.tolist(), rotation=90, fontsize=min(8, 320 / side))
        axis.set_yticks(range(side), ids.tolist(), fontsize=min(8, 320 / side))
        axis.set_xlabel('predicted code')
        axis.set_ylabel('true code')


def write_counts(found: Confusion, file: Path) -> None:
    """Write the pairs that occur, the most frequent first, as a table: true, predicted, count."""
    pairs = found.counts.nonzero()
    counts = found.counts[pairs[:, 0], pairs[:, 1]]
    order = counts.argsort(descending=True, stable=True)
    with atomic_path(file) as unfinished, unfinished.open('w', newline='') as stream:
        writer = csv.writer(stream)
        writer.writerow(('true', 'predicted', 'count'))
        writer.writerows(zip(*pairs[order].T.tolist(), counts[order].tolist()))
