import sys

import pytest
import torch
from mmengine.config import Config
from test_tools.conftest import ROOT, TOY

from mmaddp.run.training import TrainFlags, apply_flags, set_resume

pytestmark = pytest.mark.slow

TRAIN = ['python', ROOT / 'tools' / 'train.py']


def learning_rates(checkpoint):
    return checkpoint['message_hub']['log_scalars']['train/lr']['history_buffer']['history']


def test_trains_and_resumes_where_it_was(call, toy_options, tmp_path):
    long = ['--cfg-options', *toy_options, 'train_cfg.max_epochs=4']
    # Stopped after two of four epochs, with the schedule of four.
    short = ['--cfg-options', *toy_options, 'train_cfg.max_epochs=2', 'param_scheduler.end=4']
    for arguments in (
        [*long, '--work-dir', 'straight'],
        [*short, '--work-dir', 'broken'],
        [*long, '--work-dir', 'broken', '--resume'],
    ):
        done = call(*TRAIN, TOY, *arguments)
        assert done.returncode == 0, done.stdout
    assert 'float32' in done.stdout and 'resumed epoch: 2' in done.stdout
    straight, resumed = (
        torch.load(tmp_path / folder / 'epoch_4.pth', weights_only=True)
        for folder in ('straight', 'broken')
    )
    for key in ('epoch', 'iter'):
        assert resumed['meta'][key] == straight['meta'][key]
    assert len(learning_rates(straight)) == 16
    assert torch.equal(learning_rates(straight), learning_rates(resumed))


def test_absent_inputs_are_listed_and_nothing_is_written(call, tmp_path):
    done = call(*TRAIN, TOY)
    assert done.returncode != 0
    for part in ('tokenizer.pth', 'predictor.pth', 'absent/images', '--dry-run'):
        assert part in done.stdout
    assert list(tmp_path.iterdir()) == []


def test_dry_run_reports_and_leaves_nothing(call, tmp_path):
    done = call(sys.executable, TRAIN[1], TOY, '--dry-run')
    assert done.returncode == 0, done.stdout
    for part in ('Dry run', 'seconds per step', 'peak memory', 'estimated total', 'predictor.pth'):
        assert part in done.stdout
    assert list(tmp_path.iterdir()) == []


def test_flags_reach_the_configuration(tmp_path):
    cfg = Config(
        dict(
            train_dataloader=dict(pin_memory=True, persistent_workers=True),
            val_dataloader=dict(),
            val_cfg=dict(),
            val_evaluator=dict(),
            auto_scale_lr=dict(enable=False, base_batch_size=4096),
            randomness=dict(seed=0, diff_rank_seed=True),
        )
    )
    flags = TrainFlags(
        no_validate=True,
        auto_scale_lr=True,
        no_pin_memory=True,
        no_persistent_workers=True,
        seed=5,
    )
    apply_flags(cfg, flags)
    assert cfg.val_cfg is cfg.val_dataloader is cfg.val_evaluator is None
    assert cfg.auto_scale_lr.enable
    assert cfg.train_dataloader == dict(pin_memory=False, persistent_workers=False)
    assert cfg.randomness == dict(seed=5, diff_rank_seed=True)


@pytest.mark.parametrize(
    'resume, files, resumed, source',
    [
        ('auto', (), False, 'start.pth'),
        ('auto', ('last_checkpoint', 'epoch_3.pth'), True, None),
        ('auto', ('epoch_3.pth',), True, None),
        ('auto', ('iter_100.pth',), True, None),
        ('auto', ('notes.txt', 'kept_epoch_3.pth'), False, 'start.pth'),
        ('b.pth', (), True, 'b.pth'),
    ],
)
def test_resume_is_a_first_start_where_there_is_nothing(tmp_path, resume, files, resumed, source):
    for name in files:
        (tmp_path / name).write_text('')
    cfg = Config(dict(work_dir=str(tmp_path), load_from='start.pth', resume=False))
    note = set_resume(cfg, resume)
    assert cfg.resume is resumed and cfg.load_from == source
    assert str(source if source else tmp_path) in note


def test_first_start_with_resume_trains_from_load_from(call, toy_options, tmp_path):
    quick = ['train_cfg.max_epochs=2', 'param_scheduler.end=2']
    arguments = ['--cfg-options', *toy_options, *quick]
    assert call(*TRAIN, TOY, *arguments, '--work-dir', 'first').returncode == 0
    job = [*arguments, 'load_from=first/epoch_2.pth', '--work-dir', 'second', '--resume']
    done = call(*TRAIN, TOY, *job)
    assert done.returncode == 0, done.stdout
    assert 'holds no checkpoint, so this is the first start' in done.stdout
    assert 'Load checkpoint from first/epoch_2.pth' in done.stdout
    assert 'Epoch(train) [1]' in done.stdout
    done = call(*TRAIN, TOY, *job)
    assert done.returncode == 0 and 'resumed epoch: 2' in done.stdout, done.stdout


