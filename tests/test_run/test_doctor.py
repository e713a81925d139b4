"""What the doctor finds on sound, broken and small machines, and that it never breaks itself."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections import namedtuple
from pathlib import Path

import pytest

from mmaddp.run.config import load_config
from mmaddp.run.doctor import Finding, examination, examine, packages, places, threads, weights
from mmaddp.run.inputs import datasets
from mmaddp.utils import processor
from mmaddp.weights.known_weights import KNOWN_WEIGHTS

ROOT = Path(__file__).resolve().parents[2]
Usage = namedtuple('Usage', 'total used free')


def by_name(findings):
    return {finding.name: finding for finding in findings}


@pytest.fixture(autouse=True)
def empty_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_this_machine_is_sound(monkeypatch):
    monkeypatch.delenv('OMP_NUM_THREADS', raising=False)
    found = by_name(examine())
    assert not [each for each in found.values() if each.state == 'broken']
    for name in ('torch', 'mmdet', 'CPU', 'GPUs', 'cores', 'threads', 'memory', 'weights vqgan'):
        assert found[name].value
    assert found['family of the hosts'].value in ('forks', 'originals')
    json.dumps([each.as_dict() for each in found.values()])


def test_whatever_a_part_raises_is_a_finding(monkeypatch):
    def odd():
        yield Finding('first', 'fine')
        raise SystemError('odd machine')

    monkeypatch.setattr(examination, 'devices', odd)
    found = by_name(examine())
    assert found['first'].state == 'fine'
    assert found['devices'].value == 'SystemError: odd machine' and not found['devices'].is_sound
    assert 'weights inception' in found, 'the other parts are examined'


@pytest.fixture
def installed(monkeypatch):
    """Set which distributions there are, and what imports raise."""

    def setting(versions, errors=None):
        def import_module(name):
            if name in (errors or {}):
                raise errors[name]

        monkeypatch.setattr(packages, 'version_of', versions.get)
        monkeypatch.setattr(packages, 'import_module', import_module)

    return setting


FORKS = {names[0]: '1.0' for names in packages.HOSTS.values()}
ORIGINALS = {names[-1]: '1.0' for names in packages.HOSTS.values()}


@pytest.mark.parametrize(
    'versions, name, said, remedy',
    [
        (FORKS, 'family of the hosts', 'forks', ''),
        (ORIGINALS, 'family of the hosts', 'originals', ''),
        ({}, 'family of the hosts', 'none', 'pip install onedl-mmengine onedl-mmcv'),
        ({}, 'mmdet', 'missing; only detection needs it: pip install onedl-mmdetection', ''),
        ({}, 'mmengine', 'missing', 'pip install onedl-mmengine'),
        (ORIGINALS | {'mmcv-lite': None}, 'mmcv', 'missing', 'pip install mmcv-lite==2.1.0'),
        (
            {**FORKS, 'mmcv': '2.1.0'},
            'mmcv',
            'onedl-mmcv 1.0, mmcv 2.1.0',
            'pip uninstall onedl-mmcv mmcv, then pip install onedl-mmcv',
        ),
        ({**FORKS, 'mmcv': '2.1.0'}, 'family of the hosts', 'forks and', 'pip uninstall mmcv,'),
    ],
)
def test_hosts(installed, versions, name, said, remedy):
    installed(versions)
    found = by_name(packages.packages_of_hosts())[name]
    assert found.value.startswith(said) and found.remedy.startswith(remedy)
    assert found.is_sound == (not remedy)


@pytest.mark.parametrize(
    'error, remedy',
    [
        (ImportError('libGL.so.1: cannot open shared object file'), 'opencv-python-headless'),
        (ModuleNotFoundError("No module named 'pkg_resources'"), "'setuptools<81'"),
        (AssertionError('MMCV==2.2.0 is used but incompatible'), 'pip install mmcv-lite==2.1.0'),
        (RuntimeError('operator torchvision::nms does not exist'), 'torch torchvision'),
        (ModuleNotFoundError("No module named 'addict'"), 'pip install addict'),
        (SystemError('whatever\nelse'), 'pip install --force-reinstall --no-deps onedl-mmcv'),
    ],
)
def test_a_host_that_cannot_be_imported(installed, error, remedy):
    installed(FORKS, {'mmcv': error})
    found = by_name(packages.packages_of_hosts())['mmcv']
    assert found.state == 'broken' and remedy in found.remedy
    assert type(error).__name__ in found.value and '\n' not in found.value


def test_libraries(installed):
    versions = dict.fromkeys(packages.LIBRARIES, '2.5.1')
    del versions['timm']
    installed(versions, {'cv2': ImportError('libGL.so.1: cannot open'), 'PIL': OSError('bad')})
    found = by_name(packages.libraries())
    assert found['torch'].remedy == "pip install 'torch>=2.6' torchvision"
    assert found['timm'].remedy == 'pip install timm'
    assert 'headless' in found['opencv-python-headless'].remedy
    assert found['pillow'].state == 'broken' and found['numpy'].state == 'fine'
    missing = ModuleNotFoundError("No module named 'torch'", name='torch')
    installed(versions, {'torch': missing})
    found = by_name(packages.libraries())
    assert found['torch'].value == 'missing' and found['torch'].remedy == 'pip install torch'


@pytest.mark.parametrize(
    'cores, set_to, state, remedy',
    [
        (2, None, 'fine', ''),
        (1, '2', 'advice', 'export OMP_NUM_THREADS=1'),
        (8, '2', 'advice', 'export OMP_NUM_THREADS=8'),
        (8, None, 'fine', ''),
    ],
)
def test_threads_against_cores(monkeypatch, cores, set_to, state, remedy):
    torch = pytest.importorskip('torch')
    monkeypatch.setattr(torch, 'get_num_threads', lambda: 2)
    monkeypatch.setattr(threads, 'usable_cores', lambda: cores)
    monkeypatch.delenv('OMP_NUM_THREADS', raising=False)
    if set_to:
        monkeypatch.setenv('OMP_NUM_THREADS', set_to)
    found = by_name(threads.threads())
    assert (found['threads'].state, found['threads'].remedy) == (state, remedy)
    assert ('OMP_NUM_THREADS=2' in found['environment'].value) == bool(set_to)


def test_limits_of_containers(tmp_path, monkeypatch):
    monkeypatch.setattr(processor, 'allowed_cores', lambda: 8)
    second, first = tmp_path / 'v2', tmp_path / 'v1'
    for folder in (second, first / 'cpu', first / 'memory'):
        folder.mkdir(parents=True)
    assert processor.cpu_quota(second) is None and processor.usable_cores(second) == 8
    (second / 'cpu.max').write_text('max 100000\n')
    (second / 'memory.max').write_text('max\n')
    assert processor.cpu_quota(second) is None and processor.memory_limit(second) is None
    (second / 'cpu.max').write_text('150000 100000\n')
    (second / 'memory.max').write_text('2147483648\n')
    assert processor.cpu_quota(second) == 1.5 and processor.usable_cores(second) == 2
    assert processor.memory_limit(second) == 2**31
    (first / 'cpu' / 'cpu.cfs_quota_us').write_text('-1\n')
    (first / 'cpu' / 'cpu.cfs_period_us').write_text('100000\n')
    (first / 'memory' / 'memory.limit_in_bytes').write_text('9223372036854771712\n')
    assert processor.cpu_quota(first) is None and processor.memory_limit(first) is None
    (first / 'cpu' / 'cpu.cfs_quota_us').write_text('400000\n')
    assert processor.cpu_quota(first) == 4 and processor.usable_cores(first) == 4
    monkeypatch.setattr(threads, 'memory_limit', lambda: 2**31)
    found = by_name(threads.threads())['memory']
    assert found.state == 'advice' and found.value.startswith('2.0 GiB, the limit of the container')


def test_little_room(monkeypatch):
    monkeypatch.setattr(shutil, 'disk_usage', lambda folder: Usage(2**26, 0, 2**26))
    found = by_name([*places.shared_memory(), *places.disks()])
    assert found['disk, working directory'].state == 'broken'
    assert found['disk, temporary files'].remedy == 'export TMPDIR=FOLDER'
    if places.SHARED_MEMORY.is_dir():
        assert '--shm-size' in found['shared memory'].remedy
    monkeypatch.setattr(shutil, 'disk_usage', lambda folder: Usage(2**40, 0, 2**40))
    assert {each.state for each in [*places.shared_memory(), *places.disks()]} == {'fine'}


def test_data_folders_are_those_of_the_configs():
    """One config per kind of data, so that this takes no minute."""
    kinds = (
        *('addp/*1600e_in1k-256px.py', 'addp/*tokens.py', 'classification/*100e_in1k-256px.py'),
        *('detection/faster*', 'segmentation/*base-p16_*', 'toy/upernet*', 'quickstart/mage*'),
        *('own/vqgan-tiny*', '_base_/datasets/*_256px_tar.py', '_base_/datasets/folder_256px.py'),
    )
    roots = set()
    for kind in kinds:
        file = min((ROOT / 'configs').glob(kind))
        found = [settings.get('data_root') for _, settings in datasets(load_config(file))]
        assert any(found), file
        roots |= {root for root in found if root}
    known = [Path(folder).parts for folder in places.DATA_FOLDERS]
    for root in roots:
        assert any(Path(root).parts[: len(parts)] == parts for parts in known), root
    Path('data/imagenet/train').mkdir(parents=True)
    found = by_name(places.data_folders())
    assert found['data data/imagenet'].value.endswith(') there')
    assert 'mmaddp prepare digits --out work_dirs/toy' in found['data work_dirs/toy'].value


def test_weights_and_their_hashes(monkeypatch):
    content = b'what was released'
    digest = hashlib.sha256(content).hexdigest()
    known = KNOWN_WEIGHTS['vgg16']
    monkeypatch.setitem(KNOWN_WEIGHTS, 'vgg16', type(known)(**vars(known) | {'sha256': digest[:8]}))
    file = Path('checkpoints', known.file)
    file.parent.mkdir()
    file.write_bytes(content)
    Path('checkpoints', KNOWN_WEIGHTS['vqgan'].file).write_bytes(b'x')
    found = by_name(weights.known_files())
    assert 'not compared' in found['weights vgg16'].value
    assert found['weights inception'].value == 'not here: mmaddp download inception'
    found = by_name(weights.known_files(hash_weights=True))
    assert found['weights vgg16'].value.endswith(f'{digest} as released')
    assert found['weights vqgan'].value.endswith('with nothing to compare')
    file.write_bytes(content[:-1])
    found = by_name(weights.known_files(hash_weights=True))['weights vgg16']
    assert found.state == 'broken' and found.remedy == f'rm {file} && mmaddp download vgg16'
    file.write_bytes(b'')
    assert by_name(weights.known_files())['weights vgg16'].state == 'broken'


@pytest.mark.slow
def test_broken_packages_end_in_a_report(tmp_path):
    """A torch that does not load, a host that raises oddly: lines of a report, no traceback."""
    for name, text in dict(
        torch='raise OSError("libcudart.so.13: no such file")',
        mmdet='print("noise")\nraise SystemError("odd")',
    ).items():
        (tmp_path / 'site' / name).mkdir(parents=True)
        (tmp_path / 'site' / name / '__init__.py').write_text(text)
    done = subprocess.run(
        [sys.executable, '-W', 'ignore', ROOT / 'tools' / 'analysis_tools' / 'doctor.py', '--json'],
        capture_output=True,
        text=True,
        env=os.environ | dict(PYTHONPATH=f'{tmp_path / "site"}', HOME=str(tmp_path)),
        check=False,
    )
    assert done.returncode == 1 and 'Traceback' not in done.stderr
    report = json.loads(done.stdout)
    assert {'torch', 'mmdet', 'GPUs', 'threads'} <= set(report['broken'])
    found = {each['name']: each for each in report['findings']}
    assert found['torch']['remedy'] == 'pip install --force-reinstall torch'
    assert 'SystemError: odd' in found['mmdet']['value'] and found['numpy']['state'] == 'fine'
    assert str(tmp_path) not in done.stdout and '~' in done.stdout
    assert all(each['remedy'] for each in report['findings'] if each['state'] == 'broken')
    assert done.stderr.splitlines()[-1].startswith('doctor: look at torch')
