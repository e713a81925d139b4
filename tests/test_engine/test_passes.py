"""Several passes over a batch do what one does."""

import numpy as np
import pytest
import torch
from toy_runner import make_toy_runner

from mmaddp.engine.passes import batch_size, take

BATCH = dict(
    inputs=torch.arange(5),
    data_samples=list('abcde'),
    more=dict(numbers=np.arange(5), views=[torch.arange(10).view(5, 2), torch.arange(5)]),
)


def test_samples_are_dealt_as_to_ranks():
    assert batch_size(BATCH) == 5 and batch_size(dict(inputs=[0, 1])) == 2
    part = take(BATCH, slice(1, None, 2), 5)
    assert part['inputs'].tolist() == part['more']['numbers'].tolist() == [1, 3]
    assert part['data_samples'] == ['b', 'd']
    assert [view.tolist() for view in part['more']['views']] == [[[2, 3], [6, 7]], [1, 3]]


@pytest.mark.parametrize('odd', ['text', 3, None])
def test_what_belongs_to_no_sample_is_refused(odd):
    with pytest.raises(ValueError, match='cannot be divided into passes'):
        take(dict(BATCH, odd=odd), slice(0, None, 2), 5)


def train(tmp_path, passes, **options):
    runner = make_toy_runner(
        tmp_path,
        train_cfg=dict(type='mmaddp.EpochBasedTrainLoop', max_epochs=2, passes=passes),
        **options,
    )
    runner.train()
    return runner


# Eight samples: batches of 3, 3 and 2, in passes of 2 and 1, or of 1 each.
@pytest.mark.parametrize('accumulated', [1, 2])
@pytest.mark.parametrize('passes', [2, 3, 5])
def test_an_update_of_several_passes_is_that_of_one(tmp_path, passes, accumulated):
    loader = dict(
        dataset=dict(type='ToyDataset'),
        batch_size=3,
        num_workers=0,
        sampler=dict(type='DefaultSampler', shuffle=True),
    )
    wrapper = dict(
        optimizer=dict(type='SGD', lr=1e-3, momentum=0.9), accumulative_counts=accumulated
    )
    one, several = (
        train(tmp_path, number, train_dataloader=loader, optim_wrapper=wrapper)
        for number in (1, passes)
    )
    assert one.iter == several.iter == 6
    assert one.optim_wrapper.inner_count == several.optim_wrapper.inner_count == 6
    for name, value in one.model.state_dict().items():
        torch.testing.assert_close(several.model.state_dict()[name], value)
    logs = [runner.message_hub.get_scalar('train/loss').data[0] for runner in (one, several)]
    np.testing.assert_allclose(*logs, rtol=1e-5)
