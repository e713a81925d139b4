"""COCO annotation files that do not fit the images or the configuration.

mmdetection reads over most of it: classes that the file does not know shift the labels of those
that follow, damaged masks are left out, and a missing key ends in a ``KeyError`` without a file.
"""

import json
import math
import os
import os.path as osp
import warnings
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Optional

from mmaddp.datasets.checks.classes import class_names
from mmaddp.utils.open_picture import open_picture

# Images whose size is looked up: enough to see that they are those of another set.
NUM_SIZES = 20
ROTATED = (5, 6, 7, 8)  # EXIF orientations that swap width and height
ORIENTATION = 0x0112


def check_coco_dataset(dataset: Mapping, where: str) -> None:
    """Check the annotation file of a data set's configuration.

    Args:
        dataset (Mapping): Configuration of mmdetection's ``CocoDataset``.
        where (str): Its dotted name, for messages; one of training must hold an object.

    Raises:
        ValueError: See :func:`check_coco_file`.
    """
    root = dataset.get('data_root') or ''
    folder = (dataset.get('data_prefix') or {}).get('img') or ''
    ann_file, classes = osp.join(root, dataset['ann_file']), coco_classes(dataset, where)
    with_mask = any(transform.get('with_mask') for transform in dataset.get('pipeline') or ())
    num_objects = check_coco_file(ann_file, osp.join(root, folder), classes, with_mask)
    if where.startswith('train') and num_objects == 0:
        raise ValueError(
            f'{ann_file} ({where}) holds no object of the classes {_some(classes)}: there is '
            'nothing to train with.'
        )


def coco_classes(dataset: Mapping, where: str) -> tuple[str, ...]:
    """Names of the classes of a data set's configuration, COCO's 80 without ``metainfo``."""
    classes = (dataset.get('metainfo') or {}).get('classes')
    if classes is None:
        from mmdet.datasets import CocoDataset

        classes = CocoDataset.METAINFO['classes']
    return class_names(classes, f'{where}.metainfo.classes')


def check_coco_file(
    ann_file: str, image_folder: str, classes: Sequence[str], with_mask: bool
) -> int:
    """Hold an annotation file against the images and the classes.

    Warns of categories that the classes leave out, and of objects that mmdetection leaves out
    because their box or mask is degenerate.

    Args:
        ann_file (str): The file, in COCO's format.
        image_folder (str): Where its images lie.
        classes (Sequence[str]): Names of the classes, in order.
        with_mask (bool): Whether masks are needed.

    Returns:
        int: Objects of these classes.

    Raises:
        ValueError: The file is damaged or incomplete, lacks a class or has them in another order,
            names images that are not there or have another size, or holds a mask or box of a form
            that is not COCO's. The message names the file and what is wrong.
    """
    content = _read(ann_file)
    images = {image['id']: image for image in content['images']}
    names = {category['id']: category['name'] for category in content['categories']}
    annotations = content.get('annotations', [])
    _check_classes(ann_file, names, classes, annotations)
    _check_images(ann_file, list(images.values()), image_folder)
    num_objects, left_out = 0, []
    for annotation in annotations:
        _check_references(ann_file, annotation, images, names)
        if names[annotation['category_id']] not in classes:
            continue
        num_objects += 1
        image = images[annotation['image_id']]
        problem = _problem(annotation, image, with_mask)
        if problem:
            raise ValueError(f'{ann_file}, annotation {annotation.get("id")}: {problem}')
        if _is_degenerate(annotation, image, with_mask):
            left_out.append(annotation.get('id'))
    if left_out:
        warnings.warn(
            f'{ann_file}: {len(left_out)} of {num_objects} objects are left out, because they are '
            'less than a pixel wide or high, have no area, lie outside their image or are polygons '
            f'of less than three points: annotations {_some(left_out)}.',
            stacklevel=2,
        )
    return num_objects - len(left_out)


def _read(ann_file: str) -> dict:
    try:
        content = json.loads(Path(ann_file).read_text(encoding='utf-8'))
    except ValueError as error:
        raise ValueError(f'{ann_file} is cut off or no JSON file: {error}.') from error
    absent = [key for key in ('images', 'categories') if key not in content]
    if absent:
        raise ValueError(
            f'{ann_file} has no {" and no ".join(map(repr, absent))}; a COCO file of instances '
            "holds 'images', 'annotations' and 'categories'."
        )
    for key, needed in (('images', ('id', 'file_name', 'height', 'width')),):
        for entry in content[key]:
            missing = [name for name in needed if name not in entry]
            if missing:
                raise ValueError(f'{ann_file}: the entry {entry} of {key} has no {missing[0]!r}.')
    return content


