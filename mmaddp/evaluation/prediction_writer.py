"""Predicted classes as a table."""

import csv
import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Optional, Union

from mmengine.evaluator import BaseMetric
from mmengine.logging import print_log

from mmaddp.registry import METRICS
from mmaddp.utils.atomic import write_text

SUFFIXES = ('.csv', '.json')


@METRICS.register_module()
class PredictionWriter(BaseMetric):
    """Write what a classifier predicts for each image, in the order of the data set.

    CSV has the columns image, prediction, class, score, label; JSON a list of such entries, each
    with the best classes and their scores. ``label`` is empty where an image has none. With
    several ranks, rank 0 writes, and no image appears twice.

    Args:
        out_file (str | Path): A ``.csv`` or ``.json`` file.
        topk (int): Number of best classes in JSON. Defaults to 5.
        collect_device (str): Where the results of all ranks are gathered, 'cpu' or 'gpu'.
            Defaults to 'cpu'.
        prefix (str, optional): Put before the name of the count. Defaults to 'predictions'.

    Raises:
        ValueError: The file has another suffix.
    """

    default_prefix = 'predictions'

    def __init__(
        self,
        out_file: Union[str, Path],
        topk: int = 5,
        collect_device: str = 'cpu',
        prefix: Optional[str] = None,
    ):
        super().__init__(collect_device=collect_device, prefix=prefix)
        self.out_file = Path(out_file)
        if self.out_file.suffix not in SUFFIXES:
            raise ValueError(f'Predictions are written to {SUFFIXES}, not to {out_file}.')
        self.num_best = topk

    def process(self, data_batch: Any, data_samples: Sequence[dict]) -> None:
        """Keep the best classes of each sample that a classifier returns.

        Raises:
            ValueError: The model is not a classifier.
        """
        for sample in data_samples:
            if 'pred_score' not in sample:
                raise ValueError(
                    f'{self.out_file} cannot be written: the model predicts no pred_score, only '
                    f'{sorted(sample)}. CSV and JSON are for classification.'
                )
            scores, labels = sample['pred_score'].topk(
                min(self.num_best, len(sample['pred_score']))
            )
            self.results.append(
                dict(
                    image=str(sample.get('img_path', '')),
                    labels=labels.tolist(),
                    scores=scores.tolist(),
                    label=sample['gt_label'].tolist()[0] if 'gt_label' in sample else None,
                )
            )

    def compute_metrics(self, results: list[dict]) -> dict[str, float]:
        """Write the file; this runs on rank 0.

        Args:
            results (list[dict]): What :meth:`process` kept on all ranks, in order.

        Returns:
            dict[str, float]: ``num_images``.
        """
        classes = (self.dataset_meta or {}).get('classes')
        entries = [self._entry(result, classes) for result in results]
        is_csv = self.out_file.suffix == '.csv'
        text = _to_csv(entries) if is_csv else json.dumps(entries, indent=1) + '\n'
        write_text(self.out_file, text)
        print_log(f'Wrote {len(entries)} predictions to {self.out_file}.', logger='current')
        return dict(num_images=float(len(entries)))

    def _entry(self, result: dict, classes: Optional[Sequence[str]]) -> dict:
        def name(label: int) -> str:
            return str(label) if classes is None else str(classes[label])

        best = [
            dict(prediction=label, score=score, **{'class': name(label)})
            for label, score in zip(result['labels'], result['scores'])
        ]
        return dict(image=result['image'], **best[0], label=result['label'], best=best)


def _to_csv(entries: list[dict]) -> str:
    text = io.StringIO()
    columns = ('image', 'prediction', 'class', 'score', 'label')
    writer = csv.DictWriter(text, columns, extrasaction='ignore', lineterminator='\n')
    writer.writeheader()
    writer.writerows(entries)
    return text.getvalue()
