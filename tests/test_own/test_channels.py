"""Grey, 16-bit and many-channel pictures: looked at, planned, trained on, reconstructed."""

import json
from dataclasses import replace

import cv2
import numpy as np
import pytest
import tifffile
import torch
from mmengine.config import Config
from mmengine.optim import build_optim_wrapper
from mmengine.registry import init_default_scope
from mmengine.runner import Runner
from PIL import Image
from test_own.labelled_shapes import save_encoder, scene, write_coco, write_maps
from test_own.test_plan import wishes

from mmaddp.apis import build_model, extract_features, reconstruct
from mmaddp.apis.image_files import load_images, picture_reader
from mmaddp.apis.inputs import list_inputs
from mmaddp.apis.prediction import InputPipeline, batches
from mmaddp.own.finetuning.coco_data import look_at_coco
from mmaddp.own.finetuning.encoder import read_encoder
from mmaddp.own.finetuning.finetune import finetune
from mmaddp.own.finetuning.map_data import look_at_maps
from mmaddp.own.finetuning.measure import measure as measure_finetuning
from mmaddp.own.finetuning.plan import Wishes as FinetuningWishes
from mmaddp.own.finetuning.plan import first_plan
from mmaddp.own.finetuning.write import config_text
from mmaddp.own.look import look
from mmaddp.own.measure import measure, stage_config
from mmaddp.own.plan import STAGES, candidates
from mmaddp.own.prepare import write_pictures
from mmaddp.own.sheet import draw_sheet
from mmaddp.own.starts import continued, read_start
from mmaddp.registry import MODELS

LOW, HIGH = 1000, 5000


def samples(number, channels, dtype):
    """A picture of a disc or a box (40, 40, C); of 16 bits between LOW and HIGH."""
    grey = np.asarray(scene(number)[0].convert('L'))
    bands = np.stack([np.roll(grey, band) for band in range(channels)], axis=-1)
    if dtype == np.uint8:
        return bands
    return (bands / 255 * (HIGH - LOW) + LOW).round().astype(np.uint16)


def write(folder, channels, dtype, suffix, number=20):
    for index in range(number):
        file = folder / ('disc', 'box')[index % 2] / f'{index:03}{suffix}'
        file.parent.mkdir(parents=True, exist_ok=True)
        write_one(file, samples(index, channels, dtype))
    return folder


def write_one(file, picture):
    if picture.shape[2] == 1:
        Image.fromarray(picture[..., 0]).save(file)
    elif picture.shape[2] == 3:
        cv2.imwrite(str(file), picture[..., ::-1])
    else:
        tifffile.imwrite(file, picture, photometric='minisblack', planarconfig='contig')


# Asked for; channels and depth of the files; suffix; suffix of what is prepared; kind in words.
KINDS = {
    'grey': (1, 1, np.uint8, '.png', '.png', 'PNG, grey'),
    'grey of 16 bits': (None, 1, np.uint16, '.png', '.png', 'PNG, 16 bits, grey'),
    'RGB of 16 bits': (None, 3, np.uint16, '.png', '.tif', 'PNG, 16 bits, colour'),
    'five channels': (None, 5, np.uint16, '.tif', '.tif', 'TIFF, 16 bits, 5 channels'),
}


def planned(folder, kind, **changes):
    asked, channels, dtype, suffix, *_ = KINDS[kind]
    found = look(write(folder, channels, dtype, suffix))
    request = wishes(**dict(channels=asked, resolution=32, grid=4) | changes)
    return found, candidates(found, request)[-1]


@pytest.mark.parametrize('kind', KINDS)
def test_two_steps_of_each_training_and_a_reconstruction(tmp_path, kind):
    found, plan = planned(tmp_path / 'in', kind)
    *_, channels, dtype, suffix, prepared, words = KINDS[kind]
    assert words in found.lines()[0] and plan.channels == channels
    deep = dtype == np.uint16
    assert found.is_deep == deep == (plan.value_range is not None)
    if deep:
        low, high = (np.ravel(end) for end in plan.value_range)
        assert len(low) == (5 if channels == 5 else 1)
        assert (abs(low - found.samples.min()) < 200).all() and (high > 4000).all()
        assert (high <= HIGH).all()
    write_pictures(found, plan, tmp_path / 'data')
    files = sorted((tmp_path / 'data').rglob(f'*{suffix}{prepared}'))
    assert len(files) == 20
    tokenizer = stage_config('tokenizer', plan)
    draw_sheet(found, tokenizer, 0, tmp_path / 'sheet.png')
    assert len(np.unique(np.asarray(Image.open(tmp_path / 'sheet.png')))) > 50
    two_steps(tokenizer, tmp_path / 'data', channels)
    for stage in STAGES[1:]:
        assert measure(stage, plan, 0.0).seconds_per_step > 0
    model = build_model(stage_config('addp', plan), device='cpu')
    pictures = load_images(files[:2], (32, 32), picture_reader(model))
    assert pictures.shape == (2, channels, 32, 32)
    assert pictures.min() < 0.2 and pictures.max() > 0.6
    assert reconstruct(model, pictures, 0.5).shape == pictures.shape
    assert extract_features(files[:2], model).shape == (2, model.backbone.embed_dims)


