import pytest
import torch
from toy_models import GRID, NUM_CODES, toy_predictor, toy_target_generator, toy_tokenizer

from mmaddp.models.utils import spread_rows
from mmaddp.registry import MODELS


def build(**kwargs):
    torch.manual_seed(0)
    generator = MODELS.build(toy_target_generator(**kwargs))
    generator.init_weights()
    return generator


def test_target():
    generator, images = build(), torch.rand(3, 3, 32, 32)
    target = generator(images)
    assert target.x_t.shape == images.shape
    assert torch.equal(target.token_ids, generator.tokenizer.encode(images)[0])
    assert target.target_probs.shape == (3, 16, NUM_CODES)
    torch.testing.assert_close(target.target_probs.sum(-1), target.mask_t.float())
    assert not target.x_t.requires_grad and not target.target_probs.requires_grad


def test_cached_ids_replace_images():
    generator, images = build(), torch.rand(2, 3, 32, 32)
    torch.manual_seed(1)
    from_images = generator(images)
    torch.manual_seed(1)
    from_ids = generator(generator.tokenizer.encode(images)[0])
    assert torch.equal(from_images.x_t, from_ids.x_t)
    assert torch.equal(from_images.mask_t, from_ids.mask_t)


@pytest.mark.parametrize('large', [2**16, 0], ids=['one batch', 'two batches'])
def test_targets_hide_mask_t_and_the_picture_hides_mask_s(large):
    """The predictor sees each mask, and the picture holds true codes elsewhere."""
    generator = build()
    generator.large_batch = large
    calls = []

    def remember(_, args, out):
        probs = spread_rows(out, args[2], 16)
        calls.extend(zip(args[1].split(2), probs.split(2)))

    generator.token_predictor.register_forward_hook(remember)
    target = generator(torch.rand(2, 3, 32, 32))
    (mask_s, probs_s), (mask_t, probs_t) = calls
    assert torch.equal(mask_t, target.mask_t)
    assert (mask_s | ~mask_t).all() and mask_s.sum() > mask_t.sum()
    assert torch.equal(probs_t, target.target_probs)
    codebook = generator.tokenizer.embed(torch.arange(NUM_CODES)[None])[0]
    latent = torch.where(mask_t[..., None], probs_s @ codebook, codebook[target.token_ids])
    x_t = generator.tokenizer.decode(latent.transpose(1, 2).reshape(2, -1, *GRID))
    torch.testing.assert_close(target.x_t, x_t)


@pytest.mark.parametrize('follows', [False, True])
def test_frozen_parts(follows):
    generator = build(predictor_train_mode=follows)
    assert generator.train() is generator
    assert not generator.tokenizer.training
    assert generator.token_predictor.training == follows
    assert not generator.eval().token_predictor.training
    assert not any(parameter.requires_grad for parameter in generator.parameters())


@pytest.mark.parametrize('num_codes', [20, 30])
def test_predictor_of_another_codebook(num_codes):
    message = f'knows {num_codes} codes, the codebook of the tokenizer holds 24'
    with pytest.raises(ValueError, match=message):
        build(token_predictor=toy_predictor(num_codes=num_codes))


@pytest.mark.parametrize('side', [2, 8])
def test_predictor_of_another_grid(side):
    message = rf'16 positions, a grid_size of \({side}, {side}\) needs {side * side}'
    with pytest.raises(ValueError, match=message):
        build(grid_size=(side, side))


def test_grid_that_is_not_square():
    predictor = toy_predictor()
    del predictor['num_tokens'], predictor['num_codes']
    generator = build(grid_size=(2, 4), token_predictor=predictor)
    assert generator.num_tokens == generator.token_predictor.num_tokens == 8
    assert generator(torch.rand(2, 3, 16, 32)).x_t.shape == (2, 3, 16, 32)


def test_grid_of_the_paper_is_the_default():
    config = toy_target_generator(token_predictor=toy_predictor(num_tokens=256))
    del config['grid_size']
    assert MODELS.build(config).grid_size == (16, 16)


def test_image_of_another_size():
    with pytest.raises(ValueError, match=r'64 tokens, but the model is built for a grid of \(4, 4'):
        build()(torch.rand(1, 3, 64, 64))
    with pytest.raises(ValueError, match='stride'):
        build()(torch.rand(1, 3, 36, 36))


def test_sixty_four_codes_on_eight_by_eight_tokens():
    generator = build(
        tokenizer=toy_tokenizer(num_codes=64, channel_multipliers=(1, 1, 2)),
        token_predictor=toy_predictor(num_codes=64, num_tokens=64),
        grid_size=(8, 8),
    )
    target = generator(torch.rand(2, 3, 32, 32))
    assert target.x_t.shape == (2, 3, 32, 32) and target.target_probs.shape == (2, 64, 64)
