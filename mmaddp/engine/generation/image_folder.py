"""The folder of a generation run: checked if it exists, written while the next block runs."""

import re
from collections import deque
from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Optional

import numpy as np
from torch import Tensor

from mmaddp.utils.atomic import remove_unfinished
from mmaddp.utils.listing import list_pictures

from .image_blocks import ImageBlock
from .manifest import NAME, check_or_write
from .picture_files import PictureFiles

_IMAGE_NAME = re.compile(r'\d{6,}\.(png|tif)')


class ImageFolder:
    """Images ``images/NNNNNN.png`` (or ``.tif``, see :class:`PictureFiles`) beside a manifest.

    Writing happens in threads. A failure of one (a full disk) is raised by the next call.

    Args:
        root (Path): Folder of the run.
        num_threads (int): Threads that write and check. Defaults to 4.
        files (PictureFiles, optional): Their form. Defaults to None: 8-bit RGB.
    """

    def __init__(
        self, root: Path, num_threads: int = 4, files: Optional[PictureFiles] = None
    ) -> None:
        self.files = files or PictureFiles()
        self.root = root
        self.images = root / 'images'
        self._pool = ThreadPoolExecutor(num_threads)
        self._pending: deque[Future] = deque()
        self._most_pending = 2 * num_threads

    def path(self, index: int) -> Path:
        """File of an image."""
        return self.images / f'{index:06d}{self.files.suffix}'

    def prepare(self, settings: dict, own: Iterable[Path] = ()) -> None:
        """Claim the folder for a run with these settings; one process does this, before the others.

        Args:
            settings (dict): Manifest of the run.
            own (Iterable[Path]): What else the run keeps in the folder, for instance its log.
                Defaults to none.

        Raises:
            ValueError: The folder holds other files, images of other settings, or links where the
                run would write.
        """
        remove_unfinished(self.root, NAME)
        own = {path.resolve() for path in own}
        others = sorted(
            path.name
            for path in (self.root.iterdir() if self.root.is_dir() else ())
            if path.resolve() not in own and not path.name.startswith('.')
        )
        if others and NAME not in others:
            raise ValueError(
                f'{self.root} holds other files ({", ".join(others[:3])}) and no {NAME} of a '
                'generation run: choose an empty or new folder.'
            )
        self._refuse_links()
        check_or_write(self.root, settings)
        self.images.mkdir(parents=True, exist_ok=True)
        for folder in (self.root, self.images):
            remove_unfinished(folder)
        found = list_pictures(self.images)
        foreign = [name for name in found.files if not _IMAGE_NAME.fullmatch(name)]
        if foreign:
            raise ValueError(
                f'{self.images} holds pictures that do not belong to this run: '
                f'{", ".join(foreign[:3])}. Scores of the folder would count them; move them away '
                'or choose another folder.'
            )

    def _refuse_links(self) -> None:
        """Refuse links under the names of the run's files: the run would write through them."""
        names = [self.root / NAME, self.root / 'grid.png']
        for folder in (self.images, self.root / 'trajectories'):
            names += folder.iterdir() if folder.is_dir() else ()
        links = sorted(path for path in names if path.is_symlink())
        if links:
            raise ValueError(
                f'{links[0]} is a link, and the run would write to where it leads: remove it, or '
                'choose another folder.'
            )

    def read(self, block: ImageBlock, size: tuple[int, int]) -> Optional[list[np.ndarray]]:
        """Read the wanted images of a block, if all of them are there and intact.

        Args:
            block (ImageBlock): The block.
            size (tuple[int, int]): Height and width that the images must have.

        Returns:
            list[np.ndarray], optional: Samples, each of shape (H, W, C). None if one is missing,
            cut off, damaged, or of another size: the block then has to be regenerated.
        """
        images = []
        paths = [self.path(index) for index in block.wanted]
        for image in self._pool.map(self.files.read, paths):
            if image is None or image.shape[:2] != size:
                return None
            images.append(image)
        return images

    def write(self, block: ImageBlock, images: Tensor) -> None:
        """Hand the images of a block to a thread; wait only if many blocks are queued already.

        Args:
            block (ImageBlock): The block.
            images (Tensor): Those of the whole block, samples of :meth:`PictureFiles.quantize`,
                shape (size, C, H, W), on any device.

        Raises:
            OSError: An earlier block could not be written.
        """
        self._pending.append(self._pool.submit(self._write_block, block, images))
        while self._pending and (
            self._pending[0].done() or len(self._pending) > self._most_pending
        ):
            self._pending.popleft().result()

    def _write_block(self, block: ImageBlock, images: Tensor) -> None:
        images = images.cpu()
        try:
            for index in block.wanted:
                self.files.save(images[index - block.first], self.path(index))
        except OSError as error:
            raise OSError(
                error.errno,
                f'{error.strerror}. What is complete stays; run the same command again to continue',
                str(self.path(index)),
            ) from error

    def wait(self) -> None:
        """Return when everything is written; raise ``OSError`` if something could not be."""
        while self._pending:
            self._pending.popleft().result()

    def close(self) -> None:
        """Shut the threads down; queued blocks are dropped."""
        self._pool.shutdown(cancel_futures=True)
