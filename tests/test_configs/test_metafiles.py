"""The model zoo tells apart what was published, what was converted and what we measured."""

import re
from pathlib import Path

import pytest
import yaml
from mmengine.config import Config

from mmaddp.run.model_zoo import config_files, figures
from mmaddp.weights.known_weights import KNOWN_WEIGHTS, SCHEME
from mmaddp.weights.model import pretrained_settings

ROOT = Path(__file__).parents[2]
INDEX = yaml.safe_load((ROOT / 'model-index.yml').read_text())['Import']
METAFILES = {path: yaml.safe_load((ROOT / path).read_text()) for path in INDEX}
MODELS = [model for content in METAFILES.values() for model in content['Models']]


def test_every_metafile_is_imported():
    found = {path.relative_to(ROOT).as_posix() for path in ROOT.glob('configs/*/metafile.yml')}
    assert found == set(INDEX)


def test_every_config_has_an_entry():
    """Own pictures and tests have no figures; those of the study are of arms, on its page."""
    folders = {Path(path).parent.name for path in INDEX}
    files = {file.stem for file in config_files() if file.parent.name in folders}
    assert files == {model['Name'] for model in MODELS}
    others = {file.parent.name for file in config_files()} - folders
    assert others == {'own', 'study', 'toy'}


@pytest.mark.parametrize('model', MODELS, ids=lambda model: model['Name'])
def test_model(model):
    config = ROOT / model['Config']
    assert config.is_file() and config.stem == model['Name']
    collections = {c['Name'] for content in METAFILES.values() for c in content['Collections']}
    assert model['In Collection'] in collections
    for result in model['Results']:
        if config.parent.name != 'quickstart':
            # No full-size result has been measured yet: neither it nor its weights may be claimed.
            assert set(result['Metrics'].values()) == {None}
        assert set(result.get('Published', {})) <= set(result['Metrics'])
    assert model['Weights'] is None
    if 'Converted From' in model:
        assert model['Converted From']['Weights'] in {w.url for w in KNOWN_WEIGHTS.values()}


@pytest.mark.parametrize('model', MODELS, ids=lambda model: model['Name'])
def test_entry_agrees_with_its_config(model):
    cfg = Config.fromfile(ROOT / model['Config'])
    settings = [each['checkpoint'] for *_, each in pretrained_settings(cfg.model)]
    named = {str(file).removeprefix(SCHEME) for file in settings if str(file).startswith(SCHEME)}
    if cfg.get('train_dataloader') is None:  # tested with the weights of that size
        named = {f'addp-vit-{re.search("base|large", model["Name"])[0]}'}
    assert named == set(model['Needs']) <= set(KNOWN_WEIGHTS)
    metadata = model.get('Metadata', {})
    if 'Epochs' in metadata:
        assert metadata['Epochs'] == cfg.train_cfg.max_epochs
    if 'Batch Size' in metadata:
        assert metadata['Batch Size'] == cfg.auto_scale_lr.base_batch_size


def published(**facts):
    """Published figures of the entries with these facts."""
    found = [model for model in MODELS if all(model.get(k) == v for k, v in facts.items())]
    return [figures(model, 'Published') for model in found if figures(model, 'Published')]


@pytest.mark.parametrize('name', KNOWN_WEIGHTS)
def test_figures_agree_with_the_table_of_known_weights(name):
    weights = KNOWN_WEIGHTS[name]
    scores = {'FID': 'FID', 'IS': 'Inception Score'}
    generated = {scores[k]: v for k, v in weights.published.items() if k in scores}
    source = [m for m in MODELS if m.get('Converted From', {}).get('Weights') == weights.url]
    for found in [figures(model, 'Published') for model in source]:
        assert found == generated
    if name.startswith('addp-'):
        config = published(Config=f'configs/{weights.config}')
        assert config == [generated], 'the config that generates with them'
        tuned = [found for found in published(Needs=[name]) if 'Top 1 Accuracy' in found]
        assert tuned == [{'Top 1 Accuracy': weights.published['fine-tuning top-1']}]
    assert source or name in ('vgg16', 'inception'), 'an entry says what was converted from it'


def test_pages_show_the_same_figures():
    readme = (ROOT / 'README.md').read_text()
    for row, key in (
        ('ImageNet, fine-tuning', 'Top 1 Accuracy'),
        ('COCO, Mask R-CNN', 'box AP'),
        ('ADE20k, UperNet', 'mIoU'),
    ):
        base, large = (each[key] for each in published() if key in each)
        assert re.search(rf'\| {row} \| {base} / {large} ', readme), row
    page = (ROOT / 'docs' / 'weights.md').read_text()
    for name, weights in KNOWN_WEIGHTS.items():
        row = re.search(rf'^\| `{name}` .*', page, re.MULTILINE)
        if row is None:
            continue
        short = {'FID': 'FID', 'IS': 'IS', 'fine-tuning top-1': 'top-1'}
        shown = [f'{short[k]} {v}' for k, v in weights.published.items() if k in short]
        assert [text for text in shown if 'top-1' not in text or 'addp' in name] == re.findall(
            r'(?:FID|IS|top-1) [\d.]+', row[0]
        )


def test_figures_of_the_quickstart_are_those_of_its_page():
    page = (ROOT / 'docs' / 'quickstart.md').read_text()
    for model in MODELS:
        if model['Config'].startswith('configs/quickstart/'):
            for name, value in figures(model, 'Metrics').items():
                assert re.search(rf'(?<![\d.]){value}(?![\d.]*\d)', page), (
                    f'{name} {value} of {model["Name"]} is not on the page: bring '
                    'configs/quickstart/metafile.yml up to date'
                )


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
