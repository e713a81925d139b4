"""The token predictor's transformer."""

import pytest
import torch
from torch import nn

from mmaddp.models.token_predictors import MAGEPredictor

NUM_CODES, NUM_TOKENS = 11, 15  # a 3 x 5 grid


def build(**overrides):
    torch.manual_seed(0)
    settings = dict(
        num_codes=NUM_CODES,
        num_tokens=NUM_TOKENS,
        embed_dims=16,
        num_layers=2,
        num_heads=2,
        decoder_embed_dims=24,
        decoder_num_layers=1,
        decoder_num_heads=4,
        num_class_ids=7,
    )
    predictor = MAGEPredictor(**{**settings, **overrides})
    predictor.init_weights()
    with torch.no_grad():  # away from the zeros and small numbers of the initialisation
        for parameter in predictor.parameters():
            parameter.add_(0.3 * torch.randn_like(parameter))
    return predictor.eval()


@pytest.fixture
def batch():
    generator = torch.Generator().manual_seed(1)
    ids = torch.randint(NUM_CODES, (4, NUM_TOKENS), generator=generator)
    mask = torch.rand(4, NUM_TOKENS, generator=generator) < 0.6
    return ids, mask


def test_gives_a_distribution_per_position(batch):
    probs = build()(*batch)
    assert probs.shape == (4, NUM_TOKENS, NUM_CODES)
    assert probs.dtype == torch.float32
    torch.testing.assert_close(probs.sum(-1), torch.ones(4, NUM_TOKENS))


def test_is_blind_to_masked_ids_and_sees_visible_ones(batch):
    ids, mask = batch
    predictor = build()
    other = (ids + 1) % NUM_CODES
    hidden_changed = torch.where(mask, other, ids)
    assert torch.equal(predictor(ids, mask), predictor(hidden_changed, mask))
    visible_changed = torch.where(mask, ids, other)
    assert not torch.allclose(predictor(ids, mask), predictor(visible_changed, mask), atol=1e-3)


