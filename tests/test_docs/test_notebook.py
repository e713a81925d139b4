"""The notebook runs from top to bottom, without a network, and is kept without what it shows."""

import json
import re
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
import without_network

ROOT = Path(__file__).parents[2]
TOUR = ROOT / 'examples' / 'mmaddp_tour.ipynb'
PICTURES = ('prepare', 'samples', 'trajectory', 'inpaint', 'neighbours')


@pytest.fixture(scope='module')
def tour():
    return nbformat.read(TOUR, as_version=4)


@pytest.fixture(scope='module')
def executed(tour, tmp_path_factory):
    """What the cells show, by their ids, and whom they have asked.

    The cell on released weights runs once more, with the model of the tour in their place.
    """
    folder = tmp_path_factory.mktemp('tour')
    (released,) = [cell for cell in tour.cells if cell.id == 'weights']
    source = released.source.replace('addp-vit-base', 'mmaddp_tour/model')
    assert source != released.source
    tour = nbformat.from_dict(dict(tour, cells=list(tour.cells)))
    tour.cells.append(nbformat.v4.new_code_cell(source, id='as-released'))
    nbformat.write(tour, folder / 'tour.ipynb')
    asked = folder / 'asked.txt'
    environment = dict(without_network.environment(asked), OMP_NUM_THREADS='1')
    environment['PYTHONPATH'] += f':{ROOT / "tests"}'
    run = ROOT / 'tests' / 'run_notebook.py'
    subprocess.run(
        [*without_network.prefix(), sys.executable, run, folder / 'tour.ipynb', folder],
        env=environment,
        check=True,
    )
    cells = nbformat.read(folder / 'executed.ipynb', as_version=4).cells
    return {cell.id: cell.get('outputs', []) for cell in cells}, asked.read_text()


def texts(outputs):
    """What was printed in a cell."""
    return ''.join(output.get('text', '') for output in outputs)


def test_it_is_kept_without_outputs(tour):
    assert nbformat.validate(tour) is None
    for cell in tour.cells:
        if cell.cell_type == 'code':
            assert not cell.outputs and cell.execution_count is None, cell.id
        assert not cell.metadata, cell.id
    assert set(tour.metadata) == {'kernelspec', 'language_info'}
    assert set(tour.metadata.language_info) == {'name'}, 'not of the Python that it was saved with'


def test_its_links_lead_somewhere(tour):
    for cell in tour.cells:
        for link in re.findall(r'\]\(([^)#]+)', cell.source):
            assert (TOUR.parent / link).is_file(), link


@pytest.mark.slow
def test_every_cell_runs(executed):
    cells, _ = executed
    errors = [
        (name, output.evalue)
        for name, outputs in cells.items()
        for output in outputs
        if output.output_type == 'error'
    ]
    assert not errors
    assert 'This run took' in texts(cells['pretrain']) and 'accuracy, %' in texts(cells['finetune'])
    assert len(re.findall(r'is \d_\d, \d+% sure', texts(cells['classify']))) == 10
    assert 'mmaddp download addp-vit-base' in texts(cells['weights'])


@pytest.mark.slow
@pytest.mark.parametrize('name', [*PICTURES, 'as-released'])
def test_pictures_are_shown(executed, name):
    shown = [output for output in executed[0][name] if 'image/png' in output.get('data', {})]
    assert len(shown) == 1 + (name in ('inpaint', 'as-released'))


@pytest.mark.slow
def test_nobody_asks_the_network(executed):
    """Preparing, training, generating, editing, features, fine-tuning, and the doctor."""
    cells, asked = executed
    assert 'torchvision' in texts(cells['doctor'])
    assert not asked


@pytest.mark.slow
def test_questions_to_the_network_are_noticed(tmp_path):
    """In a child of a child too; where the system allows it, the question gets no answer."""
    ask = 'import socket; socket.create_connection(("192.0.2.1", 80), timeout=1)'
    code = f'import subprocess, sys; subprocess.run([sys.executable, "-c", {ask!r}])'
    record = tmp_path / 'asked.txt'
    subprocess.run([sys.executable, '-c', code], env=without_network.environment(record))
    assert '192.0.2.1: socket.connect' in record.read_text()
    if not without_network.prefix():
        pytest.skip('network namespaces are not allowed here')
    cards = ['cat', '/proc/net/dev']
    seen = subprocess.run([*without_network.prefix(), *cards], capture_output=True, text=True)
    assert re.findall(r'^ *(\w+):', seen.stdout, re.MULTILINE) == ['lo']


def test_json_is_written_as_jupyter_does():
    text = TOUR.read_text()
    assert text == json.dumps(json.loads(text), indent=1, ensure_ascii=False) + '\n'
