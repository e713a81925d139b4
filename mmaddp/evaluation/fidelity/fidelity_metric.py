"""Scores of generated or reconstructed images in the test loop."""

from collections.abc import Sequence
from typing import Any, Optional

import torch
from mmengine.dist import broadcast_object_list, is_main_process
from mmengine.evaluator import BaseMetric
from mmengine.logging import print_log
from torch import Tensor

from mmaddp.registry import METRICS, TASK_UTILS
from mmaddp.utils.atomic import write_json
from mmaddp.utils.images import quantize

from .features import gather_features
from .protocol import protocol, protocol_text
from .reference import Need, Reference, ReferenceStore, open_reference
from .scorer import Scorer
from .scores import ScoreSettings, feature_statistics


@METRICS.register_module()
class FidelityMetric(BaseMetric):
    """FID, IS, KID, precision and recall of images in memory, through torch-fidelity.

    The images are quantised exactly as they would be in PNG files. Every process extracts the
    features of its own images; they are gathered in the order of ``sample_idx``, without padding.

    Published precision and recall use a different network than the other scores: use a separate
    metric for them with ``extractor=dict(type='mmaddp.FidelityExtractor', name='vgg16')``.

    Args:
        scores (Sequence[str]): Of 'fid', 'is', 'kid', 'prc'. Defaults to ('fid', 'is').
        reference (str, optional): Folder of images, ADM's ``.npz``, or statistics
            ``.safetensors``. Defaults to None.
        reference_key (str, optional): Field of the data samples with the images to compare with,
            in [0, 1], in place of ``reference``; for reconstructions, ``'image'``.
            Defaults to None.
        image_key (str): Field with the images to score, RGB in [0, 1], shape (3, H, W).
            Defaults to 'pred_image'.
        extractor (dict, optional): Config of the network. Defaults to
            ``dict(type='mmaddp.FidelityExtractor')``, torch-fidelity's Inception.
        settings (dict, optional): Those of :class:`ScoreSettings`. Defaults to None.
        reference_options (dict, optional): Those of :class:`FolderImages`. Defaults to None.
        cache_dir (str, optional): Where statistics of the reference are kept. Defaults to None:
            they are not.
        batch_size (int): Most images that the extractor sees at once. Defaults to 64.
        out_file (str, optional): JSON file for the scores and their protocol.
            Defaults to None.
        prefix (str, optional): Put before the names. Defaults to 'fidelity'.

    Raises:
        ValueError: Both ``reference`` and ``reference_key`` are given, or neither when needed.
    """

    default_prefix = 'fidelity'

    def __init__(
        self,
        scores: Sequence[str] = ('fid', 'is'),
        reference: Optional[str] = None,
        reference_key: Optional[str] = None,
        image_key: str = 'pred_image',
        extractor: Optional[dict] = None,
        settings: Optional[dict] = None,
        reference_options: Optional[dict] = None,
        cache_dir: Optional[str] = None,
        batch_size: int = 64,
        out_file: Optional[str] = None,
        prefix: Optional[str] = None,
    ):
        super().__init__(prefix=prefix)
        if reference is not None and reference_key is not None:
            raise ValueError('Give reference or reference_key, not both.')
        if set(scores) - {'is'} and reference is None and reference_key is None:
            raise ValueError(
                f'The scores {", ".join(scores)} compare: give a reference (folder of PNG files, '
                '.npz or .safetensors), or reference_key for reconstructions.'
            )
        self.scores = tuple(scores)
        self.reference, self.reference_key, self.image_key = reference, reference_key, image_key
        self.extractor = dict(extractor or dict(type='mmaddp.FidelityExtractor'))
        self.settings = ScoreSettings(**(settings or {}))
        self.reference_options = dict(reference_options or {})
        self.cache_dir, self.batch_size, self.out_file = cache_dir, batch_size, out_file
        self.scorer: Optional[Scorer] = None

    def _prepare(self) -> None:
        """Look for the weights and the reference at the first batch, not after the last one."""
        self.scorer = Scorer(TASK_UTILS.build(self.extractor), self.scores, self.settings)
        self.source = None
        if self.reference is not None and self.scorer.needs:
            self.source = open_reference(self.reference, **self.reference_options)

    def process(self, data_batch: Any, data_samples: Sequence[dict]) -> None:
        """Extract the features of a batch.

        Args:
            data_batch (Any): Not used.
            data_samples (Sequence[dict]): Each holds ``sample_idx`` and the images.
        """
        if self.scorer is None:
            self._prepare()
        indices = torch.tensor([int(sample['sample_idx']) for sample in data_samples])
        features = self._extract(data_samples, self.image_key, self.scorer.image_layers)
        if self.reference_key is not None:
            layers = list(dict.fromkeys(need.layer for need in self.scorer.needs))
            theirs = self._extract(data_samples, self.reference_key, layers)
            features |= {f'reference/{layer}': found for layer, found in theirs.items()}
        self.results.append((indices, features))

    def _extract(
        self, data_samples: Sequence[dict], key: str, layers: list[str]
    ) -> dict[str, Tensor]:
        images = quantize(torch.stack([sample[key] for sample in data_samples]))
        parts = [self.scorer.extractor(part, layers) for part in images.split(self.batch_size)]
        return {layer: torch.cat([part[layer] for part in parts]) for layer in layers}

    def evaluate(self, size: int) -> dict[str, float]:
        """Gather the features and compute the scores.

        mmengine's own gathering expects every process to hold the same number of samples, dealt in
        turn; here the indices decide.

        Args:
            size (int): Number of distinct images.

        Returns:
            dict[str, float]: Scores by name, see :meth:`Scorer.compute`.

        Raises:
            ValueError: Images are missing, or too few for a score.
        """
        if self.scorer is None:
            self._prepare()
        features = self._gather(size)
        reference = self._reference_of(features, size)
        metrics = [self._scores(features, reference, size) if is_main_process() else None]
        broadcast_object_list(metrics)
        self.results.clear()
        return metrics[0]

    def _gather(self, size: int) -> dict[str, Tensor]:
        indices = torch.cat([torch.empty(0, dtype=torch.long), *(part for part, _ in self.results)])
        names = self.results[0][1] if self.results else ()
        features = {name: torch.cat([part[name] for _, part in self.results]) for name in names}
        distinct, features = gather_features(indices, features)
        if len(distinct) != size:
            raise ValueError(
                f'FidelityMetric has seen {len(distinct)} of {size} images (those of an earlier '
                'run are not made again): score the folder with '
                'tools/analysis_tools/eval_generation.py.'
            )
        return features

    def _reference_of(self, features: dict[str, Tensor], size: int) -> Optional[Reference]:
        if not self.scorer.needs:
            return None
        if self.reference_key is None:
            store = ReferenceStore(self.scorer.extractor, self.cache_dir, self.batch_size)
            return store.load(self.source, self.scorer.needs)
        description = dict(path=f'field {self.reference_key!r}', num_images=size, transform='none')
        found: dict[Need, dict[str, Tensor]] = {}
        for need in self.scorer.needs:
            theirs = features[f'reference/{need.layer}']
            found[need] = dict(features=theirs)
            if need.kind == 'statistics':
                statistics = feature_statistics(theirs)
                found[need] = {key: torch.from_numpy(part) for key, part in statistics.items()}
        return Reference(description, size, found)

    def _scores(
        self, features: dict[str, Tensor], reference: Optional[Reference], size: int
    ) -> dict[str, float]:
        warnings = self.scorer.check(size, reference)
        found = self.scorer.compute(features, reference)
        content = protocol(
            dict(path='the test loop', num_images=size, transform='none'),
            None if reference is None else reference.description,
            [(self.scorer.extractor, self.scorer.layers)],
            self.settings,
            self.batch_size,
        )
        print_log(f'Protocol of the scores:\n{protocol_text(content)}', logger='current')
        if self.out_file is not None:
            write_json(self.out_file, dict(scores=found, protocol=content, warnings=warnings))
        return {f'{self.prefix}/{name}': value for name, value in found.items()}

    def compute_metrics(self, results: list) -> dict:
        """Not used: :meth:`evaluate` gathers and computes."""
        raise NotImplementedError
