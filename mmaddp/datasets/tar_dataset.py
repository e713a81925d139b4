"""Pictures in tar files, as WebDataset writes them."""

from collections.abc import Callable, Sequence
from glob import glob
from pathlib import Path
from typing import Union

from mmengine.dataset import BaseDataset

from mmaddp.registry import DATASETS
from mmaddp.utils.listing import SUFFIXES, is_picture_name

from .tar_index import read_member, tar_members


@DATASETS.register_module()
class TarDataset(BaseDataset):
    """The pictures of tar files, unlabelled, for tokenizer training and pre-training.

    Reads the shards of `WebDataset <https://github.com/webdataset/webdataset>`_ and any other
    uncompressed tar files. Large files in sequence are what network and spinning disks like, and
    a file system need not hold a million small ones. Unlike WebDataset it is a data set with a
    length and random access: the place of every picture is found once and kept beside the archive
    (``NAME.tar.members.json``). So order, shares of ranks and workers, and exact resume are those
    of any other data set with ``mmaddp.SeededSampler``.

    Every picture of an archive is a sample; other members (labels, texts) are left aside. The
    pipeline must begin with ``mmaddp.LoadRGBImage``, which gets ``img_bytes`` besides
    ``img_path`` (archive/member); with ``skip_broken`` damaged pictures are passed over.

    Args:
        data_root (str): Folder of the archives.
        shards (str): Their names, with wildcards. Defaults to '*.tar'.
        pipeline (Sequence[dict | Callable]): Transforms. Defaults to none.
        **kwargs: Others of :class:`mmengine.dataset.BaseDataset`.

    Raises:
        FileNotFoundError: No archive has such a name.
        ValueError: An archive is damaged or compressed, or there is no picture in any.
    """

    def __init__(
        self,
        data_root: str,
        shards: str = '*.tar',
        pipeline: Sequence[Union[dict, Callable]] = (),
        **kwargs,
    ) -> None:
        self.shards = shards
        super().__init__(data_root=data_root, pipeline=list(pipeline), **kwargs)

    def load_data_list(self) -> list[dict]:
        """List the pictures: ``img_path``, and where their bytes are."""
        pattern = str(Path(self.data_root).expanduser() / self.shards)
        archives = sorted(glob(pattern))
        if not archives:
            raise FileNotFoundError(f'There is no tar file {pattern}.')
        pictures = [
            dict(img_path=f'{archive}/{name}', archive=archive, offset=offset, size=size)
            for archive in archives
            for name, offset, size in tar_members(archive)
            if is_picture_name(Path(name).name)
        ]
        if not pictures:
            raise ValueError(f'There is no picture in {pattern} ({", ".join(SUFFIXES)}).')
        return pictures

    def get_data_info(self, idx: int) -> dict:
        """What is known of a picture, and its bytes as ``img_bytes``."""
        info = super().get_data_info(idx)
        info['img_bytes'] = read_member(info['archive'], info.pop('offset'), info.pop('size'))
        return info