def test_longer_training_keeps_the_schedule_and_says_so(call, toy_options):
    def train(epochs):
        quick = [f'train_cfg.max_epochs={epochs}', 'default_hooks.checkpoint.interval=1']
        options = ['--cfg-options', *toy_options, *quick]
        return call(*TRAIN, TOY, *options, '--work-dir', 'run', '--resume')

    done = train(2)
    assert done.returncode == 0 and 'WarmupCosineLR that ends' not in done.stdout
    done = train(2)
    assert done.returncode == 0 and 'WarmupCosineLR that ends' not in done.stdout
    done = train(3)
    assert done.returncode == 0, done.stdout
    text = ' '.join(done.stdout.split())
    assert 'holds a WarmupCosineLR that ends after 2 epochs; the configuration says 3.' in text


def test_warm_up_that_does_not_fit_is_said_in_epochs(call, toy_options):
    options = ['--cfg-options', *toy_options, 'train_cfg.max_epochs=2', 'param_scheduler.warmup=20']
    done = call(*TRAIN, TOY, *options)
    assert done.returncode == 1
    assert 'warmup=20, begin=0, end=2 (epochs)' in done.stdout.splitlines()[-1]


def test_total_batch_reaches_the_training(call, toy_options):
    options = ['--cfg-options', *toy_options, 'train_cfg.max_epochs=2', 'param_scheduler.end=2']
    base = 'auto_scale_lr.base_batch_size=4'
    done = call(*TRAIN, TOY, '--total-batch', 4, *options, base)
    assert done.returncode == 0, done.stdout
    assert '--total-batch 4: 1 processes x 2 passes x 2 images; learning rate x 1' in done.stdout
    done = call(*TRAIN, TOY, '--total-batch', 4, '--keep-batch', *options, base)
    assert done.returncode == 1
    assert '--keep-batch not allowed with argument --total-batch' in done.stdout
    accumulated = 'optim_wrapper.accumulative_counts=2'
    done = call(*TRAIN, TOY, '--auto-scale-lr', *options, base, accumulated)
    assert done.returncode == 1 and 'cannot be combined' in done.stdout


def test_interruption_is_one_line_that_says_how_to_go_on(call, toy_options, tmp_path):
    work = tmp_path / 'work'
    work.mkdir()
    torch.save(dict(state_dict={}), work / 'epoch_3.pth')
    code = (
        'import runpy, sys\n'
        'import mmaddp.run.training as training\n'
        'def train(*arguments):\n'
        '    raise KeyboardInterrupt\n'
        'training.train = train\n'
        'sys.argv = sys.argv[1:]\n'
        "runpy.run_path(sys.argv[0], run_name='__main__')\n"
    )
    options = ['--work-dir', work, '--cfg-options', *toy_options]
    done = call('python', '-W', 'ignore', '-c', code, TRAIN[1], TOY, *options)
    assert done.returncode == 130 and 'Traceback' not in done.stdout
    last = done.stdout.splitlines()[-1]
    assert last.startswith('train: stopped.') and 'epoch_3.pth; the same command with' in last


def test_package_address_and_wrong_ones(call):
    name = 'quickstart/vqgan-f8_1xb32-7e_digits-32px'
    for address in (f'mmaddp::{name}.py', f'mmaddp::{name}'):
        done = call(*TRAIN, address)
        assert 'data/digits/classification/train' in done.stdout and done.returncode == 1
    for address in ('mmaddp::absent/file.py', 'nopackage::a.py', 'absent.py', 'absent.json'):
        done = call(*TRAIN, address)
        assert done.returncode == 1 and 'Traceback' not in done.stdout
        assert address.rpartition('/')[2] in done.stdout.splitlines()[-1]


def test_workers_are_not_needed(call, toy_options):
    done = call(
        *TRAIN,
        TOY,
        '--cfg-options',
        *toy_options,
        *('train_cfg.max_epochs=2', 'param_scheduler.end=2'),
        *('train_dataloader.num_workers=0', 'train_dataloader.persistent_workers=True'),
        'train_dataloader.prefetch_factor=2',
    )
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    'content, message',
    [(None, '(load_from)'), (b'PK\x03\x04', 'cut off'), (b'<html>', 'is no checkpoint')],
)
def test_bad_checkpoint_gets_one_clear_message(call, toy_options, tmp_path, content, message):
    bad = tmp_path / 'bad.pth'
    if content is not None:
        bad.write_bytes(content)
    done = call(*TRAIN, TOY, '--resume', bad, '--cfg-options', *toy_options)
    assert done.returncode != 0
    assert 'Traceback' not in done.stdout
    last = done.stdout[done.stdout.rindex('train: ') :]
    assert 'bad.pth' in last and message in last


def test_predictor_of_other_widths_names_the_tensor(call, toy_options):
    width = 'model.target_generator.token_predictor.embed_dims=32'
    done = call(*TRAIN, TOY, '--cfg-options', *toy_options, width)
    assert done.returncode != 0
    assert 'token_predictor.pth do not fit MAGEPredictor' in done.stdout
    assert 'size mismatch for token_embed.word.weight' in done.stdout
