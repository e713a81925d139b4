"""Every configuration starts: what it names is built at toy width, and trains two steps."""

from pathlib import Path

import pytest
from mmengine.runner import Runner
from toy_configs import toy_config

from mmaddp.run import stand_in_data
from mmaddp.run.config import read_config
from mmaddp.run.dry_run import NUM_STEPS, dry_run
from mmaddp.run.stand_ins import use_stand_ins

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2] / 'configs'
FILES = sorted(
    path
    for path in ROOT.rglob('*.py')
    if '_base_' not in path.parts and not path.name.startswith('parts_')
)
TRAINED = [p for p in FILES if p.parent.name != 'generation' and '_knn_' not in p.name]


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    """Stand-ins little larger than the toy images."""
    monkeypatch.setattr(stand_in_data, 'HEIGHT', 96)
    monkeypatch.setattr(stand_in_data, 'WIDTH', 128)


@pytest.fixture
def read(tmp_path, monkeypatch):
    """Read a configuration as the tools do, at toy width."""
    monkeypatch.chdir(tmp_path)  # data and weights of this machine are not looked for

    def read_toy(path):
        return toy_config(read_config(path, work_dir=tmp_path / 'work'))

    return read_toy


@pytest.mark.filterwarnings('ignore:This run uses float32')
@pytest.mark.parametrize('path', FILES, ids=lambda path: path.stem)
def test_starts_every_loop_that_it_names(path, read, tmp_path):
    cfg, _ = use_stand_ins(read(path), tmp_path / 'data', num_steps=1)
    if 'bank_dataloader' in (cfg.get('test_cfg') or {}):
        cfg.test_cfg.bank_dataloader.dataset = cfg.test_dataloader.dataset
    runner = Runner.from_cfg(cfg)
    runner.call_hook('before_run')
    started = list(start_loops(runner))
    named = [name for name in ('train', 'val', 'test') if cfg.get(f'{name}_cfg') is not None]
    assert started == named and started


def start_loops(runner):
    """Build each loop, with its data, evaluator and optimisers, and call the hooks before it."""
    cfg = runner.cfg
    if cfg.get('train_cfg') is not None:
        runner._train_loop = runner.build_train_loop(cfg.train_cfg)
        runner.optim_wrapper = runner.build_optim_wrapper(cfg.optim_wrapper)
        runner.call_hook('before_train')
        yield 'train'
    if cfg.get('val_cfg') is not None:
        runner._val_loop = runner.build_val_loop(cfg.val_cfg)
        runner.call_hook('before_val')
        yield 'val'
    if cfg.get('test_cfg') is not None:
        runner._test_loop = runner.build_test_loop(cfg.test_cfg)
        runner.call_hook('before_test')
        yield 'test'


@pytest.mark.filterwarnings('ignore:This run uses float32')
@pytest.mark.parametrize('path', TRAINED, ids=lambda path: path.stem)
def test_dry_run(path, read):
    report = dry_run(read(path))
    assert len(report.seconds_per_step) == NUM_STEPS
