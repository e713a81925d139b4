"""A Slurm of this machine alone, in a folder of its own: two nodes, no GPUs, nothing installed.

    python tests/slurm/toy_cluster.py FOLDER    # until it is interrupted

It needs root and Debian's packages slurmctld, slurmd, slurm-client and munge.
"""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Optional

PROGRAMS = ('munged', 'slurmctld', 'slurmd', 'srun', 'sbatch', 'scontrol')
# Preemption re-queues jobs; a re-queued job waits for as long as credentials live.
CONFIG = """
ClusterName=toy
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={ports[0]}
SlurmUser=root
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket,cred_expire=5
CredType=cred/munge
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool-%n
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd-%n.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd-%n.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SlurmdParameters=config_overrides
MpiDefault=none
MailProg=/bin/true
ReturnToService=2
JobRequeue=1
NodeName=127.0.0.[1-2] NodeHostname={host} NodeAddr=127.0.0.1 Port=[{ports[1]},{ports[2]}] CPUs=4
PartitionName=toy Nodes=ALL Default=YES State=UP MaxTime=10
"""


def why_not() -> Optional[str]:
    """Why there can be no Slurm here; None if there can."""
    missing = [name for name in PROGRAMS if find(name) is None]
    if missing:
        return f'no Slurm: {", ".join(missing)} not installed'
    return None if os.geteuid() == 0 else 'no Slurm: its daemons need root'


def find(program: str) -> Optional[str]:
    return shutil.which(program, path=f'{os.environ.get("PATH", "")}:/usr/sbin:/sbin')


@contextmanager
def toy_cluster(folder: Path) -> Iterator[dict[str, str]]:
    """Start the daemons; yield the environment for Slurm's commands; stop the daemons.

    Args:
        folder (Path): An empty folder.
    """
    config = folder / 'slurm.conf'
    config.write_text(CONFIG.format(folder=folder, host=hostname(), ports=free_ports(3)))
    (folder / 'state').mkdir()
    environment = dict(os.environ, SLURM_CONF=str(config))
    processes = []
    try:
        for command in commands(folder):
            log = (folder / f'{Path(command[0]).name}.out').open('a')
            processes.append(
                subprocess.Popen(command, env=environment, stdout=log, stderr=log, cwd=folder)
            )
            if 'munged' in command[0]:
                wait_until((folder / 'munge.socket').exists, folder)
        nodes = [
            find('sinfo'),
            '--noheader',
            '--format=%T',
            '--states=idle',
            '--nodes=127.0.0.[1-2]',
        ]
        wait_until(lambda: output(nodes, environment).split() == ['idle'], folder)
        yield environment
    finally:
        for process in reversed(processes):
            process.send_signal(signal.SIGTERM)
        for process in reversed(processes):
            process.wait(30)


def commands(folder: Path) -> list[list[str]]:
    """The daemons, each in the foreground, so that it ends with a signal to its process."""
    key = folder / 'munge.key'
    key.write_bytes(os.urandom(64))
    key.chmod(0o400)
    places = dict(socket='socket', pid_file='pid', log_file='log', seed_file='seed')
    munged = [find('munged'), '--foreground', '--force', f'--key-file={key}']
    munged += [f'--{name.replace("_", "-")}={folder}/munge.{end}' for name, end in places.items()]
    slurmd = [find('slurmd'), '-D', '-N']
    return [munged, [find('slurmctld'), '-D', '-c'], [*slurmd, '127.0.0.1'], [*slurmd, '127.0.0.2']]


def output(command: list[str], environment: dict[str, str]) -> str:
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=20)
    return done.stdout


def wait_until(condition, folder: Path, seconds: float = 30) -> None:
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            logs = [f'{log}:\n{log.read_text()[-2000:]}' for log in folder.glob('*.[lo][ou][gt]')]
            raise TimeoutError('Slurm did not start.\n' + '\n'.join(logs))
        time.sleep(0.1)


def hostname() -> str:
    return socket.gethostname().split('.')[0]


def free_ports(number: int) -> list[int]:
    sockets = [socket.socket() for _ in range(number)]
    for probe in sockets:
        probe.bind(('127.0.0.1', 0))
    ports = [probe.getsockname()[1] for probe in sockets]
    for probe in sockets:
        probe.close()
    return ports


if __name__ == '__main__':
    place = Path(sys.argv[1]).absolute()
    place.mkdir(parents=True)
    with toy_cluster(place):
        print(f'export SLURM_CONF={place}/slurm.conf', flush=True)
        signal.sigwait({signal.SIGINT, signal.SIGTERM})
