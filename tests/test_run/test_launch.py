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


@pytest.fixture
def slurm(monkeypatch):
    """Environment of a process under Slurm; set variables are removed afterwards."""
    for name in ('MASTER_ADDR', 'MASTER_PORT', 'RANK', 'WORLD_SIZE', 'LOCAL_RANK'):
        # Recorded first, so that what the launch sets is removed again.
        monkeypatch.setenv(name, '')
        monkeypatch.delenv(name)
    values = dict(
        PROCID='3', NTASKS='4', LOCALID='1', NODELIST='node[1-2]', JOB_ID='7', STEP_ID='0'
    )
    for name, value in values.items():
        monkeypatch.setenv(f'SLURM_{name}', value)
    # Nothing but the environment may be needed, least of all scontrol.
    monkeypatch.setenv('PATH', '/nonexistent')
    return monkeypatch


@pytest.mark.parametrize('device', ['cpu', 'cuda'])
def test_slurm_variables_become_those_of_torch(cpu, slurm, device):
    slurm.setattr(launch, 'get_device', lambda: device)
    launch.prepare_launch(Config(dict(launcher='slurm')))
    environment = launch.os.environ
    found = [environment[n] for n in ('MASTER_ADDR', 'RANK', 'WORLD_SIZE', 'LOCAL_RANK')]
    assert found == ['node1', '3', '4', '1']
    assert 15000 <= int(environment['MASTER_PORT']) < 30000
    assert cpu == (['gloo'] if device == 'cpu' else [])


def test_what_the_user_sets_goes_before_slurm(cpu, slurm):
    slurm.setenv('MASTER_ADDR', 'mine')
    slurm.setenv('MASTER_PORT', '1234')
    slurm.delenv('SLURM_NODELIST')
    launch.prepare_launch(Config(dict(launcher='slurm')))
    assert [launch.os.environ[f'MASTER_{name}'] for name in ('ADDR', 'PORT')] == ['mine', '1234']


def test_two_jobs_or_steps_on_a_machine_have_two_ports(slurm):
    ports = set()
    for job, step in (('7', '0'), ('7', '1'), ('8', '0'), ('123456', '0')):
        slurm.setenv('SLURM_JOB_ID', job)
        slurm.setenv('SLURM_STEP_ID', step)
        ports.add(launch.slurm_port())
    assert len(ports) == 4


@pytest.mark.parametrize('missing', ['PROCID', 'NTASKS', 'LOCALID', 'NODELIST'])
def test_slurm_without_srun_is_an_error_that_says_what_to_do(cpu, slurm, missing):
    slurm.delenv(f'SLURM_{missing}')
    with pytest.raises(ValueError, match='srun'):
        launch.prepare_launch(Config(dict(launcher='slurm')))


@pytest.mark.parametrize(
    ('nodes', 'first'),
    [
        ('localhost', 'localhost'),
        ('a-b.c,d', 'a-b.c'),
        ('node[1-2]', 'node1'),
        ('node[003,7-9],x[1-2]', 'node003'),
        ('rack[07-12,20]node[1-2].site,login', 'rack07node1.site'),
    ],
)
def test_first_host(nodes, first):
    assert launch.first_host(nodes) == first


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
