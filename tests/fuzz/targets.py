"""The doors: each makes a sound file once and returns what opens a damaged copy of it."""

import io
import json
import random
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from mutations import STRANGE, damage_bytes, damage_tree
from PIL import Image
from safetensors.torch import save_file
from torch import nn
from toy_runner import make_toy_runner

import mmaddp  # noqa: F401, before any host
from mmaddp.datasets import CheckLabelMap, LoadRGBImage
from mmaddp.datasets.checks.coco import check_coco_file
from mmaddp.datasets.token_cache import write_token_cache
from mmaddp.datasets.token_dataset import TokenDataset
from mmaddp.evaluation.fidelity.npz import NpzImages, npz_names, read_npz
from mmaddp.weights.addresses import load_from_address
from mmaddp.weights.checkpoint import extract_state_dict, load_weights
from mmaddp.weights.shards import shard_folder, take_tensors, without_tensors

Case = Callable[[Path, random.Random], None]
FORMATS = ('PNG', 'JPEG', 'WEBP', 'TIFF', 'BMP', 'GIF', 'PPM')
MODES = ('RGB', 'L', 'P', 'RGBA', 'I;16', '1', 'CMYK', 'LA')


def checkpoint_bytes(folder: Path) -> Case:
    """Damaged bytes of a checkpoint, both formats of ``torch.save``."""
    network = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4))
    content = dict(state_dict=network.state_dict(), meta=dict(epoch=1, iter=10, seed=0))
    sound = []
    for zipped in (True, False):
        file = io.BytesIO()
        torch.save(content, file, _use_new_zipfile_serialization=zipped)
        sound.append(file.getvalue())

    def case(place: Path, rng: random.Random) -> None:
        file = place / 'net.pth'
        file.write_bytes(damage_bytes(rng.choice(sound), rng))
        tensors = extract_state_dict(load_from_address(str(file), 'cpu'), str(file))
        load_weights(nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4)), tensors, str(file))

    return case


def checkpoint_entries(folder: Path) -> Case:
    """One odd entry in a checkpoint that is otherwise sound."""
    network = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4))
    state = {name: value.clone() for name, value in network.state_dict().items()}
    content = dict(state_dict=state, meta=dict(epoch=1, iter=10, dataset_meta=dict(classes=['a'])))
    strange = (
        *STRANGE,
        torch.ones(2),
        torch.full((4, 3), float('nan')),
        torch.ones(4, 3).to('meta'),
    )

    def case(place: Path, rng: random.Random) -> None:
        file = place / 'net.pth'
        torch.save(damage_tree(content, rng, strange), file)
        tensors = extract_state_dict(load_from_address(str(file), 'cpu'), str(file))
        load_weights(nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4)), tensors, str(file))

    return case


def sharded_checkpoint(folder: Path) -> Case:
    """Damaged bytes of a shard, or one odd entry in the checkpoint of a sharded training."""
    network = nn.Linear(3, 4)
    optimizer = dict(state={0: dict(exp_avg=torch.ones(4, 3))}, param_groups=[])
    tensors = take_tensors(network.state_dict(), optimizer)
    content = dict(meta=dict(epoch=1), **without_tensors(optimizer, tensors))
    places = {name: dict(saved_offsets=[0] * value.ndim) for name, value in tensors.items()}
    file = folder / 'sound.safetensors'
    save_file(tensors, file, dict(DCP_SHARDING_INFO=json.dumps(places)))
    sound = file.read_bytes()

    def case(place: Path, rng: random.Random) -> None:
        checkpoint, odd = place / 'net.pth', rng.random() < 0.5
        torch.save(damage_tree(content, rng, STRANGE) if odd else content, checkpoint)
        shard_folder(checkpoint).mkdir(exist_ok=True)
        shard = sound if odd else damage_bytes(sound, rng)
        (shard_folder(checkpoint) / 'shard.safetensors').write_bytes(shard)
        weights = extract_state_dict(load_from_address(str(checkpoint), 'cpu'), str(checkpoint))
        load_weights(nn.Linear(3, 4), weights, str(checkpoint))

    return case


def resumed_entries(folder: Path) -> Case:
    """One odd entry in a checkpoint that a training goes on from."""
    hooks = dict(
        plain_message_hub=dict(type='mmaddp.PlainMessageHubHook'),
        strict_load=dict(type='mmaddp.StrictLoadHook'),
        position=dict(type='mmaddp.PositionHook'),
        checkpoint=dict(type='mmaddp.CheckpointHook', by_epoch=False, interval=7),
    )
    optimizer = dict(optimizer=dict(type='AdamW', lr=0.1), accumulative_counts=3)
    settings = dict(default_hooks=hooks, optim_wrapper=optimizer, seeded=True)
    make_toy_runner(folder / 'work', **settings).train()
    # Inside an epoch and inside an update.
    content = torch.load(folder / 'work' / 'iter_7.pth', weights_only=True)
    strange = (*STRANGE, torch.ones(2), torch.full((1, 2), float('nan')), torch.ones(1).to('meta'))
    treasure = folder / 'treasure'

    def case(place: Path, rng: random.Random) -> None:
        treasure.mkdir(exist_ok=True)
        file = place / 'iter_7.pth'
        odd = damage_tree(content, rng, (*strange, str(treasure)))
        torch.save(odd, file)
        runner = make_toy_runner(place / 'work', resume=True, load_from=str(file), **settings)
        try:
            runner.train()
        finally:
            assert treasure.is_dir()
        assert runner.epoch == 2

    return case


