"""Scores of folders of images, or of the images that a configuration's test loop makes."""

import json
import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Optional

from mmengine.config import Config
from mmengine.dist import init_dist, is_distributed, is_main_process
from mmengine.runner import Runner

from mmaddp.evaluation.fidelity import (
    ImageSet,
    Scorer,
    ScoreSettings,
    check_numbers,
    generation_run,
    load_references,
    named_sets,
    open_images,
    open_reference,
    score_images,
)
from mmaddp.registry import TASK_UTILS
from mmaddp.run.config import read_config
from mmaddp.run.inputs import check_inputs
from mmaddp.run.launch import prepare_launch
from mmaddp.utils.config_types import type_name
from mmaddp.utils.hashing import file_sha256
from mmaddp.utils.output_names import refuse_overwriting
from mmaddp.weights.addresses import local_path


@dataclass(frozen=True)
class Scoring:
    """How images are scored.

    Attributes:
        scores (Sequence[str]): Any of fid, is, kid, prc.
        settings (dict): Arguments of :class:`ScoreSettings`.
        folders (dict): Arguments of :func:`open_images` and :func:`open_reference`.
        reference (str, optional): Folder, ``.npz`` or statistics. Defaults to None.
        batch_size (int): Images whose features are extracted together. Defaults to 64.
        cache_dir (str, optional): Folder for statistics of the reference. Defaults to None: none.
        feature_weights (str, optional): Weights of the Inception. Defaults to None: downloaded.
        prc_weights (str, optional): Weights of the VGG16 for prc. Defaults to None: downloaded.
        layers (dict[str, str]): Score -> layer of torch-fidelity's networks. Defaults to {}.
        extractor (dict, optional): ``config``, ``checkpoint`` and ``input_size`` of a custom
            model in place of both. Defaults to None.

    Raises:
        ValueError: ``layers`` names a score that is not requested.
    """

    scores: Sequence[str]
    settings: dict[str, Any]
    folders: dict[str, Any]
    reference: Optional[str] = None
    batch_size: int = 64
    cache_dir: Optional[str] = None
    feature_weights: Optional[str] = None
    prc_weights: Optional[str] = None
    layers: dict[str, str] = field(default_factory=dict)
    extractor: Optional[dict[str, Any]] = None

    def __post_init__(self) -> None:
        unknown = set(self.layers) - set(self.scores)
        if unknown:
            raise ValueError(f'--layers names {sorted(unknown)}, which are not among --scores.')

    def extractors(self) -> list[tuple[dict, list[str]]]:
        """Configs of the extractors, each with the scores that it serves."""
        if self.extractor is not None:
            return [(dict(type='mmaddp.BackboneExtractor', **self.extractor), list(self.scores))]
        main = [score for score in self.scores if score != 'prc']
        kind = dict(type='mmaddp.FidelityExtractor')
        found = []
        if main:
            chosen = {score: layer for score, layer in self.layers.items() if score != 'prc'}
            found.append((dict(kind, weights=self.feature_weights, layers=chosen), main))
        if 'prc' in self.scores:
            chosen = {'prc': self.layers['prc']} if 'prc' in self.layers else {}
            network = dict(kind, name='vgg16', weights=self.prc_weights, layers=chosen)
            found.append((network, ['prc']))
        return found


def score_folders(
    images: Sequence[str],
    scoring: Scoring,
    launcher: str = 'none',
    outputs: Optional[dict[str, Optional[str]]] = None,
) -> dict[str, dict]:
    """Score every folder.

    Args:
        images (Sequence[str]): ``DIR`` or ``NAME=DIR`` of every set.
        scoring (Scoring): How to score.
        launcher (str): What started the processes. Defaults to 'none'.
        outputs (dict, optional): Option -> file that will be written. Defaults to None.

    Returns:
        dict: Results by name.

    Raises:
        ValueError: Two sets have the same name, there are too few images, or an output would
            be written among them.
    """
    start_processes(launcher)
    paths = named_sets(images)
    read: list = [*paths.values(), *filter(None, [scoring.reference])]
    for option, file in (outputs or {}).items():
        refuse_overwriting(filter(None, [file]), read, f'--{option}', beside=True)
    sets = {name: open_images(path, **scoring.folders) for name, path in paths.items()}
    source = None
    if scoring.reference is not None:
        source = open_reference(scoring.reference, **scoring.folders)
    settings = ScoreSettings(**scoring.settings)
    scorers = [
        Scorer(TASK_UTILS.build(config), scores, settings)
        for config, scores in scoring.extractors()
    ]
    for scorer in scorers:
        for opened in sets.values():
            # Before the features of a large reference are extracted.
            number = len(source) if isinstance(source, ImageSet) else None
            check_numbers(scorer.scores, settings, len(opened), number)
    references = load_references(source, scorers, scoring.cache_dir, scoring.batch_size)
    return {
        name: score_images(opened, scorers, references, scoring.batch_size)
        for name, opened in sets.items()
    }


