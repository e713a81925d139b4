"""How well each class is recognised, and what it is confused with."""

import csv
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Optional, Union

import torch
from mmengine.evaluator import BaseMetric
from mmengine.logging import print_log
from mmpretrain.evaluation import ConfusionMatrix
from torch import Tensor

from mmaddp.registry import METRICS
from mmaddp.utils.atomic import atomic_path, write_text

# More names than this cannot be read along the axes.
MAX_NAMES, MAX_VALUES = 50, 20
FIGURES = ('precision', 'recall', 'f1')


@METRICS.register_module()
class ClassReport(BaseMetric):
    """Precision, recall and F1 of each class, and the confusion matrix with a picture.

    Writes ``class_report.csv`` (class, precision, recall, f1, support), ``confusion_matrix.csv``
    (rows: labels, columns: predictions) and ``confusion_matrix.png``. Returns the means over the
    classes that occur, in per cent. With several ranks, rank 0 writes, and no image is counted
    twice.

    Args:
        out_dir (str | Path): Folder for the files.
        collect_device (str): Where the results of all ranks are gathered, 'cpu' or 'gpu'.
            Defaults to 'cpu'.
        prefix (str, optional): Put before the names. Defaults to 'classes'.
    """

    default_prefix = 'classes'

    def __init__(
        self,
        out_dir: Union[str, Path],
        collect_device: str = 'cpu',
        prefix: Optional[str] = None,
    ):
        super().__init__(collect_device=collect_device, prefix=prefix)
        self.out_dir = Path(out_dir)

    def process(self, data_batch: Any, data_samples: Sequence[dict]) -> None:
        """Keep the label and prediction of each sample."""
        for sample in data_samples:
            scores = sample['pred_score']
            self.results.append(
                (int(sample['gt_label'][0]), int(scores.argmax()), int(scores.numel()))
            )

    def compute_metrics(self, results: list[tuple[int, int, int]]) -> dict[str, float]:
        """Write the files; this runs on rank 0.

        Args:
            results (list[tuple]): Label, prediction and number of classes of every sample.

        Returns:
            dict[str, float]: ``precision``, ``recall`` and ``f1``, means over classes, in [0, 100].
        """
        labels, predictions, counts = map(torch.tensor, zip(*results))
        matrix = ConfusionMatrix.calculate(predictions, labels, num_classes=int(counts[0]))
        classes = (self.dataset_meta or {}).get('classes') or range(len(matrix))
        names = [str(name) for name in classes]
        figures = class_figures(matrix)
        shares = [[f'{float(x):.2f}' for x in figures[key]] for key in FIGURES]
        rows = zip(names, *shares, figures['support'].tolist())
        write_text(
            self.out_dir / 'class_report.csv',
            _to_csv([('class', *FIGURES, 'support'), *rows]),
        )
        write_text(
            self.out_dir / 'confusion_matrix.csv',
            _to_csv([['', *names], *([n, *row] for n, row in zip(names, matrix.tolist()))]),
        )
        draw_confusion(matrix, names, self.out_dir / 'confusion_matrix.png')
        print_log(f'Wrote the report on {len(names)} classes to {self.out_dir}.', logger='current')
        occurs = figures['support'] > 0
        return {key: float(figures[key][occurs].mean()) for key in ('precision', 'recall', 'f1')}


def class_figures(matrix: Tensor) -> dict[str, Tensor]:
    """Per-class metrics from a confusion matrix.

    Args:
        matrix (Tensor): Counts (K, K), rows are labels and columns predictions.

    Returns:
        dict[str, Tensor]: ``precision``, ``recall``, ``f1`` in [0, 100], 0 where there is nothing
        to divide by, and ``support``, each of shape (K,).
    """
    hits, support, predicted = matrix.diagonal().double(), matrix.sum(1), matrix.sum(0)
    precision = 100 * hits / predicted.clamp(min=1)
    recall = 100 * hits / support.clamp(min=1)
    f1 = 2 * precision * recall / (precision + recall).clamp(min=1e-12)
    return dict(precision=precision, recall=recall, f1=f1, support=support)


def draw_confusion(matrix: Tensor, names: Sequence[str], file: Path) -> None:
    """Draw a confusion matrix (K, K), with counts and names where they can be read."""
    import matplotlib

    matplotlib.use('Agg')
    from matplotlib import pyplot as plt

    figure = ConfusionMatrix.plot(
        matrix, include_values=len(names) <= MAX_VALUES, classes=list(names), show=False
    )
    if len(names) > MAX_NAMES:
        figure.axes[0].set(xticks=[], yticks=[])
    with atomic_path(file) as unfinished:
        figure.savefig(unfinished, format='png', dpi=100)
    plt.close(figure)


def _to_csv(rows: Sequence[Sequence]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator='\n').writerows(rows)
    return text.getvalue()
