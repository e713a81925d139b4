"""Files that people and machines read beside the code: workflow, templates, citation, changelog."""

import re
from pathlib import Path

import pytest
import yaml

from mmaddp import __version__

ROOT = Path(__file__).resolve().parents[2]
GITHUB = ROOT / '.github'


def load(file: Path) -> dict:
    return yaml.safe_load(file.read_text(encoding='utf-8'))


def commands(workflow: dict) -> list[str]:
    return [
        step['run'] for job in workflow['jobs'].values() for step in job['steps'] if 'run' in step
    ]


def test_workflow_runs_the_tests_for_every_python_and_family():
    workflow = load(GITHUB / 'workflows' / 'tests.yml')
    # YAML 1.1 reads the key "on" as True.
    assert set(workflow[True]) == {'push', 'pull_request'}
    tests = workflow['jobs']['tests']
    matrix = tests['strategy']['matrix']
    assert matrix == dict(python=['3.10', '3.11', '3.12'], family=['onedl', 'upstream'])
    assert tests['steps'][-1]['run'] == 'bash tools/run_tests.sh --family ${{ matrix.family }}'
    for job in workflow['jobs'].values():
        assert job['runs-on'] and job['timeout-minutes']
        assert all(('uses' in step) != ('run' in step) for step in job['steps'])


def test_workflow_calls_files_that_exist():
    for command in commands(load(GITHUB / 'workflows' / 'tests.yml')):
        (path,) = re.findall(r'(?:tools|tests)/[\w/.]+', command)
        assert (ROOT / path).exists(), command


@pytest.mark.parametrize('name', ['bug', 'feature'])
def test_issue_templates_are_forms(name):
    form = load(GITHUB / 'ISSUE_TEMPLATE' / f'{name}.yml')
    assert form['name'] and form['description']
    ids = [field['id'] for field in form['body']]
    assert len(ids) == len(set(ids)) >= 3
    assert all(field['attributes']['label'] for field in form['body'])


def test_one_version_everywhere():
    assert load(ROOT / 'CITATION.cff')['version'] == __version__
    text = (ROOT / 'CHANGELOG.md').read_text(encoding='utf-8')
    versions = re.findall(r'^## \[([^]]+)\]', text, re.MULTILINE)
    assert versions[0] == 'Unreleased' and versions[1] == __version__
    kinds = set(re.findall(r'^### (.+)$', text, re.MULTILINE))
    assert kinds <= {'Added', 'Changed', 'Deprecated', 'Removed', 'Fixed', 'Security'}


def test_citation_names_paper_and_software():
    citation = load(ROOT / 'CITATION.cff')
    assert citation['cff-version'] == '1.2.0' and citation['title'] == 'mmaddp'
    paper = citation['preferred-citation']
    assert paper['authors'][0]['family-names'] == 'Tian' and paper['year'] == 2024
    assert paper['identifiers'][0]['value'] == 'arXiv:2306.05423'


def test_contributing_names_every_room_and_files_that_exist():
    text = (ROOT / 'CONTRIBUTING.md').read_text(encoding='utf-8')
    table = text.partition('## The rooms')[2].partition('\n## ')[0]
    rooms = {path.name for path in (ROOT / 'mmaddp').iterdir() if (path / '__init__.py').exists()}
    assert rooms == set(re.findall(r'^\| `(\w+)/`', table, re.MULTILINE))
    for path in re.findall(r'`((?:tests|tools|docs|configs|\.github)/[\w/.]+)`', text):
        assert (ROOT / path).exists(), path
    for path in re.findall(r'`((?:run|weights|models|datasets|evaluation|engine)/[\w/.]+)`', text):
        assert (ROOT / 'mmaddp' / path).exists(), path


def test_the_script_runs_every_linter():
    script = (ROOT / 'tools' / 'run_tests.sh').read_text(encoding='utf-8')
    for command in ('ruff check .', 'ruff format --check .', 'codespell_lib', 'mypy'):
        assert f'"$ENV_PYTHON" -m {command} || status=1' in script
