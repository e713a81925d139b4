import torch
from sklearn.metrics import precision_recall_fscore_support

from mmaddp.evaluation.class_report import ClassReport, class_figures


def samples(labels, predictions, num_classes):
    for label, prediction in zip(labels, predictions):
        scores = torch.zeros(num_classes)
        scores[prediction] = 1
        yield dict(gt_label=torch.tensor([label]), pred_score=scores)


def test_figures_equal_scikit_learns(tmp_path):
    labels = torch.randint(5, (200,), generator=torch.Generator().manual_seed(0)).tolist()
    noise = torch.randint(5, (200,), generator=torch.Generator().manual_seed(1)).tolist()
    predictions = [a if i % 3 else b for i, (a, b) in enumerate(zip(labels, noise))]
    metric = ClassReport(tmp_path)
    metric.process(None, list(samples(labels, predictions, 6)))  # nothing of the sixth class
    means = metric.evaluate(200)
    expected = precision_recall_fscore_support(
        labels, predictions, labels=range(6), zero_division=0
    )
    lines = (tmp_path / 'class_report.csv').read_text().splitlines()[1:]
    found = torch.tensor([[float(x) for x in line.split(',')[1:]] for line in lines]).T
    for ours, theirs, scale in zip(found, expected, (100, 100, 100, 1)):
        torch.testing.assert_close(ours, torch.tensor(theirs).float() * scale, atol=6e-3, rtol=0)
    assert abs(means['classes/f1'] - 100 * expected[2][:5].mean()) < 1e-6


def test_rows_are_labels():
    figures = class_figures(torch.tensor([[3, 1], [0, 0]]))
    assert figures['recall'].tolist() == [75.0, 0.0]
    assert figures['precision'].tolist() == [100.0, 0.0]
    assert figures['support'].tolist() == [4, 0]
