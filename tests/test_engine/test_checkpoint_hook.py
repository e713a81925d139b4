"""A killed run and a full disk leave something to resume from."""

import errno
import multiprocessing
import os
import resource
import signal

import pytest
import torch
from mmengine.config import Config
from mmengine.evaluator import BaseMetric
from mmengine.fileio import get_file_backend
from mmengine.registry import METRICS

from mmaddp.compat.local_files import AtomicLocalBackend
from mmaddp.engine.hooks import CheckpointHook
from mmaddp.run.config import _replace_checkpoint_hooks
from mmaddp.weights.checkpoint import load_checkpoint_file


def hook(**kwargs):
    return dict(type='mmaddp.CheckpointHook', **kwargs)


@pytest.fixture
def work(tmp_path):
    return tmp_path / 'work'


def runner_with(make_runner, checkpoint, **kwargs):
    hooks = dict(checkpoint=checkpoint, plain_message_hub=dict(type='mmaddp.PlainMessageHubHook'))
    return make_runner(default_hooks=hooks, **kwargs)


def checkpoints(folder):
    return sorted(path.name for path in folder.iterdir() if '.pth' in path.name)


def test_keeps_the_newest_and_points_to_it(make_runner, work):
    runner_with(make_runner, hook(interval=1, max_keep_ckpts=2), max_epochs=4).train()
    assert checkpoints(work) == ['epoch_3.pth', 'epoch_4.pth']
    assert (work / 'last_checkpoint').read_text() == 'epoch_4.pth'


def test_resumed_run_goes_on_deleting(make_runner, work):
    runner_with(make_runner, hook(interval=1, max_keep_ckpts=2), max_epochs=3).train()
    resumed = dict(max_epochs=5, resume=True)
    runner_with(make_runner, hook(interval=1, max_keep_ckpts=2), **resumed).train()
    assert checkpoints(work) == ['epoch_4.pth', 'epoch_5.pth']


def test_by_iteration_and_beside_a_second_hook(make_runner, work):
    kept = hook(interval=1, save_last=False, filename_tmpl='kept_epoch_{}.pth')
    latest = hook(by_epoch=False, interval=3, max_keep_ckpts=1)
    runner_with(make_runner, latest, custom_hooks=[kept]).train()
    assert checkpoints(work) == ['iter_8.pth', 'kept_epoch_1.pth', 'kept_epoch_2.pth']


def test_old_goes_after_the_new_is_there(make_runner, work, monkeypatch):
    states = []
    remove = CheckpointHook._remove

    def watched(self, path):
        pointer = os.path.basename((work / 'last_checkpoint').read_text())
        states.append((checkpoints(work), pointer))
        remove(self, path)

    monkeypatch.setattr(CheckpointHook, '_remove', watched)
    runner_with(make_runner, hook(interval=1, max_keep_ckpts=1), max_epochs=3).train()
    assert states == [
        (['epoch_1.pth', 'epoch_2.pth'], 'epoch_2.pth'),
        (['epoch_2.pth', 'epoch_3.pth'], 'epoch_3.pth'),
    ]


