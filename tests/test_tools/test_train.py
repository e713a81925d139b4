import sys

import pytest
import torch
from test_tools.conftest import ROOT, TOY

TRAIN = [sys.executable, ROOT / 'tools' / 'train.py']


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
    done = call(*TRAIN, TOY, '--dry-run')
    assert done.returncode == 0, done.stdout
    for part in ('Dry run', 'seconds per step', 'peak memory', 'estimated total', 'predictor.pth'):
        assert part in done.stdout
    assert list(tmp_path.iterdir()) == []


def test_flags_reach_the_configuration(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / 'tools'))
    import train
    from mmengine.config import Config

    cfg = Config(
        dict(
            train_dataloader=dict(pin_memory=True, persistent_workers=True),
            val_dataloader=dict(),
            val_cfg=dict(),
            val_evaluator=dict(),
            auto_scale_lr=dict(enable=False, base_batch_size=4096),
        )
    )
    flags = ['--no-validate', '--auto-scale-lr', '--no-pin-memory', '--no-persistent-workers']
    monkeypatch.setattr(sys, 'argv', ['train.py', 'a.py', *flags, '--resume', 'b.pth'])
    train.apply_flags(cfg, train.parse_args())
    assert cfg.val_cfg is cfg.val_dataloader is cfg.val_evaluator is None
    assert cfg.auto_scale_lr.enable
    assert cfg.train_dataloader == dict(pin_memory=False, persistent_workers=False)
    assert cfg.resume and cfg.load_from == 'b.pth'


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
    last = done.stdout[done.stdout.rindex('Error: ') :]
    assert 'bad.pth' in last and message in last


def test_predictor_of_other_widths_names_the_tensor(call, toy_options):
    width = 'model.target_generator.token_predictor.embed_dims=32'
    done = call(*TRAIN, TOY, '--cfg-options', *toy_options, width)
    assert done.returncode != 0
    assert 'token_predictor.pth do not fit MAGEPredictor' in done.stdout
    assert 'size mismatch for token_embed.word.weight' in done.stdout
