"""The model zoo tells apart what was published, what was converted and what we measured."""

from pathlib import Path

import pytest
import yaml

from mmaddp.weights.known_weights import KNOWN_WEIGHTS

ROOT = Path(__file__).parents[2]
INDEX = yaml.safe_load((ROOT / 'model-index.yml').read_text())['Import']
METAFILES = {path: yaml.safe_load((ROOT / path).read_text()) for path in INDEX}
MODELS = [model for content in METAFILES.values() for model in content['Models']]


def test_every_metafile_is_imported():
    found = {path.relative_to(ROOT).as_posix() for path in ROOT.glob('configs/*/metafile.yml')}
    assert found == set(INDEX)


@pytest.mark.parametrize('model', MODELS, ids=lambda model: model['Name'])
def test_model(model):
    config = ROOT / model['Config']
    assert config.is_file() and config.stem == model['Name']
    collections = {c['Name'] for content in METAFILES.values() for c in content['Collections']}
    assert model['In Collection'] in collections
    for result in model['Results']:
        # No full-size result has been measured yet: neither it nor its weights may be claimed.
        assert set(result['Metrics'].values()) == {None}
        assert set(result.get('Published', {})) <= set(result['Metrics'])
    assert model['Weights'] is None
    if 'Converted From' in model:
        assert model['Converted From']['Weights'] in {w.url for w in KNOWN_WEIGHTS.values()}


def test_names_are_unique():
    assert len({model['Name'] for model in MODELS}) == len(MODELS)


def test_openmmlab_reads_it(monkeypatch, capsys):
    modelindex = pytest.importorskip('modelindex')
    monkeypatch.chdir(ROOT)
    index = modelindex.load('model-index.yml')
    index.build_models_with_collections()
    assert {model.name for model in index.models} == {model['Name'] for model in MODELS}
    index.check()
    assert 'not a valid' not in capsys.readouterr().out
