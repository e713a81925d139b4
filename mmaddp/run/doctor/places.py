"""Room on disks and in shared memory, and the folders where configs look for data."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from mmaddp.run.doctor.finding import Finding

SHARED_MEMORY = Path('/dev/shm')
# Two workers hand over batches of 64 pictures of 256 pixels in half of it.
LITTLE_SHARED = 2**30
# A checkpoint of ViT-B with its optimizer takes 1.8 GB; two are there while one is written.
LITTLE_DISK, FULL_DISK = 5 * 2**30, 2**28

# Folder -> which configs read it, and how to get it.
DATA_FOLDERS = {
    'data/imagenet': ('addp, tokenizer, token_predictor, classification', 'ln -s IMAGENET {}'),
    'data/imagenet_tokens': ('*-tokens', 'mmaddp cache-tokens CONFIG --out {}'),
    'data/imagenet_tar': ('_base_/datasets/imagenet_256px_tar.py', 'ln -s SHARDS {}'),
    'data/images': ('_base_/datasets/folder_256px.py', 'ln -s PICTURES {}'),
    'data/coco': ('detection', 'ln -s COCO {}'),
    'data/ade': ('segmentation', 'ln -s ADE20K {}'),
    'work_dirs/quickstart': ('quickstart', 'bash tools/quickstart.sh'),
    'work_dirs/own': ('own', 'mmaddp pretrain PICTURES --out my_model brings its own'),
    'work_dirs/toy': ('toy', 'mmaddp prepare digits --out {}/digits'),
}


def disks() -> Iterator[Finding]:
    """Free room in the working directory and where temporary files go."""
    yield _disk('disk, working directory', Path.cwd(), 'use --out and --work-dir on another disk')
    yield _disk('disk, temporary files', Path(tempfile.gettempdir()), 'export TMPDIR=FOLDER')


def shared_memory() -> Iterator[Finding]:
    """Room through which worker processes hand over batches."""
    if not SHARED_MEMORY.is_dir():
        return
    room = shutil.disk_usage(SHARED_MEMORY)
    said = f'{_gib(room.free)} of {_gib(room.total)} free in {SHARED_MEMORY}'
    remedy = ''
    if room.free < LITTLE_SHARED:
        said += ': workers that load data can die with a bus error'
        remedy = (
            'docker run --shm-size=8g, mount -o remount,size=8g /dev/shm, or --cfg-options '
            'train_dataloader.num_workers=0'
        )
    yield Finding('shared memory', said, True, remedy)


def data_folders() -> Iterator[Finding]:
    """Which data of the configs are below the working directory, and how to get the others."""
    for folder, (configs, how) in DATA_FOLDERS.items():
        there = _holds_something(Path(folder))
        said = 'there' if there else f'not here: {how.format(folder)}'
        yield Finding(f'data {folder}', f'({configs}) {said}')


def _holds_something(folder: Path) -> bool:
    try:
        return any(folder.iterdir())
    except OSError:
        return False


def _disk(name: str, folder: Path, remedy: str) -> Finding:
    free = shutil.disk_usage(folder).free
    said = f'{_gib(free)} free in {folder}'
    if not os.access(folder, os.W_OK):
        return Finding(name, f'{said}, where nothing can be written', False, remedy)
    if free < FULL_DISK:
        return Finding(name, f'{said}: full', False, remedy)
    if free < LITTLE_DISK:
        return Finding(name, f'{said}: few checkpoints fit', True, remedy)
    return Finding(name, said)


def _gib(size: int) -> str:
    return f'{size / 2**30:.1f} GiB'
