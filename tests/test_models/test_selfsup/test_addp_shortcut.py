"""What generation saves changes nothing: the first steps, and pictures that nobody looks at."""

from collections import Counter

import pytest
import torch
from mmengine.config import Config
from mmpretrain.structures import DataSample
from test_tools.conftest import ROOT
from toy_models import toy_addp

from mmaddp.models.task_modules import GenerationState, SampleNoise
from mmaddp.registry import MODELS

(VIT_BASE,) = (ROOT / 'configs' / 'generation').glob('addp_vit-base*cosine-20steps*.py')


def toy_settings():
    return toy_addp(sampler=dict(type='mmaddp.AlternatingSampler', num_steps=8))


def full_size_settings():
    settings = Config.fromfile(VIT_BASE).model
    # Three steps, of which the first keeps all 256 positions masked, as the first of 20 does.
    settings.sampler.update(num_steps=3, schedule=lambda progress: min(1, 1.5 * (1 - progress)))
    generator = settings.target_generator
    # Decoding is no part of the shortcut: a narrower tokenizer, and the predictor is not asked.
    generator.tokenizer.update(base_channels=4, num_res_blocks=1, num_groups=4)
    generator.token_predictor.update(embed_dims=16, num_layers=1, num_heads=2)
    generator.token_predictor.update(decoder_embed_dims=16, decoder_num_layers=1)
    generator.token_predictor.update(decoder_num_heads=2)
    return settings


def build(settings):
    torch.manual_seed(0)
    model = MODELS.build(settings)
    for part in (model.target_generator.tokenizer, model.target_generator.token_predictor):
        part.init_cfg = None
    model.init_weights()
    return model.eval()


@torch.no_grad()
def plainly(model, seeds):
    """Run everything in every step: encoder, decoder, head and tokenizer."""
    num_tokens, device = model.neck.num_tokens, torch.device('cpu')

    def denoise(images, token_ids, mask, num_visible):
        if images is None:
            images = torch.rand(len(seeds), 3, *model.backbone.img_size)
        feats = model.neck(model.encode(images), token_ids, mask, [num_visible] * len(mask))
        num_codes = model.neck.vocabulary.num_codes
        return model.head(feats[:, 1 : 1 + num_tokens], model.neck.token_embed, num_codes)

    *_, last = model.sampler.iterate(
        GenerationState.blank(len(seeds), num_tokens, device),
        denoise,
        model.target_generator.decode,
        SampleNoise(seeds, num_tokens, device).draw,
    )
    return last


@pytest.mark.parametrize(
    'settings', [toy_settings, pytest.param(full_size_settings, marks=pytest.mark.slow)]
)
def test_shortcut_changes_no_bit(settings):
    model = build(settings())
    lengths = model.sampler.lengths(model.neck.num_tokens)
    assert lengths[0] == model.neck.num_tokens > lengths[1]  # two passes see nothing but masks
    seeds = [3, 4]
    expected = plainly(model, seeds)
    with model.reuse_start():
        model.predict([DataSample(metainfo=dict(seed=seed)) for seed in (8, 9)])
        found = model.predict([DataSample(metainfo=dict(seed=seed)) for seed in seeds])
    assert torch.equal(torch.stack([s.pred_token_ids for s in found]), expected.token_ids)
    images = torch.stack([s.pred_image for s in found])
    assert torch.equal(images, expected.images.clamp(0, 1))
    assert images.std() > 0.01


def test_share_of_the_runs_that_is_saved():
    model = build(toy_settings())
    calls = Counter()
    parts = dict(encoder=model.backbone, decoder=model.neck, head=model.head)
    parts |= dict(tokenizer=model.target_generator.tokenizer.decoder)
    for name, part in parts.items():
        part.register_forward_pre_hook(lambda *_, name=name: calls.update([name]))
    with model.reuse_start():
        for seeds in ([0, 1], [2, 3], [4, 5]):
            model.predict([DataSample(metainfo=dict(seed=seed)) for seed in seeds])
    # Of the 8 steps of each of 3 batches two see nothing but masks; what the network says of that
    # comes once. One picture per batch, that of the first step, is not decoded.
    assert calls == dict(encoder=3 * 6, decoder=3 * 6 + 1, head=3 * 6 + 1, tokenizer=3 * 7)
    model.predict([DataSample(metainfo=dict(seed=0))] * 2)
    assert calls['decoder'] == 3 * 6 + 1 + 6 + 1  # nothing is kept beyond the context


def test_light_steps_need_neither_encoder_nor_tokenizer():
    model = build(toy_settings())
    model.sampler.decode_every = 2
    calls = Counter()
    parts = dict(encoder=model.backbone, tokenizer=model.target_generator.tokenizer.decoder)
    for name, part in parts.items():
        part.register_forward_pre_hook(lambda *_, name=name: calls.update([name]))
    kept = model.predict([DataSample(metainfo=dict(seed=seed)) for seed in (0, 1)])
    # Of 8 steps two see nothing but masks; pictures come after steps 2, 4, 6 and 8.
    assert calls == dict(encoder=3, tokenizer=4)
    assert all(sample.pred_image.std() > 0.01 for sample in kept)
