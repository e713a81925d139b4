"""What generated images are compared with: statistics and features, kept between runs."""

import hashlib
import json
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Optional, Union

import numpy as np
import torch
from mmengine.dist import barrier, broadcast_object_list, is_main_process
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from mmaddp.utils.atomic import atomic_path
from mmaddp.utils.hashing import file_sha256

from .extractors import Extractor
from .features import extract_set_features
from .image_sets import FolderImages, ImageSet
from .npz import NpzImages, npz_names, read_npz
from .scores import feature_statistics

FORMAT = 'mmaddp reference statistics 1'
# The network that ADM's published statistics were made with, and the layer.
ADM_EXTRACTOR, ADM_LAYER = 'inception-v3-compat', '2048'


@dataclass(frozen=True)
class Need:
    """What a score needs from a reference: ``'statistics'`` or ``'features'`` of a layer."""

    layer: str
    kind: str


@dataclass
class Reference:
    """A reference as a scorer uses it.

    Attributes:
        description (dict): Protocol of the reference, for JSON.
        num_images (int): Images behind it; for an ADM batch those in ``arr_0``, 0 if unknown.
        found (dict[Need, dict[str, Tensor]]): ``mu`` and ``sigma``, or ``features``.
    """

    description: dict
    num_images: int
    found: dict[Need, dict[str, Tensor]] = field(default_factory=dict)

    def statistics(self, layer: str) -> dict[str, np.ndarray]:
        """``mu`` (D,) and ``sigma`` (D, D) of a layer."""
        return {k: v.numpy() for k, v in self.found[Need(layer, 'statistics')].items()}

    def features(self, layer: str) -> Tensor:
        """Features (M, D) of a layer."""
        return self.found[Need(layer, 'features')]['features']


def open_images(path: Union[str, Path], **folder_options) -> ImageSet:
    """Open a folder of images or the images of an ``.npz`` file.

    Args:
        path (str | Path): Folder or file.
        **folder_options: Those of :class:`FolderImages`.

    Raises:
        FileNotFoundError: There is no such folder or file.
        ValueError: It holds no images or lossy ones, or an option does not apply to it.
    """
    path = Path(path)
    if path.suffix != '.npz':
        return FolderImages(path, **folder_options)
    for name in ('num_images', 'resize_and_crop'):
        if folder_options.get(name) is not None:
            raise ValueError(f'{name} applies to folders; {path} is an .npz file.')
    return NpzImages(path)


def open_reference(path: Union[str, Path], **folder_options) -> Union[ImageSet, Path]:
    """Look at a reference without computing anything.

    Args:
        path (str | Path): Folder of images, ``.npz`` of ADM, or statistics ``.safetensors``.
        **folder_options: Those of :class:`FolderImages`.

    Returns:
        ImageSet | Path: The images; the path itself where it holds statistics alone.

    Raises:
        FileNotFoundError: There is no such folder or file.
        ValueError: It is neither, or it is a folder with JPEG or WebP files.
    """
    path = Path(path)
    if not path.exists():
        raise FileNotFoundError(f'There is no reference {path}.')
    if path.is_dir() or (path.suffix == '.npz' and 'arr_0' in npz_names(path)):
        return open_images(path, **folder_options)
    if path.suffix == '.npz':
        return path
    if path.suffix == '.safetensors':
        return path
    raise ValueError(
        f'The reference {path} is neither a folder of images nor an .npz or .safetensors file.'
    )


