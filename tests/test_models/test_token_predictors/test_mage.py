"""Pre-training of the token predictor."""

import pytest
import torch
from mmengine.runner import Runner
from mmpretrain.structures import DataSample
from torch import nn

from mmaddp.models.token_predictors import MAGE
from mmaddp.registry import MODELS

NUM_CODES, NUM_TOKENS = 9, 12  # a 3 x 4 grid


@MODELS.register_module(force=True)
class StubTokenizer(nn.Module):
    """Code = brightness of a 4 x 4 patch."""

    def __init__(self, num_codes):
        super().__init__()
        self.num_codes = num_codes
        self.scale = nn.Parameter(torch.tensor(float(num_codes)))
        self.drop = nn.Dropout(0.5)

    def encode(self, images):
        means = nn.functional.avg_pool2d(images, 4).mean(1, keepdim=True)
        ids = (means * self.scale).long().clamp(max=self.num_codes - 1)
        return ids.flatten(1), means


def build(tokenizer=True, **overrides):
    torch.manual_seed(0)
    predictor = dict(
        type='mmaddp.MAGEPredictor',
        num_codes=NUM_CODES,
        num_tokens=NUM_TOKENS,
        embed_dims=16,
        num_layers=1,
        num_heads=2,
        decoder_embed_dims=16,
        decoder_num_layers=1,
        decoder_num_heads=2,
        drop_rate=0.0,
    )
    model = MAGE(
        predictor,
        tokenizer=dict(type='mmaddp.StubTokenizer', num_codes=NUM_CODES) if tokenizer else None,
        **overrides,
    )
    model.init_weights()
    return model


@pytest.fixture
def token_ids():
    return torch.randint(NUM_CODES, (6, NUM_TOKENS), generator=torch.Generator().manual_seed(1))


def test_loss_equals_the_written_out_formula(token_ids):
    model = build()
    torch.manual_seed(5)
    losses = model(token_ids, mode='loss')
    torch.manual_seed(5)
    masks = model.mask_sampler.draw(6, NUM_TOKENS, torch.device('cpu'))
    logits = model.token_predictor.logits(token_ids, masks.mask, masks.kept).double()
    logp = logits - logits.exp().sum(-1, keepdim=True).log()
    total, hits, count = 0.0, 0, 0
    for b, p in masks.mask.nonzero().tolist():
        target = torch.full((NUM_CODES,), 0.1 / NUM_CODES, dtype=torch.float64)
        target[token_ids[b, p]] += 0.9
        total -= (target * logp[b, p]).sum().item()
        hits += int(logits[b, p].argmax() == token_ids[b, p])
        count += 1
    assert losses['loss'].item() == pytest.approx(total / count, rel=1e-5)
    assert losses['masked_acc'].item() == pytest.approx(hits / count)
    assert not losses['masked_acc'].requires_grad


def test_images_and_their_cached_ids_give_the_same_loss():
    model = build()
    images = torch.rand(3, 3, 12, 16)
    ids = model(images)
    assert ids.dtype == torch.long
    assert ids.unique().numel() > 1
    losses = []
    for inputs in (images, ids):
        torch.manual_seed(2)
        losses.append(model.loss(inputs)['loss'])
    assert torch.equal(*losses)
    assert torch.equal(build(tokenizer=False)(ids), ids)


def test_images_need_a_tokenizer():
    with pytest.raises(ValueError, match='without a tokenizer'):
        build(tokenizer=False)(torch.rand(1, 3, 12, 16), mode='loss')


def test_codebook_sizes_must_agree():
    with pytest.raises(ValueError, match=rf'num_codes={NUM_CODES}.*num_codes=4'):
        MAGE(
            dict(type='mmaddp.MAGEPredictor', num_codes=NUM_CODES, num_tokens=4, embed_dims=12),
            tokenizer=dict(type='mmaddp.StubTokenizer', num_codes=4),
        )


def test_codes_come_from_the_tokenizer():
    predictor = dict(type='mmaddp.MAGEPredictor', num_tokens=4, embed_dims=12)
    model = MAGE(predictor, tokenizer=dict(type='mmaddp.StubTokenizer', num_codes=4))
    assert model.token_predictor.num_codes == 4 and 'num_codes' not in predictor