def two_steps(config, data, channels):
    """Train a tokenizer on prepared pictures, and let it reconstruct one as users do."""
    init_default_scope(config.default_scope)
    for loader in (config.train_dataloader, config.val_dataloader, config.test_dataloader):
        split = 'train' if loader is config.train_dataloader else 'val'
        loader.dataset.dataset.data_root = str(data / split)
        loader.update(num_workers=0, persistent_workers=False)
    model = build_model(config, device='cpu').train()
    wrapper = build_optim_wrapper(model, config.optim_wrapper)
    batches_read = iter(Runner.build_dataloader(config.train_dataloader, seed=0))
    for _ in range(2):
        batch = next(batches_read)
        assert batch['inputs'].shape[1:] == (channels, 32, 32)
        losses = model.train_step(batch, wrapper)
        assert torch.isfinite(losses['loss'])
    file = next((data / 'val').rglob('*.*'))
    pipeline = InputPipeline.of(config)
    (batch,) = batches(list_inputs(file), pipeline, 1)
    assert model.eval().val_step(batch)[0].recon.shape == (channels, 32, 32)
    assert pipeline.sample(list_inputs(file)[0])[0].shape[2] == 3


def test_what_is_asked_for_is_planned_and_what_does_not_fit_is_refused(tmp_path):
    _, plan = planned(tmp_path / 'deep', 'grey of 16 bits', value_range=[0.0, 4095.0])
    assert plan.value_range == [0.0, 4095.0] and plan.channels == 1
    with pytest.raises(ValueError, match='--range must ascend, got 5 to 5'):
        planned(tmp_path / 'deep', 'grey of 16 bits', value_range=[5.0, 5.0])
    found, plan = planned(tmp_path / 'grey', 'grey', channels=None)
    assert (plan.channels, plan.pixel_mean) == (3, None)
    with pytest.raises(ValueError, match='--range is for pictures of more than 8 bits'):
        candidates(found, wishes(value_range=[0.0, 1.0]))
    found, plan = planned(tmp_path / 'many', 'five channels')
    with pytest.raises(ValueError, match=r'--channels 3 takes pictures of 3 channels, .* have 5'):
        candidates(found, wishes(channels=3))
    write_one(tmp_path / 'many' / 'disc' / 'x.png', samples(50, 3, np.uint8))
    with pytest.raises(ValueError, match=r'20 with 5 \(for instance .*\), 1 with 3 .*a folder'):
        look(tmp_path / 'many')


def test_earlier_weights_keep_their_channels(tmp_path):
    found, plan = planned(tmp_path / 'in', 'grey')
    plan = replace(plan, epochs=dict.fromkeys(STAGES, 1))
    (tmp_path / 'plan.json').write_text(json.dumps(dict(plan=plan.to_dict())))
    for stage in STAGES:
        (tmp_path / stage).mkdir()
        (tmp_path / stage / 'epoch_1.pth').touch()
        (tmp_path / stage / 'last_checkpoint').write_text('epoch_1.pth')
    start = read_start(str(tmp_path))
    assert (start.channels, start.pixel_mean) == (1, plan.pixel_mean)
    asked = wishes(start='there', channels=3)
    with pytest.raises(ValueError, match='--channels 3 does not fit the weights'):
        continued(candidates(found, asked)[0], start, asked)


@pytest.mark.parametrize('task', ['detect', 'segment'])
def test_a_many_channel_encoder_is_fine_tuned(tmp_path, task):
    encoder = many_channel_encoder(tmp_path / 'model')
    data = dict(detect=write_coco, segment=write_maps)[task](tmp_path / 'data')
    for index, file in enumerate(sorted((data / 'images').glob('*.png'))):
        file.unlink()
        write_one(file.with_suffix('.tif'), samples(index, 5, np.uint16))
    if task == 'detect':
        text = (data / 'annotations.json').read_text().replace('.png', '.tif')
        (data / 'annotations.json').write_text(text)
    found = dict(detect=look_at_coco, segment=look_at_maps)[task](data, 0)
    plan = first_plan(found, encoder, FinetuningWishes(task, 'there', 600.0, 'cpu', 0))
    file = tmp_path / 'finetune.py'
    file.write_text(config_text(found, encoder, replace(plan, epochs=1), tmp_path))
    (tmp_path / 'data').mkdir(exist_ok=True)
    for name, content in found.lists().items():
        (tmp_path / 'data' / name).write_text(content)
    assert measure_finetuning(file, 'cpu', 0.0).step > 0


def many_channel_encoder(folder):
    """A toy ADDP for five channels of 16 bits, never trained."""
    save_encoder(folder)
    config = folder / 'addp' / 'addp.py'
    pixels = 'pixel_mean=[0.4], pixel_std=[0.2], value_range=[1000, 5000]'
    generator = 'target_generator=dict(tokenizer=dict(num_channels=5, init_cfg=None))'
    config.write_text(
        f'{config.read_text()}model = dict(backbone=dict(in_channels=5), {pixels}, {generator})\n'
    )
    settings = Config.fromfile(config)
    init_default_scope(settings.default_scope)
    model = MODELS.build(settings.model)
    torch.save(dict(state_dict=model.state_dict(), meta={}), folder / 'addp' / 'epoch_1.pth')
    encoder = read_encoder(str(folder))
    assert (encoder.channels, encoder.value_range) == (5, [1000, 5000])
    return encoder


def test_an_encoder_for_other_pictures_is_refused(tmp_path):
    save_encoder(tmp_path / 'model')
    write(tmp_path / 'data', 5, np.uint16, '.tif')
    asked = FinetuningWishes('classify', str(tmp_path / 'model'), 40.0, 'cpu', 0)
    with pytest.raises(ValueError, match=r'--from .* takes pictures of 3 channels, .* have 5'):
        finetune(tmp_path / 'data', tmp_path / 'out', asked)
    assert not (tmp_path / 'out').exists()