def test_mask_counts_may_differ_within_a_batch(batch):
    ids, mask = batch
    assert mask.sum(1).unique().numel() > 1
    predictor = build()
    together = predictor(ids, mask)
    for i in range(len(ids)):
        alone = predictor(ids[i : i + 1], mask[i : i + 1])
        torch.testing.assert_close(together[i : i + 1], alone, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize('table', ['token_embed.position.weight', 'decoder_pos_embed'])
def test_both_position_tables_tell_masked_positions_apart(batch, table):
    ids = batch[0]
    predictor = build()
    tables = dict(predictor.named_parameters())
    with torch.no_grad():
        tables['token_embed.position.weight'].zero_()
        tables['decoder_pos_embed'].zero_()
    everything = torch.ones_like(ids, dtype=torch.bool)
    rows = predictor.logits(ids, everything)
    torch.testing.assert_close(rows, rows[:, :1].expand_as(rows), rtol=1e-4, atol=1e-4)
    with torch.no_grad():
        tables[table].normal_()
    changed = predictor.logits(ids, everything)
    # The encoder's table reaches masked positions through the class slot, so alone it cannot
    # tell them apart; the decoder's can.
    assert (changed - rows).abs().max() > 1e-3
    told_apart = (changed - changed[:, :1]).abs().max() > 1e-2
    assert told_apart == (table == 'decoder_pos_embed')


def test_encoder_input_has_class_id_in_slot_0_and_mask_id_where_masked(batch):
    ids, mask = batch
    predictor = build()
    seen = []
    predictor.token_embed.word.register_forward_pre_hook(lambda _, args: seen.append(args[0]))
    predictor(ids, mask)
    vocabulary = predictor.vocabulary
    assert (seen[0][:, 0] == vocabulary.class_id).all()
    assert torch.equal(seen[0][:, 1:] == vocabulary.mask_id, mask)
    assert torch.equal(seen[0][:, 1:][~mask], ids[~mask])


def test_masked_decoder_positions_hold_the_mapped_class_slot(batch):
    ids, mask = batch
    predictor = build()
    seen = []
    predictor.decoder_layers[0].register_forward_pre_hook(lambda _, args: seen.append(args[0]))
    predictor(ids, mask)
    content = seen[0] - predictor.decoder_pos_embed
    mapped = predictor.decoder_embed(predictor.encode(ids, mask))
    expected = torch.where(mask[..., None], mapped[:, :1], mapped[:, 1:])
    torch.testing.assert_close(content[:, 1:], expected)
    torch.testing.assert_close(content[:, 0], mapped[:, 0])


def test_dropping_shortens_the_encoder_and_fills_the_decoder_alike(batch):
    ids = batch[0]
    predictor = build()
    order = torch.rand(4, NUM_TOKENS).argsort(1)
    mask = torch.zeros_like(ids, dtype=torch.bool).scatter(1, order[:, :9], True)
    lengths, content = [], []
    predictor.layers[0].register_forward_pre_hook(lambda _, args: lengths.append(args[0].size(1)))
    predictor.decoder_layers[0].register_forward_pre_hook(lambda _, args: content.append(args[0]))
    kept = order[:, 7:]
    dropped = predictor.logits(ids, mask, kept)
    assert lengths == [1 + NUM_TOKENS - 7]
    assert dropped.shape == (4, NUM_TOKENS, NUM_CODES)
    # Visible positions hold their own encoder output, all others the class slot's.
    mapped = predictor.decoder_embed(predictor.encode(ids, mask, kept))
    found = content[0] - predictor.decoder_pos_embed
    for sample in range(4):
        for slot, position in enumerate(kept[sample].tolist()):
            row = 0 if mask[sample, position] else slot + 1
            torch.testing.assert_close(found[sample, position + 1], mapped[sample, row])
        for position in order[sample, :7].tolist():
            torch.testing.assert_close(found[sample, position + 1], mapped[sample, 0])


def test_keeping_all_in_any_order_changes_nothing(batch):
    ids, mask = batch
    predictor = build()
    kept = torch.rand(4, NUM_TOKENS).argsort(1)
    torch.testing.assert_close(
        predictor.logits(ids, mask, kept), predictor.logits(ids, mask), rtol=1e-4, atol=1e-4
    )


def test_word_table_learns_through_the_embedding_only(batch):
    ids, mask = batch
    predictor = build()
    predictor.logits(ids, mask).square().sum().backward()
    gradient = predictor.token_embed.word.weight.grad
    vocabulary = predictor.vocabulary
    used = {vocabulary.class_id, vocabulary.mask_id, *ids[~mask].tolist()}
    touched = set(gradient.abs().sum(1).nonzero().flatten().tolist())
    assert touched == used


def test_every_parameter_gets_a_gradient(batch):
    predictor = build()
    predictor.logits(*batch).square().sum().backward()
    assert all(parameter.grad is not None for parameter in predictor.parameters())


def test_norm_epsilons():
    norms = {name: m.eps for name, m in build().named_modules() if isinstance(m, nn.LayerNorm)}
    assert len(norms) == 3 * 2 + 4
    assert {name for name, eps in norms.items() if eps != 1e-6} == {'output.norm'}
    assert norms['output.norm'] == 1e-5


def test_dropout_sits_in_embedding_and_blocks():
    predictor = build(drop_rate=0.25)
    assert predictor.token_embed.drop.p == 0.25
    for layer in [*predictor.layers, *predictor.decoder_layers]:
        rates = sorted(m.p for m in layer.modules() if isinstance(m, nn.Dropout) and m.p)
        assert layer.attn.attn_drop == 0.25
        assert rates == [0.25] * 3  # projection, behind the GELU, second MLP layer
    ids = torch.zeros(1, NUM_TOKENS, dtype=torch.long)
    predictor.train()
    mask = ids == 1
    assert not torch.equal(predictor(ids, mask), predictor(ids, mask))


@pytest.mark.parametrize('table_std', [0.02, 0.12])
def test_initialisation(table_std):
    settings = {} if table_std == 0.02 else dict(table_std=table_std)
    predictor = MAGEPredictor(64, 100, 64, 1, 2, 64, 1, 2, **settings)
    predictor.init_weights()
    for table in (
        predictor.token_embed.word.weight,
        predictor.token_embed.position.weight,
        predictor.decoder_pos_embed,
    ):
        assert table.std().item() == pytest.approx(table_std, rel=0.05)
    for module in predictor.modules():
        if isinstance(module, nn.Linear):
            assert not module.bias.any()
            bound = (6 / sum(module.weight.shape)) ** 0.5
            assert module.weight.abs().max().item() == pytest.approx(bound, rel=0.02)


def test_softmax_stays_in_float32_under_autocast(batch):
    ids, mask = batch
    predictor = build()
    kept = torch.arange(NUM_TOKENS).expand_as(ids)
    with torch.autocast('cpu', dtype=torch.bfloat16):
        assert predictor.logits(ids, mask, kept).dtype == torch.bfloat16
        probs = predictor(ids, mask)
    assert probs.dtype == torch.float32
    torch.testing.assert_close(probs.sum(-1), torch.ones(4, NUM_TOKENS))


@pytest.mark.parametrize('wrong', ['ids', 'mask'])
def test_wrong_grid_names_the_way_out(batch, wrong):
    ids, mask = batch
    arguments = (ids[:, 1:], mask) if wrong == 'ids' else (ids, mask[:, 1:])
    with pytest.raises(ValueError, match=r'14.*num_tokens'):
        build()(*arguments)
