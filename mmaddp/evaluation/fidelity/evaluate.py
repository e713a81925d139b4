"""Scores of image sets on disk."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Optional, Union

from mmengine.dist import is_main_process

from mmaddp.utils.output_names import distinct_names

from .features import extract_set_features
from .image_sets import ImageSet
from .protocol import generation_run, protocol
from .reference import Reference, ReferenceStore
from .scorer import Scorer


def named_sets(entries: Sequence[str]) -> dict[str, Path]:
    """Paths of sets by their names.

    Args:
        entries (Sequence[str]): ``PATH`` or ``NAME=PATH``; whatever exists is taken as a path,
            even with ``=`` in it. Without a name, the shortest unique end of the path is used.

    Returns:
        dict[str, Path]: In the order given.

    Raises:
        ValueError: A name or a path is given twice.
    """
    names, paths = [], []
    for entry in entries:
        name, separator, path = entry.partition('=')
        is_named = separator and '/' not in name and not Path(entry).expanduser().exists()
        names.append(name if is_named else None)
        paths.append(Path(path if is_named else entry).expanduser())
    found = distinct_names(paths, separator='/', whole=True)
    names = [given or shortest for given, shortest in zip(names, found)]
    for what, values in (('name', names), ('set', [path.resolve() for path in paths])):
        (value, count), *_ = Counter(values).most_common(1)
        if count > 1:
            raise ValueError(f'The {what} {value} is given {count} times: give each set a NAME=.')
    return dict(zip(names, paths))


def load_references(
    source: Union[ImageSet, Path, None],
    scorers: Sequence[Scorer],
    cache_dir: Optional[Union[str, Path]] = None,
    batch_size: int = 64,
) -> list[Optional[Reference]]:
    """Get the reference of every scorer; call it in every process.

    Args:
        source (ImageSet | Path, optional): What :func:`open_reference` gave.
        scorers (Sequence[Scorer]): One per extractor.
        cache_dir (str | Path, optional): Where statistics are kept. Defaults to None.
        batch_size (int): Images at once. Defaults to 64.

    Returns:
        list[Reference | None]: One per scorer; None for one that needs none.

    Raises:
        ValueError: A score needs a reference and there is none.
    """
    found = []
    for scorer in scorers:
        if scorer.needs and source is None:
            raise ValueError(
                f'The scores {", ".join(scorer.scores)} compare: give --reference (folder of PNG '
                'files, .npz or .safetensors).'
            )
        store = ReferenceStore(scorer.extractor, cache_dir, batch_size)
        found.append(store.load(source, scorer.needs) if scorer.needs else None)
    return found


def score_images(
    images: ImageSet,
    scorers: Sequence[Scorer],
    references: Sequence[Optional[Reference]],
    batch_size: int = 64,
) -> dict:
    """Score a set; call it in every process.

    Args:
        images (ImageSet): The images.
        scorers (Sequence[Scorer]): One per extractor.
        references (Sequence[Reference | None]): What :func:`load_references` gave.
        batch_size (int): Images at once. Defaults to 64.

    Returns:
        dict: ``scores``, ``protocol`` and ``warnings`` in the main process; empty in the others.

    Raises:
        ValueError: There are too few images for a score.
    """
    warnings: list[str] = []
    scores: dict[str, float] = {}
    for scorer, reference in zip(scorers, references):
        warnings += scorer.check(len(images), reference)
    for scorer, reference in zip(scorers, references):
        features = extract_set_features(images, scorer.extractor, scorer.image_layers, batch_size)
        if is_main_process():
            scores |= scorer.compute(features, reference)
    if not is_main_process():
        return {}
    side = dict(images.describe(), generation=generation_run(images.path))
    known = [reference.description for reference in references if reference is not None]
    extractors = [(scorer.extractor, scorer.layers) for scorer in scorers]
    content = protocol(
        side, known[0] if known else None, extractors, scorers[0].settings, batch_size
    )
    return dict(scores=scores, protocol=content, warnings=warnings)
