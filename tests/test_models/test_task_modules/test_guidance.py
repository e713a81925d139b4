from collections import Counter

import pytest
import torch
from mmpretrain.structures import DataSample
from toy_models import toy_addp

from mmaddp.export.generation import generate_networks
from mmaddp.models.task_modules import AlternatingSampler
from mmaddp.registry import MODELS


def toy_model(**sampler):
    torch.manual_seed(0)
    sampler = dict(type='mmaddp.AlternatingSampler', num_steps=8, **sampler)
    model = MODELS.build(toy_addp(sampler=sampler)).eval()
    model.init_weights()
    return model


def ids_and_images(model, seeds):
    samples = model.predict([DataSample(metainfo=dict(seed=seed)) for seed in seeds])
    return [(sample.pred_token_ids, sample.pred_image) for sample in samples]


def test_guidance_begins_late():
    sampler = AlternatingSampler(num_steps=8, guidance=1.0, guidance_start=0.5)
    assert [sampler.is_guided(step) for step in range(8)] == [False] * 4 + [True] * 4
    early = AlternatingSampler(num_steps=3, guidance=1.0, guidance_start=0)
    assert all(early.is_guided(step) for step in range(3))
    assert not any(AlternatingSampler(num_steps=8).is_guided(step) for step in range(8))


def test_without_a_picture_the_network_reads_the_tokens_alone():
    model = toy_model()
    num_tokens = model.neck.num_tokens
    mask = torch.arange(num_tokens).expand(2, -1) >= 5
    ids = torch.arange(2 * num_tokens).view(2, -1) % model.neck.vocabulary.num_codes
    images = torch.rand(2, 3, *model.backbone.img_size)
    with torch.no_grad():
        blind = model.denoise(None, ids, mask, 5)
        seeing = model.denoise(images, ids, mask, 5)
        other = model.denoise(None, ids.roll(1, 0), mask, 5)
    assert blind.shape == seeing.shape
    assert not torch.allclose(blind, seeing, atol=1e-4)
    assert torch.allclose(other, blind.roll(1, 0), atol=1e-5)
    assert not torch.allclose(blind[0], blind[1], atol=1e-4)


def test_guided_distribution_leads_away_from_the_weak_one():
    model = toy_model(guidance=2.0, guidance_start=0.0)
    asked = []
    own = model.denoise

    def watched(images, token_ids, mask, num_visible, encode=None):
        logits = own(images, token_ids, mask, num_visible, encode)
        asked.append((images is None, num_visible, logits))
        return logits

    model.denoise = watched
    states = list(model.generate([3, 4]))
    (*_, (_, _, strong), (is_blind, num_visible, weak)) = asked
    assert is_blind and num_visible
    expected = (3 * strong - 2 * weak).softmax(-1)
    assert torch.allclose(states[-1].probs, expected, atol=1e-5)


def test_it_costs_a_pass_of_decoder_and_output_layer():
    model = toy_model(guidance=1.0)
    calls = Counter()
    parts = dict(encoder=model.backbone, decoder=model.neck, head=model.head)
    parts |= dict(tokenizer=model.target_generator.tokenizer.decoder)
    for name, part in parts.items():
        part.register_forward_pre_hook(lambda *_, name=name: calls.update([name]))
    guided = ids_and_images(model, [0, 1])
    # Of 8 steps two see nothing but masks, which are computed once; the last 4 are guided.
    assert calls == dict(encoder=6, decoder=7 + 4, head=7 + 4, tokenizer=7)
    plain = ids_and_images(toy_model(), [0, 1])
    assert any(not torch.equal(a[0], b[0]) for a, b in zip(guided, plain, strict=True))


def test_an_image_depends_on_its_seed_alone():
    model = toy_model(guidance=1.0)
    there, back = (ids_and_images(model, seeds) for seeds in ([7, 8, 9], [9, 8, 7]))
    for (ids, image), (other_ids, other_image) in zip(there, reversed(back), strict=True):
        assert torch.equal(ids, other_ids) and torch.equal(image, other_image)


@pytest.mark.parametrize('setting', [dict(guidance=0.5), dict(order='halton')])
def test_the_loop_around_exported_networks_does_without(setting):
    ((name, value),) = setting.items()
    with pytest.raises(ValueError, match=f'{name} is {value!r}.*export with {name}='):
        generate_networks(toy_model(**setting))
