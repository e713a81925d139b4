"""Label maps that cannot be what they should be."""

from typing import Optional

from mmcv.transforms import BaseTransform
from mmengine.fileio import get

from mmaddp.registry import TRANSFORMS
from mmaddp.utils.open_picture import open_picture

# Pillow's modes with one value of at most eight bits per pixel: grey, palette index, bit.
LABEL_MODES = ('L', 'P', '1')


@TRANSFORMS.register_module()
class CheckLabelMap(BaseTransform):
    """Look at a label map's file before the host's ``LoadAnnotations`` reads it.

    The host's loader says of a damaged file neither its name nor that it is one, wraps 16-bit
    values around, and lets a map of another size than the image pass. Values are the business of
    :class:`mmaddp.engine.hooks.CheckLabelMapsHook`, which knows the number of classes.

    Required keys: ``ori_shape`` (H, W) of the image; without ``seg_map_path``, as in inference,
    there is nothing to look at. Nothing is changed.

    Args:
        backend_args (dict, optional): Arguments of mmengine's file backend. Defaults to None.
    """

    def __init__(self, backend_args: Optional[dict] = None) -> None:
        self.backend_args = None if backend_args is None else dict(backend_args)

    def transform(self, results: dict) -> dict:
        """Check the file.

        Raises:
            FileNotFoundError: There is no such file.
            ValueError: It is damaged, does not hold one 8-bit label per pixel, or is not as large
                as the image.
        """
        path = results.get('seg_map_path')
        if path is None:
            return results
        content = get(path, backend_args=self.backend_args)
        try:
            with open_picture(content) as image:
                shape, mode = image.size[::-1], image.mode
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
        if tuple(shape) != tuple(results['ori_shape'][:2]):
            raise ValueError(
                f'The label map {path} has {shape[0]} x {shape[1]} pixels (height x width), but '
                f'its image {results.get("img_path")} has {results["ori_shape"][0]} x '
                f'{results["ori_shape"][1]}. Resize neither: find the map that belongs to it.'
            )
        return results

    def __repr__(self) -> str:
        return f'{type(self).__name__}(backend_args={self.backend_args})'
