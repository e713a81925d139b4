import pytest
import torch
from toy_models import NUM_CODES, WIDTH, toy_decoder

from mmaddp.models.task_modules import mask_smallest
from mmaddp.registry import MODELS

LENGTH = 16


@pytest.fixture
def decoder():
    torch.manual_seed(0)
    model = MODELS.build(toy_decoder())
    model.init_weights()
    return model.eval()


def inputs(num_masked, batch_size=2):
    torch.manual_seed(1)
    latent = torch.randn(batch_size, 1 + LENGTH, WIDTH)
    token_ids = torch.randint(NUM_CODES, (batch_size, LENGTH))
    counts = torch.as_tensor(num_masked).expand(batch_size)
    mask = mask_smallest(torch.rand(batch_size, LENGTH), counts[:, None])
    return latent, token_ids, mask, tuple((LENGTH - counts).tolist())


@pytest.mark.parametrize('settings, std', [({}, 0.02), (dict(table_std=0.12), 0.12)])
def test_tables_start_as_large_as_asked_for(settings, std):
    model = MODELS.build(dict(toy_decoder(), **settings))
    model.init_weights()
    for name, table in model.named_parameters(recurse=False):
        if name != 'mask_token':
            assert table.std().item() == pytest.approx(std, rel=0.3)


def test_sequence_length(decoder):
    out = decoder(*inputs(num_masked=10))
    assert out.shape == (2, 1 + LENGTH + 6, WIDTH)


def test_blind_to_pixels_at_full_mask(decoder):
    latent, token_ids, mask, num_visible = inputs(num_masked=LENGTH)
    out = decoder(latent, token_ids, mask, num_visible)
    assert torch.equal(out, decoder(latent + 1, (token_ids + 1) % NUM_CODES, mask, num_visible))
    assert torch.equal(out, decoder(None, token_ids, mask, num_visible))


def test_class_slot_and_masked_positions_hide_their_latent(decoder):
    latent, token_ids, mask, num_visible = inputs(num_masked=10)
    changed = latent.clone()
    changed[:, 0] += 1
    changed[:, 1:][mask] += 1
    out = decoder(latent, token_ids, mask, num_visible)
    assert torch.equal(out, decoder(changed, token_ids, mask, num_visible))
    changed[:, 1:][~mask] += 1
    assert not torch.equal(out, decoder(changed, token_ids, mask, num_visible))


def test_masked_ids_are_not_read(decoder):
    latent, token_ids, mask, num_visible = inputs(num_masked=10)
    changed = torch.where(mask, (token_ids + 1) % NUM_CODES, token_ids)
    out = decoder(latent, token_ids, mask, num_visible)
    assert torch.equal(out, decoder(latent, changed, mask, num_visible))


def test_sequence_holds_what_it_should(decoder):
    """Written out token by token, before the first layer."""
    latent, token_ids, mask, num_visible = inputs(num_masked=10)
    seen = {}
    decoder.layers[0].register_forward_pre_hook(lambda _, args: seen.update(x=args[0]))
    decoder(latent, token_ids, mask, num_visible)
    mapped = decoder.decoder_embed(latent)
    for b in range(2):
        expected = [decoder.mask_token[0, 0] + decoder.pos_embed[0, 0]]
        for p in range(LENGTH):
            if mask[b, p]:
                expected.append(decoder.mask_token[0, 0] + decoder.mask_pos_embed[0, p + 1])
            else:
                expected.append(mapped[b, p + 1] + decoder.pos_embed[0, p + 1])
        for p in range(LENGTH):
            if not mask[b, p]:
                token = decoder.token_embed[token_ids[b, p]]
                expected.append(token + decoder.token_pos_embed[0, p + 1])
        torch.testing.assert_close(seen['x'][b], torch.stack(expected))


def test_padding_changes_nothing(decoder):
    """Samples with different numbers of visible tokens come out as if alone in the batch."""
    latent, token_ids, mask, num_visible = inputs(num_masked=[10, 13])
    together = decoder(latent, token_ids, mask, num_visible)
    assert together.shape[1] == 1 + LENGTH + 6
    for b, count in enumerate(num_visible):
        one = slice(b, b + 1)
        alone = decoder(latent[one], token_ids[one], mask[one], (count,))
        torch.testing.assert_close(together[one, : alone.shape[1]], alone, atol=1e-5, rtol=1e-5)


def test_token_table_learns_only_visible_ids(decoder):
    latent, token_ids, mask, num_visible = inputs(num_masked=10)
    decoder(latent, token_ids, mask, num_visible).sum().backward()
    learned = decoder.token_embed.grad.abs().sum(-1).nonzero().flatten().tolist()
    assert learned == sorted(set(token_ids[~mask].tolist()))
