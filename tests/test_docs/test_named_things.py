"""Pages and headers name what is there: files, configurations, weights, options, settings."""

import functools
import re

import pytest
from named_things import (
    CONFIGS,
    HEADERS,
    PAGES,
    PLACEHOLDER,
    ROOT,
    TOOLS,
    configs_in,
    files_in,
    options_in,
    options_of,
    settings_in,
    text_of,
)

from mmaddp.run.config import read_config
from mmaddp.weights.known_weights import FOLDERS, KNOWN_WEIGHTS

WEIGHT_FILES = {weights.file for weights in KNOWN_WEIGHTS.values()}
every_text = pytest.mark.parametrize(
    'path', [*PAGES, *HEADERS], ids=lambda path: str(path.relative_to(ROOT))
)


def wrong_files(text):
    return [name for name in files_in(text) if not any(ROOT.glob(name.rstrip('/')))]


def wrong_configs(text):
    return [name for name in configs_in(text) if not any(CONFIGS.glob(name))]


def wrong_weights(text):
    """Files in the folders where weights are looked for, and names, that are none of known ones."""
    folders = '|'.join(map(re.escape, FOLDERS))
    files = re.findall(rf'(?:{folders})/([\w.-]+\.\w+)', text)
    names = [name for name in re.findall(r'mmaddp://([\w-]+)', text) if name != 'NAME']
    wrong = [name for name in names if name not in KNOWN_WEIGHTS]
    return wrong + [file for file in files if file.rstrip('.') not in WEIGHT_FILES]


def wrong_options(text, options):
    """Options that their tool does not have, or, without a tool, that none has."""
    everywhere = set().union(*options.values())
    return [
        (tool, option)
        for tool, option in options_in(text)
        if option not in (options.get(tool, set()) if tool else everywhere)
    ]


def wrong_settings(text, paths):
    """Settings that none of the configurations takes."""
    return [
        name
        for name, value in settings_in(text)
        if not any(takes(path, name, value) for path in paths)
    ]


@functools.cache
def takes(path, name, value):
    """Whether the tools would start a run of a configuration with a setting."""
    value = int(value) if value.isdigit() else None if value == 'None' else value
    try:
        read_config(path, {name: value}, work_dir='not made')
    except ValueError:
        return False
    return True


@pytest.fixture(scope='module')
def options():
    """Options of every tool."""
    tools = [path.relative_to(ROOT).as_posix() for path in TOOLS]
    with pytest.MonkeyPatch.context() as monkeypatch:
        return {tool: options_of(tool, monkeypatch) for tool in tools}


@every_text
def test_files(path):
    assert not wrong_files(text_of(path))


@every_text
def test_configurations(path):
    assert not wrong_configs(text_of(path))


@every_text
def test_weights(path):
    assert not wrong_weights(text_of(path))


@every_text
def test_options(path, options):
    assert not wrong_options(text_of(path), options)


@pytest.mark.filterwarnings('ignore:This run uses float32')
@every_text
def test_settings(path):
    runnable = [p for p in HEADERS if '_base_' not in p.parts and not p.stem.startswith('parts_')]
    one = path in runnable
    nearest = sorted(runnable, key=lambda config: config.parent.name != path.stem)
    assert not wrong_settings(text_of(path), [path] if one else nearest)


@pytest.mark.parametrize('page', PAGES, ids=lambda page: page.name)
def test_links(page):
    links = re.findall(r'\]\(([^)#\s]+)', page.read_text())
    files = [link for link in links if '://' not in link]
    assert not [file for file in files if not (page.parent / file).exists()]


@pytest.mark.parametrize(
    'find, text',
    [
        (wrong_files, 'see `tools/misc/run.py`'),
        (wrong_configs, 'with `vit-{base,huge}-p16_*_knn_in1k-256px.py`'),
        (wrong_configs, 'with `vit-base-p16_*_nothing-*.py`'),
        (wrong_configs, "_base_ = 'mmaddp::addp/nothing.py'"),
        (wrong_weights, 'Weights: `checkpoints/addp_vit-base.pth`'),
        (wrong_weights, 'needs mmaddp://vggan'),
    ],
)
def test_finds_what_is_not_there(find, text):
    assert len(find(text)) == 1


def test_finds_options_and_settings_that_nobody_takes(options):
    text = (
        '```bash\npython tools/train.py CONFIG --dry-run --tta \\\n    --resume\n```\n`--no-such`'
    )
    assert wrong_options(text, options) == [('tools/train.py', '--tta'), ('', '--no-such')]
    (knn,) = CONFIGS.glob('classification/vit-base*knn*')
    text = 'add `--cfg-options test_cfg.num_neighbours=5 test_cfg.num_neighbors=5`'
    assert wrong_settings(text, [knn]) == ['test_cfg.num_neighbors']
    assert PLACEHOLDER.search('$CONFIG') and PLACEHOLDER.search('my.py')
