"""Finds COCO annotation files that do not fit the images or the configuration.

mmdetection does not notice most problems: classes that the file lacks shift the labels of those
that follow, damaged masks are left out, and a missing key is a ``KeyError`` without a file name.
What needs no image is looked at for every entry; the size of an image is compared when it is
loaded, by :class:`mmaddp.datasets.CheckImageFile`.
"""

import os
import os.path as osp
import warnings
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Optional

from mmaddp.datasets.checks.classes import class_names
from mmaddp.datasets.checks.coco_entries import read_coco
from mmaddp.datasets.checks.coco_objects import is_left_out, mask_problem, reaches_out


def check_coco_dataset(dataset: Mapping, where: str) -> None:
    """Check the annotation file of a data set's configuration.

    Args:
        dataset (Mapping): Configuration of mmdetection's ``CocoDataset``.
        where (str): Its dotted name, for messages; one of training must hold an object, the others
            must have what an evaluation needs.

    Raises:
        ValueError: See :func:`check_coco_file`.
    """
    root = dataset.get('data_root') or ''
    folder = (dataset.get('data_prefix') or {}).get('img') or ''
    ann_file, classes = osp.join(root, dataset['ann_file']), coco_classes(dataset, where)
    with_mask = any(transform.get('with_mask') for transform in dataset.get('pipeline') or ())
    trains = where.startswith('train')
    num_objects = check_coco_file(
        ann_file, osp.join(root, folder), classes, with_mask, evaluated=not trains
    )
    if trains and num_objects == 0:
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
    ann_file: str,
    image_folder: str,
    classes: Sequence[str],
    with_mask: bool,
    evaluated: bool = False,
) -> int:
    """Check an annotation file against the images and the classes.

    Warns of categories that the classes leave out, of objects that mmdetection leaves out because
    their box or mask is degenerate, of boxes that reach over the border, and of an annotation that
    the evaluation counts as missed because its id is 0.

    Args:
        ann_file (str): The file, in COCO's format.
        image_folder (str): Where its images lie.
        classes (Sequence[str]): Names of the classes, in order.
        with_mask (bool): Whether masks are needed.
        evaluated (bool): Whether results are evaluated against it. Defaults to False.

    Returns:
        int: Objects of these classes.

    Raises:
        ValueError: The file is damaged or incomplete, lacks a class or has them in another order,
            names images that are not in the folder or twice, has ids that occur twice, or holds a
            mask or box of a form that is not COCO's. The message names file, entry and value.
    """
    content = read_coco(ann_file, evaluated)
    images = {image['id']: image for image in content['images']}
    names = {category['id']: category['name'] for category in content['categories']}
    annotations = content['annotations']
    for annotation in annotations:
        _check_references(ann_file, annotation, images, names)
    _check_classes(ann_file, names, classes, annotations)
    _check_images(ann_file, content['images'], image_folder)
    num_objects, left_out, over_border = 0, [], []
    for annotation in annotations:
        if names[annotation['category_id']] not in classes:
            continue
        num_objects += 1
        image = images[annotation['image_id']]
        problem = mask_problem(annotation.get('segmentation'), image) if with_mask else None
        if problem:
            raise ValueError(f'{ann_file}, annotation {annotation["id"]}: {problem}')
        if is_left_out(annotation, image, with_mask):
            left_out.append(annotation['id'])
        elif reaches_out(annotation, image):
            over_border.append(annotation['id'])
    _warn(ann_file, num_objects, left_out, over_border)
    if evaluated and any(annotation['id'] == 0 for annotation in annotations):
        warnings.warn(
            f'{ann_file}: an annotation has the id 0, which pycocotools takes for "not found" in '
            'an evaluation. Count ids from 1.',
            stacklevel=2,
        )
    return num_objects - len(left_out)


def _warn(ann_file: str, num_objects: int, left_out: list[int], over_border: list[int]) -> None:
    if left_out:
        warnings.warn(
            f'{ann_file}: {len(left_out)} of {num_objects} objects are left out, because they are '
            'less than a pixel wide or high, have no area, lie outside their image or are polygons '
            f'of fewer than three points: annotations {_some(left_out)}.',
            stacklevel=3,
        )
    if over_border:
        warnings.warn(
            f'{ann_file}: the boxes of {len(over_border)} of {num_objects} objects reach over the '
            f'border of their image: annotations {_some(over_border)}.',
            stacklevel=3,
        )


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
    found = Counter(names[annotation['category_id']] for annotation in annotations)
    ignored = {name: count for name, count in found.items() if name not in classes}
    if ignored:
        counts = _some(f'{name} ({count})' for name, count in ignored.items())
        warnings.warn(
            f'{ann_file}: objects of categories that are not in metainfo.classes are left out: '
            f'{counts}.',
            stacklevel=3,
        )


def _check_images(ann_file: str, images: Sequence[Mapping], folder: str) -> None:
    outside = next(filter(None, (_outside(image['file_name'], folder) for image in images)), None)
    if outside:
        raise ValueError(f'{ann_file} names the image {outside}, which is not inside {folder}.')
    present = {entry.name for entry in os.scandir(folder)}
    missing = [
        image['file_name']
        for image in images
        if image['file_name'] not in present and not Path(folder, image['file_name']).is_file()
    ]
    if missing:
        windows = ' A backslash is part of a name here: write "/".' if '\\' in missing[0] else ''
        raise ValueError(
            f'{len(missing)} of {len(images)} images of {ann_file} are not in {folder}, the first '
            f'is {missing[0]}. File and folder must be of the same split: see ann_file and '
            f'data_prefix.{windows}'
        )


def _outside(name: str, folder: str) -> Optional[str]:
    """The name, if it leads out of the folder (links inside it are the user's business)."""
    inside = osp.relpath(osp.join(osp.abspath(folder), name), folder)
    return name if inside == osp.pardir or inside.startswith(osp.pardir + osp.sep) else None


def _check_references(ann_file: str, annotation: Mapping, images: Mapping, names: Mapping) -> None:
    for key, known in (('image_id', images), ('category_id', names)):
        if annotation[key] not in known:
            raise ValueError(
                f'{ann_file}, annotation {annotation["id"]}: its {key} is {annotation[key]!r}, and '
                'the file has none of that id.'
            )


def _some(values, limit: int = 10) -> str:
    values = list(map(str, values))
    rest = f' and {len(values) - limit} more' if len(values) > limit else ''
    return ', '.join(values[:limit]) + rest
