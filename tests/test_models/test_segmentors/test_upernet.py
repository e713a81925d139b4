"""mmsegmentation's segmentor with our encoder: its three modes, whole and in windows."""

import pytest
import torch
from mmengine.config import ConfigDict
from mmengine.registry import init_default_scope
from mmengine.structures import PixelData
from toy_models import toy_upernet

import mmaddp  # noqa: F401, before any host: it mends what they miss

pytest.importorskip('mmseg')


def build(**changes):
    from mmseg.registry import MODELS

    torch.manual_seed(0)
    init_default_scope('mmseg')
    model = MODELS.build(ConfigDict(toy_upernet() | changes))
    model.init_weights()
    return model


def batch(size, number=2):
    from mmseg.structures import SegDataSample

    samples = []
    for _ in range(number):
        metainfo = dict(ori_shape=size, img_shape=size, pad_shape=size, padding_size=[0] * 4)
        sample = SegDataSample(metainfo=metainfo)
        sample.gt_sem_seg = PixelData(data=torch.randint(3, (1, *size)))
        samples.append(sample)
    images = [torch.randint(256, (3, *size), dtype=torch.uint8) for _ in range(number)]
    return dict(inputs=images, data_samples=samples)


def test_loss_reaches_every_parameter():
    model = build().train()
    data = model.data_preprocessor(batch((32, 32)), training=True)
    losses = model(**data, mode='loss')
    assert {'decode.loss_ce', 'aux.loss_ce'} <= set(losses)
    sum(value for key, value in losses.items() if 'loss' in key).backward()
    assert not [name for name, p in model.named_parameters() if p.grad is None]


@pytest.mark.parametrize('size', [(32, 32), (40, 24), (45, 50)])
@pytest.mark.parametrize('mode', ['whole', 'slide'])
def test_predicts_labels_of_the_size_of_the_image(size, mode):
    test_cfg = dict(mode=mode, crop_size=(32, 32), stride=(21, 21))
    model = build(test_cfg=test_cfg).eval()
    with torch.no_grad():
        data = model.data_preprocessor(batch(size))
        results = model(**data, mode='predict')
    for result in results:
        assert result.pred_sem_seg.data.shape == (1, *size)
        assert result.seg_logits.data.shape == (3, *size)
        assert torch.equal(result.pred_sem_seg.data[0], result.seg_logits.data.argmax(0))


def test_windows_smaller_than_the_crop_equal_the_whole():
    whole = build().eval()
    slide = build(test_cfg=dict(mode='slide', crop_size=(32, 32), stride=(21, 21))).eval()
    images = torch.randn(1, 3, 24, 32)
    with torch.no_grad():
        got, wanted = (model(images, mode='predict')[0].seg_logits.data for model in (slide, whole))
    torch.testing.assert_close(got, wanted)


def test_tensor_mode_gives_logits_of_the_finest_level():
    with torch.no_grad():
        assert build().eval()(torch.randn(2, 3, 32, 32), mode='tensor').shape == (2, 3, 16, 16)


def with_padded_windows(model, images):
    """Mean over windows, each padded with zeros to the size of the image, one by one."""
    (high, wide), (down, right) = model.test_cfg.crop_size, model.test_cfg.stride
    height, width = images.shape[2:]
    logits, counts = 0, 0
    for i in range(max(height - high + down - 1, 0) // down + 1):
        for j in range(max(width - wide + right - 1, 0) // right + 1):
            bottom, end = min(i * down + high, height), min(j * right + wide, width)
            top, start = max(bottom - high, 0), max(end - wide, 0)
            crop = images[:, :, top:bottom, start:end]
            found = model.encode_decode(crop, [dict(img_shape=crop.shape[2:])] * len(images))
            pad = (start, width - end, top, height - bottom)
            logits = logits + torch.nn.functional.pad(found, pad)
            counts = counts + torch.nn.functional.pad(torch.ones_like(found), pad)
    return logits / counts


@pytest.mark.parametrize('size', [(32, 32), (24, 40), (45, 80)])
def test_windows_are_added_where_they_belong(size):
    model = build(test_cfg=dict(mode='slide', crop_size=(32, 32), stride=(21, 21))).eval()
    images = torch.randn(2, 3, *size)
    metas = [dict(img_shape=size) for _ in images]
    with torch.no_grad():
        expected = with_padded_windows(model, images)
        assert torch.equal(model.slide_inference(images, metas), expected)
        model.test_cfg.windows_per_batch = 3
        found = model.slide_inference(images, metas)
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=1e-5)