def test_killed_before_deleting_the_resumed_run_deletes(make_runner, work, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(CheckpointHook, '_remove', lambda self, path: None)
        runner_with(make_runner, hook(interval=1, max_keep_ckpts=1), max_epochs=2).train()
    assert checkpoints(work) == ['epoch_1.pth', 'epoch_2.pth']
    runner_with(make_runner, hook(interval=1, max_keep_ckpts=1), max_epochs=3, resume=True).train()
    assert checkpoints(work) == ['epoch_3.pth']


@pytest.fixture
def small_disk():
    """Let files grow up to a number of bytes, as on a disk that is nearly full."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)

    def limit(size):
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))

    yield limit
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_full_disk_leaves_the_old_checkpoint(make_runner, work, small_disk):
    runner_with(make_runner, hook(interval=1, max_keep_ckpts=1), max_epochs=1).train()
    size = (work / 'epoch_1.pth').stat().st_size
    resumed = runner_with(
        make_runner, hook(interval=1, max_keep_ckpts=1), max_epochs=2, resume=True
    )
    small_disk(size // 2)
    with pytest.raises(OSError, match=r'the file was not written.*epoch_2\.pth'):
        resumed.train()
    small_disk(resource.RLIM_INFINITY)
    assert checkpoints(work) == ['epoch_1.pth']
    assert (work / 'last_checkpoint').read_text() == 'epoch_1.pth'
    load_checkpoint_file(work / 'epoch_1.pth')


def test_a_disk_without_room_for_one_checkpoint_is_found_before_training(
    make_runner, work, monkeypatch
):
    usage = type('Usage', (), dict(free=11))
    monkeypatch.setattr('mmaddp.engine.hooks.checkpoint_hook.shutil.disk_usage', lambda _: usage)
    runner = runner_with(make_runner, hook(interval=1))
    with pytest.raises(OSError, match=rf'A checkpoint takes.*MB are free.*{work}') as error:
        runner.train()
    assert error.value.errno == errno.ENOSPC and runner.iter == 0
    usage.free = 12  # Three numbers of four bytes.
    runner_with(make_runner, hook(interval=1)).train()


def die_while_writing(runner, size):
    """The kernel ends the process when a file passes this size."""
    signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))
    runner.train()


def die_before_renaming(runner, _):
    """SIGKILL when all is written and nothing renamed."""
    os.replace = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
    runner.train()


@pytest.mark.filterwarnings('ignore:This process:DeprecationWarning')
@pytest.mark.parametrize(
    'die, code',
    [(die_while_writing, signal.SIGXFSZ), (die_before_renaming, signal.SIGKILL)],
)
def test_killed_run_resumes_from_the_old_checkpoint(make_runner, work, die, code):
    settings = hook(interval=1, max_keep_ckpts=1)
    runner_with(make_runner, settings, max_epochs=1).train()
    size = (work / 'epoch_1.pth').stat().st_size
    resumed = runner_with(make_runner, settings, max_epochs=2, resume=True)
    child = multiprocessing.get_context('fork').Process(target=die, args=(resumed, size // 2))
    child.start()
    child.join(60)
    assert child.exitcode == -code
    half = [name for name in checkpoints(work) if name != 'epoch_1.pth']
    assert len(half) == 1 and half[0].startswith('.epoch_2.pth.') and half[0].endswith('.part')
    assert (work / 'last_checkpoint').read_text() == 'epoch_1.pth'
    again = runner_with(make_runner, settings, max_epochs=2, resume=True)
    again.train()
    assert again.iter == 8 and checkpoints(work) == ['epoch_2.pth']


@METRICS.register_module(force=True)
class Scores(BaseMetric):
    """Scores that were given, one list per metric, one entry per validation."""

    def __init__(self, scores):
        super().__init__(collect_device='cpu')
        self.scores = scores

    def process(self, data_batch, data_samples):
        self.results.append(0)

    def compute_metrics(self, results):
        return {name: values.pop(0) for name, values in self.scores.items()}


def validated(make_runner, settings, scores, **kwargs):
    loader = dict(
        dataset=dict(type='ToyDataset'),
        batch_size=8,
        sampler=dict(type='DefaultSampler', shuffle=False),
    )
    return runner_with(
        make_runner,
        settings,
        val_dataloader=loader,
        val_evaluator=dict(type='Scores', scores=scores),
        val_cfg=dict(),
        **kwargs,
    )


@pytest.fixture(autouse=True)
def predictions(monkeypatch):
    """The toy model predicts nothing that a metric reads."""
    from toy_runner import ToyModel

    forward = ToyModel.forward

    def patched(self, inputs, data_samples=None, mode='tensor'):
        return data_samples if mode == 'predict' else forward(self, inputs, data_samples, mode)

    monkeypatch.setattr(ToyModel, 'forward', patched)


@pytest.mark.parametrize('save_best', ['auto', 'acc'])
def test_best_checkpoint_replaces_the_previous_best(make_runner, work, save_best):
    settings = hook(interval=1, max_keep_ckpts=1, save_best=save_best, rule='greater')
    runner = validated(make_runner, settings, dict(acc=[0.1, 0.3, 0.2, 0.4]), max_epochs=3)
    runner.train()
    assert checkpoints(work) == ['best_acc_epoch_2.pth', 'epoch_3.pth']
    resumed = dict(max_epochs=4, resume=True)
    validated(make_runner, settings, dict(acc=[0.4]), **resumed).train()
    assert checkpoints(work) == ['best_acc_epoch_4.pth', 'epoch_4.pth']


def test_best_of_two_metrics(make_runner, work):
    settings = hook(interval=3, save_best=['acc', 'fid'], rule=['greater', 'less'])
    scores = dict(acc=[0.1, 0.3, 0.2], fid=[9.0, 9.5, 8.0])
    validated(make_runner, settings, scores, max_epochs=3).train()
    assert checkpoints(work) == [
        *('best_acc_epoch_2.pth', 'best_fid_epoch_3.pth', 'epoch_3.pth'),
    ]


def test_previous_best_stays_when_the_new_one_cannot_be_written(make_runner, work, monkeypatch):
    settings = hook(interval=5, save_best='acc', rule='greater', save_last=False)
    put, calls = AtomicLocalBackend.put, []

    def fail_second(self, content, path):
        if 'best' in str(path):
            calls.append(path)
            if len(calls) == 2:
                raise OSError(28, 'No space left on device')
        put(self, content, path)

    monkeypatch.setattr(AtomicLocalBackend, 'put', fail_second)
    runner = validated(make_runner, settings, dict(acc=[0.1, 0.3]), max_epochs=2)
    with pytest.raises(OSError, match='No space'):
        runner.train()
    assert checkpoints(work) == ['best_acc_epoch_1.pth']


def test_published_checkpoint_is_read_weights_only(make_runner, work):
    settings = hook(interval=1, max_keep_ckpts=1, published_keys=['state_dict', 'meta'])
    runner_with(make_runner, settings).train()
    (published,) = [name for name in checkpoints(work) if '-' in name]
    assert set(torch.load(work / published, weights_only=True)) == {'state_dict', 'meta'}


def test_local_files_of_every_host_are_written_so(tmp_path):
    backend = get_file_backend(tmp_path)
    assert isinstance(backend, AtomicLocalBackend)
    backend.put_text('ä', tmp_path / 'a' / 'b.txt', 'latin-1')
    assert (tmp_path / 'a' / 'b.txt').read_bytes() == b'\xe4'


def test_stock_hooks_are_replaced():
    cfg = Config(
        dict(
            default_hooks=dict(checkpoint=dict(type='CheckpointHook', interval=7)),
            custom_hooks=[dict(type='CheckpointHook', interval=9), dict(type='EMAHook')],
        )
    )
    _replace_checkpoint_hooks(cfg)
    assert cfg.default_hooks.checkpoint == hook(interval=7)
    assert [h.type for h in cfg.custom_hooks] == ['mmaddp.CheckpointHook', 'EMAHook']
    absent = Config(dict(default_hooks=dict()))
    _replace_checkpoint_hooks(absent)
    assert absent.default_hooks.checkpoint == hook(interval=1)
    left_out = Config(dict(default_hooks=dict(checkpoint=None)))
    _replace_checkpoint_hooks(left_out)
    assert left_out.default_hooks.checkpoint is None
