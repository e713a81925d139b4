"""A training that was killed and resumed ends as one that was not, to the bit."""

import pytest
import torch
from drawing_toy import (
    BATCHES,
    BY_ITERATION,
    EPOCHS,
    DrawingDataset,
    Killed,
    Killer,
    differences,
    last,
    loader,
    settings,
)

CASES = {
    'by epoch': (dict(), 9),
    'killed in validation': (dict(), (12, True)),
    'killed twice, highest score': (dict(best='greater'), (6, True), 8, (12, True), 15),
    'killed twice, lowest score': (dict(best='less'), (6, True), 8, (12, True), 15),
    'killed twice by iteration': (
        dict(interval=7, best='greater', **BY_ITERATION),
        *((7, True), 9, (14, True), 16),
    ),
    'killed in the last validation': (dict(), (18, True)),
    'saved inside an epoch': (dict(save_by_epoch=False, interval=4), 11),
    'saved at the end of an epoch': (dict(save_by_epoch=False, interval=6), 14),
    'by iteration': (dict(interval=5, **BY_ITERATION), 13),
    'by iteration, in validation': (dict(interval=7, **BY_ITERATION), (14, True)),
    'accumulation': (dict(accumulate=4), 9),
    'accumulation inside an epoch': (dict(accumulate=3, save_by_epoch=False, interval=4), 11),
    'no update yet': (dict(accumulate=5, save_by_epoch=False, interval=2), 3),
    'averages': (dict(ema=True, accumulate=4), 9),
    'plain data set in this process': (dict(dataset='plain', save_by_epoch=False, interval=4), 6),
    'host sampler': (dict(sampler='DefaultSampler', save_by_epoch=False, interval=4), 11),
    'endless host sampler': (
        dict(by_epoch=False, save_by_epoch=False, interval=5, sampler='InfiniteSampler'),
        13,
    ),
    'finite sampler by iteration': (
        dict(by_epoch=False, save_by_epoch=False, interval=5),
        13,
    ),
    'batches in groups': (
        dict(save_by_epoch=False, interval=4, batch_sampler=dict(type='EvenThenOdd')),
        11,
    ),
}


def run(make_runner, folder, kill=None, resume=False, **kwargs):
    runner = make_runner(work_dir=folder, resume=resume, **settings(**kwargs))
    if kill is None:
        runner.train()
        return
    runner.register_hook(Killer(*kill) if isinstance(kill, tuple) else Killer(kill))
    with pytest.raises(Killed):
        runner.train()


@pytest.mark.parametrize('case', CASES)
def test_a_resumed_training_ends_as_one_without_a_stop(make_runner, tmp_path, case):
    options, *kills = CASES[case]
    run(make_runner, tmp_path / 'whole', **options)
    for number, kill in enumerate([*kills, None]):
        run(make_runner, tmp_path / 'killed', kill, resume=number > 0, **options)
    assert differences(last(tmp_path / 'whole'), last(tmp_path / 'killed')) == []
    files = [
        {path.name for path in (tmp_path / name).glob('*.pth')} for name in ('whole', 'killed')
    ]
    assert files[0] == files[1]


@pytest.mark.slow
@pytest.mark.parametrize('by_epoch', [True, False])
def test_with_workers(make_runner, tmp_path, by_epoch):
    options = dict(save_by_epoch=False, interval=4, workers=2)
    options |= {} if by_epoch else BY_ITERATION
    run(make_runner, tmp_path / 'whole', **(options | dict(workers=0)))
    run(make_runner, tmp_path / 'killed', 11, **options)
    run(make_runner, tmp_path / 'killed', resume=True, **options)
    assert differences(last(tmp_path / 'whole'), last(tmp_path / 'killed')) == []


@pytest.mark.parametrize('case', ['by iteration', 'host sampler', 'endless host sampler'])
def test_what_was_used_is_not_read_again(make_runner, tmp_path, case):
    options, kill = CASES[case]
    run(make_runner, tmp_path, kill, **options)
    DrawingDataset.read = 0
    runner = make_runner(work_dir=tmp_path, resume=True, **settings(**options))
    runner._val_loop = None
    runner.train()
    saved = kill // options['interval'] * options['interval']
    assert DrawingDataset.read == 2 * (EPOCHS * BATCHES - saved)


def test_gathered_gradients_are_saved_between_updates_only(make_runner, tmp_path):
    run(make_runner, tmp_path, accumulate=4, save_by_epoch=False, interval=2)
    held = {
        number: 'gradients' in torch.load(tmp_path / f'iter_{number}.pth', weights_only=True)
        for number in (2, 4, 6, 8, 18)
    }
    assert held == {2: True, 4: False, 6: True, 8: False, 18: False}


def test_an_older_checkpoint_is_continued_with_a_warning(make_runner, tmp_path, caplog):
    run(make_runner, tmp_path, 9)
    path = tmp_path / 'epoch_1.pth'
    content = torch.load(path, weights_only=True)
    del content['position']
    torch.save(content, path)
    runner = make_runner(work_dir=tmp_path, resume=True, **settings())
    said = []
    runner.logger.warning = said.append
    runner.train()
    assert runner.iter == EPOCHS * BATCHES
    assert any('does not say where inside an epoch' in text for text in said)


def test_weights_alone_are_loaded_without_a_position(make_runner, tmp_path):
    run(make_runner, tmp_path / 'first', 9, accumulate=4, save_by_epoch=False, interval=2)
    source = str(tmp_path / 'first' / 'iter_6.pth')
    runner = make_runner(work_dir=tmp_path / 'second', load_from=source, **settings())
    runner.call_hook('before_run')
    runner._train_loop = runner.build_train_loop(runner._train_loop)
    runner.load_or_resume()
    assert runner.train_loop._position is None
    assert all(parameter.grad is None for parameter in runner.model.parameters())


@pytest.mark.parametrize(
    ('changes', 'text'),
    [
        (dict(train_cfg=dict(type='OtherLoop', max_epochs=1)), 'OtherLoop does not know its place'),
        (dict(train_dataloader=loader('plain', workers=1)), 'worker processes'),
        (dict(train_dataloader=loader(workers=1)), None),
        (dict(), None),
    ],
)
def test_what_cannot_be_continued_exactly_is_said(make_runner, changes, text):
    from mmengine.registry import LOOPS
    from mmengine.runner import EpochBasedTrainLoop

    LOOPS.register_module(
        name='OtherLoop', module=type('OtherLoop', (EpochBasedTrainLoop,), {}), force=True
    )
    runner = make_runner(**(settings() | changes))
    runner._train_loop = runner.build_train_loop(runner._train_loop)
    said = []
    runner.logger.warning = said.append
    (hook,) = (hook for hook in runner.hooks if type(hook).__name__ == 'PositionHook')
    hook.before_train(runner)
    assert [text in line for line in said] == ([] if text is None else [True])