class ReferenceStore:
    """Gets what scores need from a reference, out of earlier files or from the images.

    The files are in ``cache_dir``, one per layer and kind; their names are hashes of the data set's
    content, its transform, the extractor and its weights. They may themselves be given as
    references.

    Args:
        extractor (Extractor): The network.
        cache_dir (str | Path, optional): Folder. Defaults to None: nothing is kept.
        batch_size (int): Images at once. Defaults to 64.
    """

    def __init__(
        self,
        extractor: Extractor,
        cache_dir: Optional[Union[str, Path]] = None,
        batch_size: int = 64,
    ):
        self.extractor = extractor
        self.cache_dir = None if cache_dir is None else Path(cache_dir)
        self.batch_size = batch_size

    def load(self, source: Union[ImageSet, Path], needs: Sequence[Need]) -> Reference:
        """Get all that is needed; call it in every process.

        Args:
            source (ImageSet | Path): What :func:`open_reference` gave.
            needs (Sequence[Need]): What the scores need.

        Raises:
            ValueError: A file is damaged, from another extractor, or lacks something needed.
        """
        if isinstance(source, NpzImages) and self._adm_suffices(source.path, needs):
            return self._from_adm(source.path, len(source), needs)
        if isinstance(source, ImageSet):
            return self._from_images(source, needs)
        if source.suffix == '.npz':
            return self._from_adm(source, 0, needs)
        return self._from_file(source, needs)

    def _from_images(self, images: ImageSet, needs: Sequence[Need]) -> Reference:
        description = broadcast_object(lambda: images.describe())
        reference = Reference(description, len(images))
        files = {need: self._file(description, need) for need in needs}
        cached = broadcast_object(lambda: [f is not None and f.is_file() for f in files.values()])
        missing = [need for need, found in zip(needs, cached) if not found]
        for need in needs:
            if need not in missing:
                reference.found[need], _ = read_statistics(files[need])
        if missing:
            layers = list(dict.fromkeys(need.layer for need in missing))
            features = extract_set_features(images, self.extractor, layers, self.batch_size)
            for need in missing:
                reference.found[need] = self._make(features[need.layer], need)
                if files[need] is not None and is_main_process():
                    metadata = self._metadata(description, need)
                    _keep(files[need], reference.found[need], metadata)
            barrier()
        return reference

    @staticmethod
    def _make(features: Tensor, need: Need) -> dict[str, Tensor]:
        if need.kind == 'features':
            return dict(features=features)
        return {k: torch.from_numpy(v) for k, v in feature_statistics(features).items()}

    def _metadata(self, description: dict, need: Need) -> dict[str, str]:
        content = dict(
            reference=description,
            extractor=self.extractor.identity,
            layer=need.layer,
            kind=need.kind,
        )
        return dict(format=FORMAT, content=json.dumps(content, sort_keys=True))

    def _file(self, description: dict, need: Need) -> Optional[Path]:
        if self.cache_dir is None:
            return None
        parts = dict(
            sha256=description['sha256'],
            num_images=description['num_images'],
            transform=description['transform'],
            extractor=self.extractor.identity,
            layer=need.layer,
        )
        key = hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:20]
        return self.cache_dir / f'{key}-{need.layer}-{need.kind}.safetensors'

    def _from_file(self, path: Path, needs: Sequence[Need]) -> Reference:
        tensors, content = read_statistics(path)
        theirs, ours = content['extractor'], self.extractor.identity
        if theirs != ours:
            raise ValueError(
                f'The statistics {path} were made with the extractor {theirs}, but the images are '
                f'to be seen by {ours}: scores of different extractors cannot be compared.'
            )
        reference = Reference(
            dict(content['reference'], statistics=str(path)), content['reference']['num_images']
        )
        for need in needs:
            if need.layer == content['layer'] and need.kind == content['kind']:
                reference.found[need] = tensors
            elif need.layer == content['layer'] and need.kind == 'statistics':
                reference.found[need] = self._make(tensors['features'], need)
            else:
                raise ValueError(
                    f'{path} holds {content["kind"]} of layer {content["layer"]}, but the scores '
                    f'need {need.kind} of layer {need.layer}: give the folder of images.'
                )
        return reference

    def _adm_suffices(self, path: Path, needs: Sequence[Need]) -> bool:
        return self.extractor.identity['name'] == ADM_EXTRACTOR and (
            {'mu', 'sigma'} <= npz_names(path)
            and all(need == Need(ADM_LAYER, 'statistics') for need in needs)
        )

    def _from_adm(self, path: Path, num_images: int, needs: Sequence[Need]) -> Reference:
        if not self._adm_suffices(path, needs):
            raise ValueError(
                f'{path} holds mu and sigma of the layer {ADM_LAYER} of {ADM_EXTRACTOR} alone, '
                'which serve the FID with that extractor and nothing else.'
            )
        statistics = {name: torch.from_numpy(read_npz(path, name)) for name in ('mu', 'sigma')}
        description = dict(
            path=str(path),
            num_images='as published (mu, sigma of the file)',
            sha256=broadcast_object(lambda: file_sha256(path)),
            transform='as published',
        )
        return Reference(description, 0, dict.fromkeys(needs, statistics))


def _keep(path: Path, tensors: dict[str, Tensor], metadata: dict[str, str]) -> None:
    """Write a cache file; a score does not fail if this does."""
    try:
        write_statistics(path, tensors, metadata)
    except OSError as error:
        warnings.warn(f'The statistics of the reference are not kept: {error}.', stacklevel=2)


def write_statistics(path: Path, tensors: dict[str, Tensor], metadata: dict[str, str]) -> None:
    """Write a file of statistics; it is complete or absent.

    Raises:
        OSError: It cannot be written; the error names it.
    """
    tensors = {name: tensor.contiguous() for name, tensor in tensors.items()}
    with atomic_path(path) as unfinished:
        save_file(tensors, unfinished, metadata)


def read_statistics(path: Path) -> tuple[dict[str, Tensor], dict]:
    """Read a file of statistics: its tensors, and what they were made from.

    Raises:
        ValueError: It is damaged or of another kind.
    """
    try:
        with safe_open(path, 'pt') as file:
            metadata = file.metadata() or {}
            if metadata.get('format') != FORMAT:
                raise ValueError(
                    f'{path} holds no reference statistics (format {metadata.get("format")!r}).'
                )
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (SafetensorError, OSError) as error:
        raise ValueError(
            f'The statistics {path} are damaged ({error}): remove the file, and it is made again.'
        ) from error
    return tensors, json.loads(metadata['content'])


def broadcast_object(make):
    """Compute something in the main process and broadcast it."""
    content = [make() if is_main_process() else None]
    broadcast_object_list(content)
    return content[0]
