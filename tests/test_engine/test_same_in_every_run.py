"""Two runs of one training end bit-equal, on several threads too."""

import pytest
import torch
from mmengine.runner import Runner
from toy_data import copy_digits

from mmaddp.models.necks import ADDPDecoder
from mmaddp.models.utils import RelativePositionBias
from mmaddp.run.config import read_config
from mmaddp.run.exact_resume import use_ordered_sums
from mmaddp.run.toys import TOYS, ToyForm, toy_options

UNVALIDATED = dict(val_cfg=None, val_dataloader=None, val_evaluator=None)


@pytest.fixture(autouse=True)
def two_threads():
    before = torch.get_num_threads(), torch.are_deterministic_algorithms_enabled()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before[0])
    torch.use_deterministic_algorithms(before[1])


def test_gradient_of_token_embeddings():
    torch.manual_seed(0)
    decoder = ADDPDecoder(
        in_channels=8, embed_dims=96, num_layers=1, num_heads=2, num_tokens=16, num_codes=32
    )
    decoder.init_weights()
    token_ids, where = torch.randint(32, (64, 16)), torch.arange(16).expand(64, 16)
    grads = []
    for _ in range(10):
        decoder.zero_grad()
        decoder._embed_visible(token_ids, where).square().sum().backward()
        grads.append(decoder.token_embed.grad.clone())
    assert all(torch.equal(grad, grads[0]) for grad in grads)


def test_gradient_of_relative_positions():
    torch.manual_seed(0)
    bias = RelativePositionBias((14, 14), num_heads=12)
    weight = torch.randn(12, 197, 197)
    grads = []
    for _ in range(10):
        bias.zero_grad()
        (bias((14, 14)) * weight).sum().backward()
        grads.append(bias.table.grad.clone())
    assert all(torch.equal(grad, grads[0]) for grad in grads)


def test_hosts_may_index():
    table = torch.randn(16, 96, requires_grad=True)
    index, weight = torch.randint(16, (64, 12)), torch.randn(64, 12, 96)
    use_ordered_sums()
    grads = []
    for _ in range(10):
        table.grad = None
        (table[index] * weight).sum().backward()
        grads.append(table.grad)
    assert all(torch.equal(grad, grads[0]) for grad in grads)


@pytest.fixture(scope='module')
def data(tmp_path_factory):
    return copy_digits(tmp_path_factory.mktemp('digits') / 'digits')


@pytest.mark.slow
@pytest.mark.parametrize('kind', TOYS)
def test_toy_trainings(kind, data, tmp_path):
    use_ordered_sums()
    options = toy_options(kind, data, ToyForm(by_iteration=True, epochs=2)) | UNVALIDATED
    weights = []
    for name in 'ab':
        cfg = read_config(TOYS[kind], cfg_options=options, work_dir=tmp_path / name)
        cfg.experiment_name = f'{kind}_{name}_{tmp_path.name}'
        runner = Runner.from_cfg(cfg)
        runner.train()
        weights.append(runner.model.state_dict())
    assert all(torch.equal(tensor, weights[1][key]) for key, tensor in weights[0].items())
