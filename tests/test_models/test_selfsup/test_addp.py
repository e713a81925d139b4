import pytest
import torch
from mmpretrain.structures import DataSample
from toy_models import (
    NUM_CODES,
    toy_addp,
    toy_decoder,
    toy_head,
    toy_predictor,
    toy_target_generator,
    toy_tokenizer,
    toy_vit,
)

from mmaddp.registry import MODELS
from mmaddp.structures import Vocabulary


def build(**kwargs):
    torch.manual_seed(0)
    model = MODELS.build(toy_addp(**kwargs))
    model.init_weights()
    return model


def test_every_trainable_parameter_gets_a_gradient():
    """Nothing needs ``find_unused_parameters``."""
    model = build()
    losses = model(torch.rand(4, 3, 32, 32), [DataSample()] * 4, mode='loss')
    assert losses.keys() == {'loss', 'masked_acc'}
    losses['loss'].backward()
    missing = [n for n, p in model.named_parameters() if p.requires_grad and p.grad is None]
    assert not missing
    assert all(p.grad is None for p in model.target_generator.parameters())


def test_loss_of_cached_ids():
    model = build()
    ids = torch.randint(NUM_CODES, (4, 16))
    assert torch.isfinite(model(ids, None, mode='loss')['loss'])


def test_masks_per_sample_come_from_the_samples():
    generator = toy_target_generator(
        mask_sampler=dict(type='mmaddp.NestedMaskSampler', per_sample=True)
    )
    model = build(target_generator=generator)
    samples = [DataSample(metainfo=dict(sample_seed=seed)) for seed in range(6)]
    images = torch.rand(6, 3, 32, 32)
    first = model(images, samples, mode='loss')['loss']
    assert torch.equal(first, model(images, samples, mode='loss')['loss'])
    with pytest.raises(ValueError, match='sample_seed'):
        model(images, [DataSample()] * 6, mode='loss')


def test_encoder_input_is_clamped_and_normalised():
    model = build()
    seen = {}
    model.backbone.register_forward_pre_hook(lambda _, args: seen.update(x=args[0]))
    model(torch.tensor([-1.0, 0.5, 2.0]).view(1, 3, 1, 1).expand(1, 3, 32, 32))
    expected = [(0 - 0.485) / 0.229, (0.5 - 0.456) / 0.224, (1 - 0.406) / 0.225]
    torch.testing.assert_close(seen['x'][0, :, 0, 0], torch.tensor(expected))


def test_generation_depends_on_the_seed_alone():
    model = build().eval()

    def images(seeds):
        samples = [DataSample(metainfo=dict(seed=seed)) for seed in seeds]
        return [sample.pred_image for sample in model(None, samples, mode='predict')]

    together, alone = images([3, 4, 5]), images([4])
    assert together[1].shape == (3, 32, 32)
    torch.testing.assert_close(together[1], alone[0], atol=1e-5, rtol=0)
    assert not torch.allclose(together[0], together[1], atol=1e-3)
    assert together[1].min() >= 0 and together[1].max() <= 1


def test_token_ids_do_not_depend_on_the_batch_size():
    model = build(sampler=dict(type='mmaddp.AlternatingSampler', num_steps=12)).eval()

    def token_ids(seeds):
        samples = [DataSample(metainfo=dict(seed=seed)) for seed in seeds]
        return torch.stack([s.pred_token_ids for s in model(None, samples, mode='predict')])

    together = token_ids(range(30))
    for batch_size in (1, 7):
        parts = [range(30)[start : start + batch_size] for start in range(0, 30, batch_size)]
        assert torch.equal(torch.cat([token_ids(part) for part in parts]), together)


def test_training_lowers_the_loss():
    torch.manual_seed(0)
    model = build()
    ids = torch.randint(NUM_CODES, (8, 16))
    parameters = [p for p in model.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(parameters, lr=2e-2)
    losses = []
    for _ in range(60):
        loss = model(ids, None, mode='loss')['loss']
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(float(loss.detach()))
    assert sum(losses[-5:]) < 0.9 * sum(losses[:5])


def test_sizes_stand_once():
    """Codes come from the tokenizer, class ids from the predictor, positions from the grid."""
    generator = toy_target_generator(
        tokenizer=toy_tokenizer(num_codes=30), token_predictor=without_sizes(toy_predictor())
    )
    generator['token_predictor']['num_class_ids'] = 7
    neck, head = without_sizes(toy_decoder()), without_sizes(toy_head())
    model = build(target_generator=generator, neck=neck, head=head)
    assert model.target_generator.token_predictor.num_codes == 30
    assert model.neck.num_tokens == model.target_generator.token_predictor.num_tokens == 16
    expected = Vocabulary(num_codes=30, num_class_ids=7)
    assert model.neck.vocabulary == model.head.vocabulary == expected
    assert 'num_codes' not in neck and 'num_codes' not in generator['token_predictor']


def without_sizes(config):
    return {key: value for key, value in config.items() if key not in ('num_codes', 'num_tokens')}


def test_class_ids_may_differ_from_those_of_the_predictor():
    model = build(neck=toy_decoder(num_class_ids=3), head=toy_head(num_class_ids=3))
    assert model.neck.vocabulary == Vocabulary(num_codes=NUM_CODES, num_class_ids=3)


@pytest.mark.parametrize(
    'wrong, name',
    [
        (dict(backbone=toy_vit(img_size=64)), 'backbone grid'),
        (dict(neck=toy_decoder(num_tokens=64)), r'neck\.num_tokens'),
        (dict(neck=toy_decoder(num_codes=30)), r'neck\.num_codes'),
        (dict(neck=toy_decoder(num_class_ids=77)), 'head vocabulary'),
        (dict(head=toy_head(num_codes=30)), 'head vocabulary'),
        (dict(sampler=dict(type='mmaddp.AlternatingSampler', num_steps=17)), 'num_steps'),
    ],
)
def test_parts_that_do_not_fit(wrong, name):
    with pytest.raises(ValueError, match=f'{name} is '):
        build(**wrong)
