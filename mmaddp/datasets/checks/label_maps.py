"""Finds label map files that cannot be right."""

from typing import Optional

import numpy as np
from mmcv.transforms import BaseTransform
from mmengine.fileio import get

from mmaddp.registry import TRANSFORMS
from mmaddp.utils.open_picture import open_picture

# Pillow's modes with one value of at most eight bits per pixel: grey, palette index, bit.
LABEL_MODES = ('L', 'P', '1')


def read_label_map(
    path: str, backend_args: Optional[dict] = None, whole: bool = True
) -> tuple[tuple[int, int], Optional[np.ndarray]]:
    """Read a label map, or only check its file.

    Args:
        path (str): The file.
        backend_args (dict, optional): Arguments of mmengine's file backend. Defaults to None.
        whole (bool): Whether the labels are needed. Defaults to True.

    Returns:
        tuple: Height and width; the labels, uint8 (H, W), None unless they are needed.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: It is damaged, does not hold one 8-bit label per pixel, or uses lossy
            compression.
    """
    content = get(path, backend_args=backend_args)
    labels = None
    try:
        with open_picture(content) as image:
            shape, mode = image.size[::-1], image.mode
            lossy = image.format == 'JPEG' or image.info.get('compression') == 'jpeg'
            if whole:
                labels = np.asarray(image).astype(np.uint8)
            else:
                image.verify()
    except Exception as error:  # Pillow's decoders raise nearly every type
        raise ValueError(
            f'Cannot read the label map {path} ({len(content)} bytes): {error}. '
            'Repair the file or take it out of the data set.'
        ) from error
    if mode not in LABEL_MODES:
        raise ValueError(
            f'The label map {path} has pixels of kind {mode!r}; one label of 8 bits per pixel '
            'is needed, as in a grey or palette PNG.'
        )
    if lossy:
        raise ValueError(
            f'The label map {path} is compressed as a JPEG, which alters labels. Export '
            'the labels again, as PNG, from the original annotations.'
        )
    return shape, labels


@TRANSFORMS.register_module()
class CheckLabelMap(BaseTransform):
    """Check a label map's file before the host's ``LoadAnnotations`` reads it.

    The host's loader reports neither the name of a damaged file nor that it is damaged, wraps
    16-bit values around, and accepts a map of another size than the image. Values are checked by
    :class:`mmaddp.engine.hooks.CheckLabelMapsHook`, which knows the number of classes.

    Required keys: ``ori_shape`` (H, W) of the image; without ``seg_map_path``, as in inference,
    there is nothing to check. Nothing is changed.

    Args:
        backend_args (dict, optional): Arguments of mmengine's file backend. Defaults to None.
    """

    def __init__(self, backend_args: Optional[dict] = None) -> None:
        self.backend_args = None if backend_args is None else dict(backend_args)

    def transform(self, results: dict) -> dict:
        """Check the file.

        Raises:
            FileNotFoundError: There is no such file.
            ValueError: See :func:`read_label_map`; or it does not have the size of the image.
        """
        path = results.get('seg_map_path')
        if path is None:
            return results
        shape, _ = read_label_map(path, self.backend_args, whole=False)
        if tuple(shape) != tuple(results['ori_shape'][:2]):
            raise ValueError(
                f'The label map {path} has {shape[0]} x {shape[1]} pixels (height x width), but '
                f'its image {results.get("img_path")} has {results["ori_shape"][0]} x '
                f'{results["ori_shape"][1]}. Resize neither: find the map that belongs to it.'
            )
        return results

    def __repr__(self) -> str:
        return f'{type(self).__name__}(backend_args={self.backend_args})'
