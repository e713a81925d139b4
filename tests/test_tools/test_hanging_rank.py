"""A two-process gloo run in which one process stops."""

import pytest
from test_tools.conftest import ROOT
from test_tools.test_dist_train import CONFIG, options, port

__all__ = ['options', 'port']

FREEZE = """
import os, signal
from mmengine.dist import get_rank
from mmengine.hooks import Hook
from mmengine.registry import HOOKS


@HOOKS.register_module()
class Freeze(Hook):
    def before_train_iter(self, runner, batch_idx, data_batch=None):
        if get_rank() == 1 and runner.iter == 3:
            frozen = os.getpid()
            signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
            if os.fork() == 0:
                # Asked to end with it, and can; torchrun would wait for 30 seconds.
                signal.sigwait({signal.SIGTERM})
                os.kill(frozen, signal.SIGKILL)
                os._exit(0)
            os.kill(frozen, signal.SIGSTOP)
"""


@pytest.mark.slow
def test_a_rank_that_hangs_is_named(call, options, tmp_path, port):
    (tmp_path / 'freeze.py').write_text(FREEZE)
    (tmp_path / 'ranks.py').write_text(
        f'_base_ = {str(CONFIG)!r}\n'
        'custom_imports = dict(imports=["freeze"])\n'
        'custom_hooks = [dict(type="Freeze")]\n'
        'train_cfg = dict(max_epochs=1)\nparam_scheduler = dict(warmup=0.2)\n'
    )
    done = call(
        *('bash', ROOT / 'tools' / 'dist_train.sh', tmp_path / 'ranks.py', 2),
        *('--cfg-options', *options, 'default_hooks.rank_watch.limit=6'),
        PORT=port,
        PYTHONPATH=str(tmp_path),
    )
    assert done.returncode != 0
    assert 'rank 1 does not answer (stopped?)' in done.stdout, done.stdout
