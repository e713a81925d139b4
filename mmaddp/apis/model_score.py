"""Scores of a model that is loaded."""

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Optional, Union

from mmengine.config import Config
from mmengine.model import BaseModel

from mmaddp.apis.generation import generated_blocks
from mmaddp.run.scoring import Scoring, score_folders
from mmaddp.run.testing import Outputs, run_test
from mmaddp.utils.images import save_png


def score_generated(
    model: BaseModel,
    reference: Optional[Union[str, Path]],
    num_images: int,
    seed: int,
    batch_size: int,
    scores: Sequence[str],
    **options: Any,
) -> dict[str, Any]:
    """Generate images and score them, as ``tools/analysis_tools/eval_generation.py`` does.

    Args:
        model (BaseModel): An ADDP model.
        reference (str | Path, optional): Folder, ``.npz`` or statistics to compare with.
        num_images (int): Images 0, 1, ...
        seed (int): Seed of the whole set.
        batch_size (int): Images at a time.
        scores (Sequence[str]): Any of fid, is, kid, prc.
        **options: Others of :class:`mmaddp.run.scoring.Scoring`.

    Returns:
        dict: ``scores``, ``protocol`` and ``warnings``.
    """
    options = dict(dict(settings={}, folders={}, batch_size=batch_size), **options)
    against = None if reference is None else str(Path(reference).expanduser())
    scoring = Scoring(scores=list(scores), reference=against, **options)
    with tempfile.TemporaryDirectory() as folder:
        number = 0
        for block in generated_blocks(model, num_images, seed, batch_size, 'fp32'):
            for image in block:
                save_png(image, Path(folder) / f'{number:07}.png')
                number += 1
        (result,) = score_folders([f'generated={folder}'], scoring).values()
    return result


def score_test(config: Config, checkpoint: str, options: Mapping[str, Any]) -> dict[str, float]:
    """Test a checkpoint with the data and metrics of its config.

    Args:
        config (Config): Read from a file.
        checkpoint (str): Its checkpoint.
        options (Mapping): Settings that override those of the file.

    Returns:
        dict[str, float]: Figures by name.

    Raises:
        FileNotFoundError: The data are not there.
        ValueError: The config was not read from a file, or it has no test.
    """
    if not config.filename:
        raise ValueError('The config was not read from a file: test it with tools/test.py.')
    with tempfile.TemporaryDirectory() as folder:
        arguments = dict(config=config.filename, cfg_options=options, work_dir=folder)
        return run_test(checkpoint, Outputs(), **arguments)