def token_cache(folder: Path) -> Case:
    """Damaged bytes of a shard or of the manifest of a token cache, or an odd manifest."""
    sound = folder / 'sound'
    write_token_cache(sound, torch.randint(16, (5, 2, 4)), [f'{i}.png' for i in range(5)], 16, 3)
    manifest = json.loads((sound / 'manifest.json').read_text())
    files = sorted(sound.iterdir())

    def case(place: Path, rng: random.Random) -> None:
        damaged = place / 'tokens'
        shutil.copytree(sound, damaged)
        file = damaged / rng.choice(files).name
        if rng.random() < 0.3:
            text = json.dumps(damage_tree(manifest, rng))
            (damaged / 'manifest.json').write_text(text, 'utf-8', 'surrogatepass')
        else:
            file.write_bytes(damage_bytes(file.read_bytes(), rng))
        dataset = TokenDataset(str(damaged), 16)
        for index in range(len(dataset)):
            ids = dataset[index]['inputs']
            assert ids.dtype == torch.long and int(ids.min()) >= 0 and int(ids.max()) < 16

    return case


def coco(folder: Path) -> Case:
    """One odd entry, or damaged bytes, in a COCO file."""
    images = folder / 'images'
    images.mkdir()
    for index in range(3):
        Image.new('RGB', (40, 30)).save(images / f'{index}.png')
    content = dict(
        images=[dict(id=i, file_name=f'{i}.png', width=40, height=30) for i in range(3)],
        annotations=[
            dict(
                id=i,
                image_id=i % 3,
                category_id=1 + i % 2,
                bbox=[2, 3, 10, 12],
                area=120,
                iscrowd=0,
                segmentation=[[2, 3, 12, 3, 12, 15, 2, 15]]
                if i % 2
                else dict(size=[30, 40], counts=[100, 20, 1080]),
            )
            for i in range(6)
        ],
        categories=[dict(id=1, name='cat'), dict(id=2, name='dog')],
    )

    def case(place: Path, rng: random.Random) -> None:
        file = place / 'instances.json'
        if rng.random() < 0.7:
            text = json.dumps(damage_tree(content, rng))
            file.write_text(text, encoding='utf-8', errors='surrogatepass')
        else:
            file.write_bytes(damage_bytes(json.dumps(content).encode(), rng))
        number = check_coco_file(str(file), str(images), ('cat', 'dog'), True)
        assert 0 <= number <= 7

    return case


def pictures(folder: Path) -> Case:
    """Damaged pictures of many formats and modes."""
    rng = np.random.default_rng(0)
    noise = Image.fromarray(rng.integers(0, 256, (24, 31, 3), dtype=np.uint8))
    sound = []
    for kind in FORMATS:
        for mode in MODES:
            file = io.BytesIO()
            try:
                image = noise.convert('I').convert(mode) if mode == 'I;16' else noise.convert(mode)
                image.save(file, kind)
            except (OSError, KeyError, ValueError):  # not every format has every mode
                continue
            sound.append((kind.lower(), file.getvalue()))

    def case(place: Path, rng: random.Random) -> None:
        kind, content = rng.choice(sound)
        suffix = rng.choice((kind, 'png', 'jpg'))
        file = place / f'picture.{suffix}'
        file.write_bytes(damage_bytes(content, rng))
        image = LoadRGBImage()(dict(img_path=str(file)))['img']
        assert image.ndim == 3 and image.shape[2] == 3 and image.dtype == np.uint8

    return case


def label_maps(folder: Path) -> Case:
    """Damaged label maps."""
    sound = []
    for mode in ('L', 'P', '1', 'RGB', 'LA'):
        file = io.BytesIO()
        Image.new('L', (31, 24), 3).convert(mode).save(file, 'PNG')
        sound.append(file.getvalue())

    def case(place: Path, rng: random.Random) -> None:
        file = place / 'labels.png'
        file.write_bytes(damage_bytes(rng.choice(sound), rng))
        CheckLabelMap()(dict(seg_map_path=str(file), img_path='x.png', ori_shape=(24, 31)))

    return case


def image_arrays(folder: Path) -> Case:
    """Damaged ``.npz`` files of pictures or statistics."""
    file = io.BytesIO()
    np.savez(file, arr_0=np.zeros((4, 8, 8, 3), np.uint8))
    compressed = io.BytesIO()
    np.savez_compressed(compressed, mu=np.zeros(8), sigma=np.eye(8))
    sound = (file.getvalue(), compressed.getvalue())

    def case(place: Path, rng: random.Random) -> None:
        damaged = place / 'reference.npz'
        damaged.write_bytes(damage_bytes(rng.choice(sound), rng))
        if 'arr_0' in npz_names(damaged):
            for indices, images in NpzImages(damaged).blocks(2):
                assert len(indices) == len(images) and images.dtype == torch.uint8
        else:
            read_npz(damaged, 'mu')
            read_npz(damaged, 'sigma')

    return case


TARGETS: dict[str, Callable[[Path], Case]] = {
    'checkpoint_bytes': checkpoint_bytes,
    'checkpoint_entries': checkpoint_entries,
    'sharded_checkpoint': sharded_checkpoint,
    'resumed_entries': resumed_entries,
    'token_cache': token_cache,
    'coco': coco,
    'pictures': pictures,
    'label_maps': label_maps,
    'image_arrays': image_arrays,
}
