import pathlib
from collections import OrderedDict

import numpy as np
import pytest
import torch
from mmengine.logging import HistoryBuffer

from mmaddp.engine.hooks.plain_message_hub_hook import to_plain


def test_checkpoint_is_loadable_by_torch_alone(make_runner, tmp_path):
    make_runner().train()
    checkpoint = torch.load(tmp_path / 'work' / 'epoch_2.pth', weights_only=True)
    assert {'meta', 'optimizer', 'param_schedulers', 'message_hub'} <= checkpoint.keys()
    assert checkpoint['meta']['dataset_meta']['classes'] == ('a', 'b')


@pytest.mark.parametrize('resume', [dict(resume=True), 'path'])
def test_resumed_run_equals_an_uninterrupted_one(make_runner, tmp_path, resume):
    straight = make_runner(max_epochs=4, work_dir=str(tmp_path / 'straight'))
    straight.train()
    make_runner(max_epochs=2).train()
    if resume == 'path':
        resume = dict(resume=True, load_from=str(tmp_path / 'work' / 'epoch_2.pth'))
    resumed = make_runner(max_epochs=4, **resume)
    resumed.train()
    assert resumed.iter == straight.iter == 16
    for name, value in straight.model.state_dict().items():
        assert torch.equal(resumed.model.state_dict()[name], value), name
    for key in ('train/loss', 'train/lr'):
        logged = [run.message_hub.get_scalar(key).data for run in (straight, resumed)]
        np.testing.assert_array_equal(*logged)


def test_to_plain_keeps_values():
    value = OrderedDict(
        array=np.arange(3),
        scalar=np.float32(0.5),
        path=pathlib.Path('a/b'),
        nested=[(1, np.int64(2)), {'x'}],
        size=torch.Size([1, 2]),
    )
    plain = to_plain(value)
    assert type(plain) is dict
    assert plain['array'] == [0, 1, 2]
    assert type(plain['scalar']) is float and plain['scalar'] == 0.5
    assert plain['path'] == str(pathlib.Path('a/b'))
    assert plain['nested'] == [(1, 2), {'x'}] and type(plain['nested'][0][1]) is int
    assert plain['size'] == torch.Size([1, 2])


def test_what_cannot_be_plain_is_left_out_with_a_warning():
    with pytest.warns(UserWarning, match=r"'model' is not saved.*Linear"):
        assert to_plain(dict(model=torch.nn.Linear(1, 1), kept=1)) == dict(kept=1)


def test_history_keeps_its_length_limit():
    buffer = HistoryBuffer([1.0, 2.0], [1, 1], max_length=7)
    assert to_plain(buffer)['history_buffer']['max_length'] == 7
