"""Configurations by package name."""

from importlib.metadata import PackageNotFoundError
from pathlib import Path

import pytest
from mmengine.config import Config
from mmengine.config.utils import MODULE2PACKAGE

from mmaddp.compat import package_table

CONFIG = "_base_ = ['{}']\n"


class FakeDistribution:
    def __init__(self, folder):
        self.folder = Path(folder)

    def locate_file(self, name):
        return self.folder / name


@pytest.fixture
def installed(monkeypatch):
    """Pretend that exactly these distributions are installed."""

    def pretend(**folders):
        def distribution(name):
            if name not in folders:
                raise PackageNotFoundError(name)
            return FakeDistribution(folders[name])

        monkeypatch.setattr(package_table, 'distribution', distribution)

    return pretend


def test_distribution_that_holds_the_folder(installed, tmp_path):
    (tmp_path / 'pack').mkdir()
    installed(second=tmp_path)
    assert package_table.find_lookup_name('pack', ['first', 'second'], 'pack') == 'second'


def test_editable_installation_and_source_tree(installed, tmp_path):
    installed(pack=tmp_path / 'site-packages')
    assert package_table.find_lookup_name('pack', ['pack'], 'pack.version') == 'pack.version'
    installed()
    assert package_table.find_lookup_name('pack', ['pack'], 'pack.version') == 'pack.version'


def test_absent_mmseg_is_left_alone(monkeypatch):
    monkeypatch.setitem(MODULE2PACKAGE, 'mmseg', 'mmsegmentation')
    monkeypatch.setattr(package_table, 'find_spec', lambda name: None)
    package_table.install()
    assert MODULE2PACKAGE['mmseg'] == 'mmsegmentation'
    assert 'mmaddp' in MODULE2PACKAGE


def test_base_of_a_package_resolves_from_another_folder(tmp_path, run_python):
    packages = ('mmaddp', 'mmdet', 'mmpretrain', 'mmseg')
    for package in packages:
        text = CONFIG.format(f'{package}::_base_/default_runtime.py')
        (tmp_path / f'{package}.py').write_text(text)
    code = (
        'import mmaddp\nfrom mmengine.config import Config\n'
        f'for package in {packages}:\n'
        f"    config = Config.fromfile(rf'{tmp_path}/{{package}}.py')\n"
        "    print(package, 'log_level' in config)"
    )
    found = run_python(code).splitlines()[-len(packages) :]
    assert found == [f'{package} True' for package in packages]


def test_absent_file_of_a_package_is_an_error(tmp_path):
    config = tmp_path / 'config.py'
    config.write_text(CONFIG.format('mmaddp::_base_/not_there.py'))
    with pytest.raises(FileNotFoundError, match='not_there'):
        Config.fromfile(config)
