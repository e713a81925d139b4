import pytest
import torch
from mmengine.config import Config
from mmengine.runner import Runner
from toy_classification import CLASSES, toy_config, write_images

from mmaddp.engine.loops.knn_test_loop import knn_scores


def test_votes_by_hand():
    """Three neighbours with the cosines 1, 0.6 and 0 at temperature 0.5; a fourth is too far."""
    features = torch.tensor([[2.0, 0.0]])
    bank = torch.tensor([[3.0, 0.0], [0.3, 0.4], [0.0, 7.0], [-1.0, 0.0]])
    scores = knn_scores(features, bank, torch.tensor([2, 0, 2, 1]), 3, 3, 0.5)
    weights = torch.tensor([1.0, 0.6, 0.0]).div(0.5).exp()
    expected = torch.tensor([[weights[1], 0.0, weights[0] + weights[2]]]) / weights.sum()
    torch.testing.assert_close(scores, expected)


def test_more_votes_than_images():
    scores = knn_scores(torch.rand(2, 4), torch.rand(3, 4), torch.tensor([0, 1, 1]), 2, 20, 0.1)
    torch.testing.assert_close(scores.sum(1), torch.ones(2))


@pytest.fixture
def config(tmp_path):
    """Frozen random features of images whose classes differ by brightness."""
    cfg = toy_config(write_images(tmp_path / 'data'), tmp_path / 'work')
    dataset = cfg.val_dataloader.dataset.dataset
    bank = dict(cfg.val_dataloader, dataset=dict(dataset, data_prefix='train'), batch_size=3)
    cfg.test_cfg = dict(type='mmaddp.KNNTestLoop', num_neighbours=3, bank_dataloader=bank)
    cfg.model.head = None
    for key in ('train_dataloader', 'train_cfg', 'optim_wrapper', 'param_scheduler'):
        cfg[key] = None
    for key in ('val_dataloader', 'val_cfg', 'val_evaluator'):
        cfg[key] = None
    return Config(cfg._cfg_dict.to_dict())


def test_neighbours_of_other_images_decide(config):
    runner = Runner.from_cfg(config)
    assert runner.test()['accuracy/top1'] == 100
    loop = runner.test_loop
    assert loop._bank.shape[0] == 13
    assert loop._bank_labels.tolist() == [0] * 5 + [1] * 4 + [2] * 4
    assert len(CLASSES) == 3
