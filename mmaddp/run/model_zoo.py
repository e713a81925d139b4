"""What the metafiles say of the configs that the package carries, and what their names say."""

import re
from pathlib import Path
from typing import Any

import yaml

from mmaddp.utils.carried import carried

METAFILE = 'metafile.yml'
# Folder of configs -> task, in the order in which they are listed.
TASKS = dict(
    tokenizer='tokenizer',
    token_predictor='token predictor',
    addp='pre-training',
    generation='generation',
    classification='classification',
    detection='detection',
    segmentation='segmentation',
)
# First word of a config's name -> task, in folders that hold a whole chain.
TASKS_OF_NAMES = dict(
    vqgan='tokenizer',
    mage='token predictor',
    addp='pre-training',
    mae='pre-training',
    judge='classification',
    classifier='classification',
    upernet='segmentation',
)
TASKS_OF_NAMES |= {'mask': 'detection', 'faster': 'detection'}
SIZES = dict(tiny='ViT-Ti', small='ViT-S', base='ViT-B', large='ViT-L')
# Runs of these depend on the user's pictures, belong to a comparison or are for tests: there is no
# figure of one config to compare with.
WITHOUT_FIGURES = ('own', 'study', 'toy')


def config_files() -> list[Path]:
    """Configs that can be run, by folder and name; parts of others are left out."""
    return [
        file
        for file in sorted(carried('configs').glob('*/*_*.py'))
        if not file.parent.name.startswith('_') and not file.name.startswith('parts_')
    ]


def metadata() -> dict[str, dict[str, Any]]:
    """Entries of all metafiles, by the name of the config."""
    files = sorted(carried('configs').glob(f'*/{METAFILE}'))
    contents = [yaml.safe_load(file.read_text(encoding='utf-8')) for file in files]
    return {entry['Name']: entry for content in contents for entry in content['Models']}


def task_of(file: Path) -> str:
    """Task of a config, by its folder, or by its name in folders that hold a whole chain."""
    first = re.split('[-_]', file.stem)[0]
    return TASKS.get(file.parent.name) or TASKS_OF_NAMES[first]


def size_of(name: str) -> str:
    """Size of a config's model as its name says it: 'ViT-B/16', 'VQGAN f16', 'width 96', ..."""
    patch = re.search(r'-p(\d+)', name)
    behind = f'/{patch[1]}' if patch else ''
    word = re.search(r'-(tiny|small|base|large)(?=[-_])', name)
    width = re.search(r'-w(\d+)', name)
    factor = re.match(r'vqgan-f(\d+)', name)
    if factor:
        return f'VQGAN f{factor[1]}' + (f', width {width[1]}' if width else '')
    if word:
        kind = 'VQGAN, ' if name.startswith('vqgan') else ''
        return f'{kind}{word[1]}' if kind else f'{SIZES[word[1]]}{behind}'
    return f'width {width[1]}' + (f', patches of {patch[1]}' if patch else '') if width else ''


def figures(entry: dict[str, Any], key: str) -> dict[str, float]:
    """Figures of a metafile's entry that are known, by name.

    Args:
        entry (dict): The entry.
        key (str): 'Metrics' for ours, 'Published' for those of a paper or a release.
    """
    pairs = [pair for result in entry['Results'] for pair in result.get(key, {}).items()]
    return {name: value for name, value in pairs if value is not None}
