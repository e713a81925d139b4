"""The gradient over two processes."""

import pytest
import torch
import torch.distributed as dist
import torch.multiprocessing as mp
from free_port import free_port
from toy_models import GRID, NUM_CODES, toy_addp

from mmaddp.models.task_modules import mask_smallest
from mmaddp.registry import MODELS
from mmaddp.structures import ADDPTarget

pytestmark = pytest.mark.slow

LENGTH = GRID[0] * GRID[1]


def build_model():
    torch.manual_seed(0)
    model = MODELS.build(toy_addp())
    model.init_weights()
    return model


def make_target(part):
    """The same eight samples in every process, with ten masked positions each; a slice of them."""
    generator = torch.Generator().manual_seed(1)
    mask = mask_smallest(torch.rand(8, LENGTH, generator=generator), torch.tensor(10))
    target = ADDPTarget(
        x_t=torch.rand(8, 3, 32, 32, generator=generator),
        token_ids=torch.randint(NUM_CODES, (8, LENGTH), generator=generator),
        mask_t=mask,
        num_visible=(LENGTH - 10,) * 8,
        target_probs=torch.randn(8, LENGTH, NUM_CODES, generator=generator).softmax(-1),
    )
    return ADDPTarget(*(getattr(target, name)[part] for name in ADDPTarget.__dataclass_fields__))


def gradients(model, part):
    inner = getattr(model, 'module', model)
    inner.target_generator.forward = lambda *_: make_target(part)
    model(torch.zeros(1, 3, 32, 32), None, mode='loss')['loss'].backward()
    return {n: p.grad for n, p in inner.named_parameters() if p.grad is not None}


def run_rank(rank, port, folder):
    torch.set_num_threads(1)
    address = f'tcp://127.0.0.1:{port}'
    dist.init_process_group('gloo', init_method=address, rank=rank, world_size=2)
    model = torch.nn.parallel.DistributedDataParallel(build_model())
    torch.save(gradients(model, slice(4 * rank, 4 * rank + 4)), f'{folder}/rank{rank}.pth')
    dist.destroy_process_group()


def test_two_processes_have_the_gradient_of_the_doubled_batch(tmp_path):
    port = free_port()
    mp.start_processes(run_rank, (port, str(tmp_path)), nprocs=2, start_method='fork')
    expected = gradients(build_model(), slice(0, 8))
    for rank in range(2):
        found = torch.load(tmp_path / f'rank{rank}.pth', weights_only=True)
        assert found.keys() == expected.keys()
        for name, gradient in expected.items():
            torch.testing.assert_close(found[name], gradient, atol=1e-7, rtol=1e-4, msg=name)