def test_tokenizer_is_frozen_and_stays_in_eval(token_ids):
    model = build()
    assert model.train() is model
    assert model.token_predictor.training
    assert not model.tokenizer.training
    assert not model.tokenizer.drop.training
    model.loss(torch.rand(2, 3, 12, 16))['loss'].backward()
    assert model.tokenizer.scale.grad is None
    assert all(p.grad is not None for p in model.token_predictor.parameters())
    assert not any(p.requires_grad for p in model.tokenizer.parameters())


def test_encoder_never_sees_the_dropped_half(token_ids):
    model = build()
    lengths = set()
    layer = model.token_predictor.layers[0]
    layer.register_forward_pre_hook(lambda _, args: lengths.add(args[0].size(1)))
    for _ in range(5):
        model.loss(token_ids)
    assert lengths == {1 + NUM_TOKENS // 2}


def test_unknown_mode():
    with pytest.raises(ValueError, match='magic'):
        build()(torch.zeros(1, NUM_TOKENS, dtype=torch.long), mode='magic')


def test_it_learns_a_rule():
    """Every token repeats the first one: seeing one is knowing all."""
    model = build(mask_sampler=dict(type='mmaddp.MAGEMaskSampler', max_ratio=0.9))
    ids = torch.arange(NUM_CODES)[:, None].expand(-1, NUM_TOKENS).repeat(4, 1)
    optimizer = torch.optim.Adam(model.token_predictor.parameters(), lr=5e-3)
    first = None
    for _ in range(150):
        losses = model.loss(ids)
        first = losses['loss'].item() if first is None else first
        optimizer.zero_grad()
        losses['loss'].backward()
        optimizer.step()
    assert first == pytest.approx(torch.tensor(NUM_CODES).log().item(), abs=0.8)
    assert losses['masked_acc'] > 0.95


def test_predict_counts_at_fixed_masks(token_ids):
    model = build(test_ratios=(0.5, 1.0)).eval()
    samples = model(token_ids, mode='predict')
    assert len(samples) == 6
    assert samples[0].mask_ratios.tolist() == [0.5, 1.0]
    assert all(sample.num_masked.tolist() == [6, 12] for sample in samples)
    probs = model.token_predictor(token_ids, torch.ones_like(token_ids, dtype=torch.bool))
    entropy = -probs.gather(-1, token_ids[..., None]).log().sum((1, 2))
    hits = (probs.argmax(-1) == token_ids).sum(1)
    for i, sample in enumerate(samples):
        assert sample.cross_entropy[1].item() == pytest.approx(entropy[i].item(), rel=1e-5)
        assert sample.num_correct[1] == hits[i]


def test_predict_depends_on_neither_batch_nor_random_state(token_ids):
    model = build().eval()
    together = model(token_ids, mode='predict')
    torch.manual_seed(99)
    alone = model(token_ids[3:4], mode='predict')[0]
    assert torch.equal(alone.num_correct, together[3].num_correct)
    torch.testing.assert_close(alone.cross_entropy, together[3].cross_entropy)


def test_runs_in_the_loops_of_mmengine(tmp_path, token_ids):
    data = [dict(inputs=ids, data_samples=DataSample()) for ids in token_ids]
    loader = dict(
        dataset=data,
        batch_size=4,
        sampler=dict(type='DefaultSampler', shuffle=False),
        collate_fn=dict(type='pseudo_collate'),
    )
    predictor = build().token_predictor
    runner = Runner(
        model=build(tokenizer=False),
        work_dir=str(tmp_path),
        train_dataloader=loader,
        val_dataloader=loader,
        train_cfg=dict(by_epoch=True, max_epochs=1),
        val_cfg=dict(),
        val_evaluator=dict(type='mmaddp.MaskedTokenMetric'),
        optim_wrapper=dict(optimizer=dict(type='SGD', lr=0.1)),
        default_hooks=dict(logger=dict(type='LoggerHook', interval=1)),
        default_scope='mmpretrain',
        experiment_name=tmp_path.name,
    )
    runner.train()
    logged = runner.message_hub.log_scalars
    assert {'train/loss', 'train/masked_acc', 'val/masked_token/acc_50'} <= set(logged)
    assert len(logged['train/loss'].data[0]) == 2
    names = {name for name, _ in runner.model.named_parameters()}
    assert names == {f'token_predictor.{name}' for name in predictor.state_dict()}
