import subprocess
from types import SimpleNamespace

import pytest
from mmengine.config import Config

from mmaddp.run import launch


@pytest.fixture
def cpu(monkeypatch):
    """No accelerator, and a record of the process groups that are asked for."""
    groups = []
    monkeypatch.setattr(launch, 'get_device', lambda: 'cpu')
    monkeypatch.setattr(launch.torch.distributed, 'init_process_group', groups.append)
    return groups


def test_gloo_and_no_device_ids_without_an_accelerator(cpu):
    cfg = Config(dict(launcher='pytorch'))
    changed = launch.prepare_launch(cfg)
    assert cpu == ['gloo']
    assert changed.model_wrapper_cfg.device_ids is None
    assert changed.model_wrapper_cfg.find_unused_parameters is False
    assert 'model_wrapper_cfg' not in cfg


def test_slurm_variables_become_those_of_torch(cpu, monkeypatch):
    slurm = dict(PROCID='3', NTASKS='4', LOCALID='1', NODELIST='node[1-2]')
    for name, value in slurm.items():
        monkeypatch.setenv(f'SLURM_{name}', value)
    for name in ('MASTER_ADDR', 'MASTER_PORT', 'RANK', 'WORLD_SIZE', 'LOCAL_RANK'):
        # Recorded first, so that what the launch sets is removed again.
        monkeypatch.setenv(name, '')
        monkeypatch.delenv(name)
    answer = SimpleNamespace(stdout='node1\nnode2\n')
    monkeypatch.setattr(subprocess, 'run', lambda command, **_: answer)
    launch.prepare_launch(Config(dict(launcher='slurm')))
    environment = launch.os.environ
    found = [environment[n] for n in ('MASTER_ADDR', 'RANK', 'WORLD_SIZE', 'LOCAL_RANK')]
    assert found == ['node1', '3', '4', '1']
    assert cpu == ['gloo']


def test_accelerators_and_single_processes_are_left_to_mmengine(cpu, monkeypatch):
    single = Config(dict(launcher='none'))
    assert launch.prepare_launch(single) is single
    monkeypatch.setattr(launch, 'get_device', lambda: 'cuda')
    several = Config(dict(launcher='pytorch'))
    assert launch.prepare_launch(several) is several
    assert cpu == []


def test_launcher_without_a_cpu_way_is_named(cpu):
    with pytest.raises(ValueError, match="'mpi'"):
        launch.prepare_launch(Config(dict(launcher='mpi')))


def test_batch_norms_are_synchronised_on_gpus_only(cpu):
    cfg = Config(dict(launcher='pytorch', sync_bn='torch'))
    with pytest.warns(UserWarning, match='sync_bn is impossible'):
        changed = launch.prepare_launch(cfg)
    assert changed.sync_bn is None and cfg.sync_bn == 'torch'