def start_processes(launcher: str) -> None:
    """Create the process group of a distributed launch, on GPUs or CPUs."""
    prepare_launch(Config(dict(launcher=launcher)))
    if launcher != 'none' and not is_distributed():
        init_dist(launcher)


def score_checkpoints(
    checkpoints: Sequence[str], scoring: Scoring, **arguments: Any
) -> dict[str, dict]:
    """Run the test loop for every checkpoint.

    Args:
        checkpoints (Sequence[str]): Files or addresses.
        scoring (Scoring): How to score.
        **arguments: Those of :func:`mmaddp.run.config.read_config`.

    Returns:
        dict: Results by checkpoint.

    Raises:
        ValueError: The configuration has no test, or a checkpoint is given twice.
    """
    results = {}
    (twice, count), *_ = Counter(checkpoints).most_common(1)
    if count > 1:
        raise ValueError(f'The checkpoint {twice} is given {count} times.')
    for number, checkpoint in enumerate(checkpoints):
        cfg = read_config(**arguments)
        if cfg.get('test_dataloader') is None:
            raise ValueError(f'{cfg.filename} has no test loop, so it makes no images.')
        cfg.load_from, cfg.resume = checkpoint, False
        # Generated images of different checkpoints do not share a folder.
        cfg.work_dir = str(Path(cfg.work_dir) / f'{number}-{Path(checkpoint).stem}')
        cfg.test_cfg.pop('out_dir', None)
        cfg.experiment_name = f'{Path(cfg.filename).stem}-{number}'
        check_inputs(cfg, ('test_dataloader',), pretrained=False)
        with tempfile.TemporaryDirectory() as folder:
            cfg.test_evaluator = _metrics(scoring, cfg, folder)
            Runner.from_cfg(cfg).test()
            if is_main_process():
                parts = [json.loads(file.read_text()) for file in sorted(Path(folder).iterdir())]
                results[checkpoint] = _merged(parts, cfg, checkpoint)
    return results


def _metrics(scoring: Scoring, cfg: Config, folder: str) -> list[dict]:
    """Metrics that replace the configuration's own."""
    keys = {}
    if type_name(cfg.model) == 'VQGANTraining':
        keys = dict(image_key='recon')
        if scoring.reference is None:
            keys['reference_key'] = 'image'
    return [
        dict(
            type='mmaddp.FidelityMetric',
            scores=scores,
            reference=scoring.reference,
            extractor=config,
            settings=scoring.settings,
            reference_options=scoring.folders,
            cache_dir=scoring.cache_dir,
            batch_size=scoring.batch_size,
            out_file=f'{folder}/{number}.json',
            prefix=f'fidelity{number}',
            **keys,
        )
        for number, (config, scores) in enumerate(scoring.extractors())
    ]


def _merged(parts: list[dict], cfg: Config, checkpoint: str) -> dict:
    """Merge the results of several extractors, and add the run that made the images."""
    result = parts[0]
    for part in parts[1:]:
        result['scores'] |= part['scores']
        result['warnings'] += part['warnings']
        result['protocol']['extractors'] += part['protocol']['extractors']
        result['protocol']['reference'] = (
            result['protocol']['reference'] or part['protocol']['reference']
        )
    own = dict(config=cfg.filename, checkpoint=checkpoint)
    own |= dict(checkpoint_sha256=file_sha256(local_path(checkpoint)))
    manifest = generation_run(Path(cfg.work_dir) / 'samples')
    result['protocol']['images']['generation'] = manifest or own
    return result
