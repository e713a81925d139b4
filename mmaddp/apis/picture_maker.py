"""The part of a loaded model that makes pictures."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Optional, Union

import torch
from torch import Tensor
from torch.nn.functional import pad

from mmaddp.apis import editing
from mmaddp.apis.generation import generate
from mmaddp.apis.image_files import Mask, fit_image, load_mask, picture_reader
from mmaddp.apis.inputs import Images, list_inputs
from mmaddp.apis.model_holder import ModelHolder
from mmaddp.apis.pictures import write_pictures
from mmaddp.apis.tokenizer import reconstruct_by_tokenizer
from mmaddp.models.tokenizers import VQGANTraining

Target = Optional[Union[str, Path]]
# Makes versions (n, 3, H, W) of a picture; gets n times the picture, seeds, and its former size.
Edit = Callable[[Tensor, Sequence[int], tuple[int, int]], Tensor]


class PictureMaker(ModelHolder):
    """Pictures from seeds and from other pictures; see :class:`LoadedModel`."""

    def generate(
        self,
        n: int = 16,
        seed: int = 0,
        *,
        batch_size: int = 64,
        precision: str = 'fp32',
        draw: Target = None,
    ) -> Tensor:
        """Generate pictures; picture i depends on (``seed``, i) alone.

        Args:
            n (int): How many. Defaults to 16.
            seed (int): Seed of the whole set. Defaults to 0.
            batch_size (int): Pictures at a time. Defaults to 64, or ``n`` if that is less.
            precision (str): 'fp32', 'bf16', 'fp16' or 'auto', see :func:`generate`. Defaults to
                'fp32'.
            draw (str | Path, optional): Where to write them. Defaults to None, nowhere.

        Returns:
            Tensor: RGB in [0, 1], shape (n, 3, H, W), on the CPU.
        """
        with self._doing('generate'):
            settings = dict(batch_size=batch_size, precision=precision)
            pictures = generate(self.model, num_images=n, seed=seed, **settings)
        if draw is not None:
            write_pictures(list(pictures), draw, columns=max(1, round(n**0.5)))
        return pictures

    def reconstruct(
        self,
        images: Images,
        mask_ratio: float = 0.0,
        *,
        n: int = 1,
        seed: int = 0,
        draw: Target = None,
    ) -> Tensor:
        """Pass pictures through the tokenizer, with random tokens hidden and predicted again.

        Args:
            images (Images): The pictures.
            mask_ratio (float): Share of the tokens that is hidden, in [0, 1]; 0 for a tokenizer
                alone. Defaults to 0.
            n (int): Versions of each. Defaults to 1.
            seed (int): Seed of the first version. Defaults to 0.
            draw (str | Path, optional): Where to write them, each row of a sheet beginning with
                the picture itself. Defaults to None, nowhere.

        Returns:
            Tensor: RGB in [0, 1], shape (number of images, n, 3, H, W), on the CPU.
        """
        with self._doing('reconstruct'):
            if isinstance(self.model, VQGANTraining):
                if mask_ratio or n != 1:
                    raise ValueError('A tokenizer alone hides nothing: mask_ratio=0 and n=1.')
                shown, found = reconstruct_by_tokenizer(self.model, images)
                return _drawn(found[:, None], shown, draw)

            def edit(pictures: Tensor, seeds: Sequence[int], size: tuple[int, int]) -> Tensor:
                return editing.reconstruct(self.model, pictures, mask_ratio, seeds)

            return self._edit(images, edit, n, seed, draw)

    def inpaint(
        self,
        images: Images,
        mask: Mask,
        *,
        n: int = 1,
        seed: int = 0,
        dilation: int = 0,
        draw: Target = None,
    ) -> Tensor:
        """Redraw a region of pictures.

        Args:
            images (Images): The pictures.
            mask (str | Path | np.ndarray | Image.Image): What is not black is redrawn; as large as
                the picture, or as the model's pictures are.
            n (int): Versions of each. Defaults to 1.
            seed (int): Seed of the first version. Defaults to 0.
            dilation (int): Pixels by which the mask is widened. Defaults to 0.
            draw (str | Path, optional): As in :meth:`reconstruct`. Defaults to None, nowhere.

        Returns:
            Tensor: RGB in [0, 1], shape (number of images, n, 3, H, W), on the CPU.
        """

        def edit(pictures: Tensor, seeds: Sequence[int], size: tuple[int, int]) -> Tensor:
            region = load_mask(mask, self._size, original=size)
            return editing.inpaint(self.model, pictures, region, seeds, dilation)

        with self._doing('inpaint'):
            return self._edit(images, edit, n, seed, draw)

    def outpaint(
        self,
        images: Images,
        margins: Sequence[int],
        *,
        n: int = 1,
        seed: int = 0,
        draw: Target = None,
    ) -> Tensor:
        """Continue pictures beyond their borders; they shrink so that there is room.

        Args:
            images (Images): The pictures.
            margins (Sequence[int]): Pixels to invent at the top, right, bottom and left.
            n (int): Versions of each. Defaults to 1.
            seed (int): Seed of the first version. Defaults to 0.
            draw (str | Path, optional): As in :meth:`reconstruct`. Defaults to None, nowhere.

        Returns:
            Tensor: RGB in [0, 1], shape (number of images, n, 3, H, W), on the CPU.
        """

        def edit(pictures: Tensor, seeds: Sequence[int], size: tuple[int, int]) -> Tensor:
            return editing.outpaint(self.model, pictures, margins, seeds)

        with self._doing('outpaint'):
            return self._edit(images, edit, n, seed, draw, margins)

    def vary(
        self,
        images: Images,
        strength: float = 0.5,
        *,
        n: int = 4,
        seed: int = 0,
        draw: Target = None,
    ) -> Tensor:
        """Make variations of pictures.

        Args:
            images (Images): The pictures.
            strength (float): Share of the tokens that is drawn anew, in [0, 1]. For the same seed,
                a weak variation changes some of what a stronger one changes. Defaults to 0.5.
            n (int): Variations of each. Defaults to 4.
            seed (int): Seed of the first. Defaults to 0.
            draw (str | Path, optional): As in :meth:`reconstruct`. Defaults to None, nowhere.

        Returns:
            Tensor: RGB in [0, 1], shape (number of images, n, 3, H, W), on the CPU.
        """

        def edit(pictures: Tensor, seeds: Sequence[int], size: tuple[int, int]) -> Tensor:
            return editing.vary(self.model, pictures[0], [strength], seeds)[0]

        with self._doing('vary'):
            return self._edit(images, edit, n, seed, draw)

    @property
    def _size(self) -> tuple[int, int]:
        return tuple(self.model.backbone.img_size)

    def _edit(
        self,
        images: Images,
        edit: Edit,
        n: int,
        seed: int,
        draw: Target,
        margins: Sequence[int] = (0, 0, 0, 0),
    ) -> Tensor:
        """Make versions of each picture, with the same seeds for all pictures."""
        if n < 1:
            raise ValueError(f'n must be at least 1, got {n}.')
        top, right, bottom, left = margins
        inner = self._size[0] - top - bottom, self._size[1] - left - right
        if min(margins) < 0 or min(inner) < 1:
            raise ValueError(
                f'The margins {tuple(margins)} do not fit pictures of {self._size[1]} x '
                f'{self._size[0]}: they must not be negative and leave something.'
            )
        device = self.model.neck.mask_token.device
        reader = picture_reader(self.model)
        shown, found = [], []
        for image in list_inputs(images):
            pixels = image.read(reader)
            picture = fit_image(pixels, inner)
            copies = picture.to(device).expand(n, -1, -1, -1)
            found.append(edit(copies, range(seed, seed + n), pixels.shape[:2]).cpu())
            shown.append(pad(picture, (left, right, top, bottom), value=0.5))
        return _drawn(torch.stack(found), shown, draw)


def _drawn(found: Tensor, shown: Sequence[Tensor], draw: Target) -> Tensor:
    """Write each picture before its versions, if that is wanted, and return the versions."""
    if draw is not None:
        pictures = [one for row in zip(shown, found) for one in (row[0], *row[1])]
        write_pictures(pictures, draw, columns=1 + found.shape[1])
    return found