def _check_classes(
    ann_file: str, names: Mapping, classes: Sequence[str], annotations: Sequence[Mapping]
) -> None:
    in_file = tuple(names.values())
    advice = (
        f"The file's categories are, in its order, {_some(in_file)}; set metainfo.classes of the "
        'data set to them, and num_classes of the heads to their number.'
    )
    absent = [name for name in classes if name not in in_file]
    if absent:
        raise ValueError(f'{ann_file} has no category {_some(absent)}. {advice}')
    listed = [name for name in in_file if name in classes]
    if listed != list(classes):
        raise ValueError(
            f'{ann_file} has the classes in another order, or one of them twice, and mmdetection '
            f'numbers them in the order of the file: {_some(listed)}. {advice}'
        )
    ignored = Counter(names.get(annotation.get('category_id')) for annotation in annotations)
    ignored = {name: count for name, count in ignored.items() if name and name not in classes}
    if ignored:
        counts = _some(f'{name} ({count})' for name, count in ignored.items())
        warnings.warn(
            f'{ann_file}: objects of categories that are not in metainfo.classes are left out: '
            f'{counts}.',
            stacklevel=3,
        )


def _check_images(ann_file: str, images: Sequence[Mapping], folder: str) -> None:
    present = {entry.name for entry in os.scandir(folder)}
    missing = [
        image['file_name']
        for image in images
        if image['file_name'] not in present and not Path(folder, image['file_name']).is_file()
    ]
    if missing:
        raise ValueError(
            f'{len(missing)} of {len(images)} images of {ann_file} are not in {folder}, the first '
            f'is {missing[0]}. File and folder must be of the same split: see ann_file and '
            'data_prefix.'
        )
    for image in images[:NUM_SIZES]:
        path = Path(folder, image['file_name'])
        size = _size_of(path, ann_file)
        if size != (image['width'], image['height']):
            raise ValueError(
                f'{path} has {size[0]} x {size[1]} pixels, but {ann_file} says '
                f'{image["width"]} x {image["height"]}: it was made for other images.'
            )


def _size_of(path: Path, ann_file: str) -> tuple[int, int]:
    """Width and height of a picture as it is seen."""
    try:
        with open_picture(path) as picture:
            is_rotated = picture.getexif().get(ORIENTATION) in ROTATED
            return picture.size[::-1] if is_rotated else picture.size
    except (OSError, ValueError) as error:
        raise ValueError(f'Cannot read the image {path} of {ann_file}: {error}.') from error


def _check_references(ann_file: str, annotation: Mapping, images: Mapping, names: Mapping) -> None:
    for key, known in (('image_id', images), ('category_id', names)):
        if annotation.get(key) not in known:
            raise ValueError(
                f'{ann_file}, annotation {annotation.get("id")}: its {key} is '
                f'{annotation.get(key)!r}, and the file has none of that id.'
            )


def _problem(annotation: Mapping, image: Mapping, with_mask: bool) -> Optional[str]:
    """What makes an annotation unreadable, None if nothing."""
    box = annotation.get('bbox')
    if not isinstance(box, list) or len(box) != 4 or not all(map(_is_finite, box)):
        return f'its bbox is {box!r}; expected [x, y, width, height] in pixels.'
    if not _is_finite(annotation.get('area')):
        return f'its area is {annotation.get("area")!r}; expected its number of pixels.'
    return _mask_problem(annotation.get('segmentation'), image) if with_mask else None


def _mask_problem(mask, image: Mapping) -> Optional[str]:
    size = [image['height'], image['width']]
    if not mask:
        return (
            'it has no segmentation. Complete it, or train without masks: with_mask=False in '
            'LoadAnnotations and roi_head.mask_head=None.'
        )
    if isinstance(mask, dict):
        if list(mask.get('size', ())) != size:
            return f'its mask has the size {mask.get("size")}, its image {size} (height, width).'
        if not isinstance(mask.get('counts'), list | str):
            return 'its mask has no counts, as a list or as text.'
        return None
    if not isinstance(mask, list) or not all(isinstance(part, list) for part in mask):
        return f'its segmentation is a {type(mask).__name__}; expected polygons or a run-length.'
    if [len(mask), *{len(row) for row in mask}] == size and min(size) > 1:
        return (
            'its segmentation is a bitmap, which would be read as polygons. Write it as '
            'pycocotools.mask.encode does.'
        )
    return None


def _is_degenerate(annotation: Mapping, image: Mapping, with_mask: bool) -> bool:
    """Whether mmdetection leaves an object out."""
    x, y, width, height = annotation['bbox']
    inside_x = min(x + width, image['width']) - max(x, 0)
    inside_y = min(y + height, image['height']) - max(y, 0)
    polygons = annotation.get('segmentation') if with_mask else None
    return (
        min(inside_x, inside_y) <= 0
        or min(width, height) < 1
        or annotation['area'] <= 0
        or (isinstance(polygons, list) and not any(map(_is_polygon, polygons)))
    )


def _is_polygon(points: Sequence[float]) -> bool:
    return len(points) >= 6 and len(points) % 2 == 0


def _is_finite(value) -> bool:
    return isinstance(value, int | float) and math.isfinite(value)


def _some(values, limit: int = 10) -> str:
    values = list(map(str, values))
    rest = f' and {len(values) - limit} more' if len(values) > limit else ''
    return ', '.join(values[:limit]) + rest
