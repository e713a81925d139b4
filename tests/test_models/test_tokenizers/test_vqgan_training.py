import inspect

import pytest
import torch
from mmengine.logging import MessageHub
from mmengine.optim import OptimWrapper, OptimWrapperDict
from mmengine.runner import Runner

from mmaddp.engine.optimizers import AdversarialOptimWrapperConstructor
from mmaddp.models.tokenizers import vqgan_training
from mmaddp.registry import MODELS

TOKENIZER = dict(
    type='mmaddp.VQGAN',
    base_channels=8,
    channel_multipliers=(1, 1, 2),
    num_res_blocks=1,
    num_codes=32,
    code_dims=8,
    num_groups=4,
)
DISCRIMINATOR = dict(type='mmaddp.PatchDiscriminator', base_channels=8, num_layers=1, num_groups=4)
ADAM = dict(type='OptimWrapper', optimizer=dict(type='Adam', lr=2e-3))


def build(**kwargs):
    model = MODELS.build(dict(type='mmaddp.VQGANTraining', tokenizer=TOKENIZER, **kwargs))
    return model.train()


def set_iteration(iteration):
    MessageHub.get_current_instance().update_info('iter', iteration)


@pytest.fixture(autouse=True)
def fresh_iteration():
    torch.manual_seed(0)
    set_iteration(0)
    yield
    set_iteration(0)


def discs(num):
    """Pictures of one disc each, 0..255."""
    grid = torch.stack(torch.meshgrid(torch.arange(16.0), torch.arange(16.0), indexing='ij'))
    centres = 4 + 8 * torch.rand(num, 2, 1, 1)
    inside = (grid - centres).square().sum(1) < 9
    return 255.0 * inside[:, None].expand(-1, 3, -1, -1).float()


def adversarial_wrappers(model):
    constructor = AdversarialOptimWrapperConstructor(dict(generator=ADAM, discriminator=ADAM))
    return constructor(model)


def test_training_reduces_the_loss_and_uses_codes():
    model = build(quantize_start=10, revival_interval=10)
    wrapper = OptimWrapper(torch.optim.Adam(model.parameters(), lr=3e-3))
    images, logs = discs(16), []
    for iteration in range(60):
        set_iteration(iteration)
        logs.append(model.train_step(dict(inputs=images), wrapper))
    assert logs[-1]['loss_recon'] < 0.5 * logs[0]['loss_recon']
    assert logs[-1]['psnr'] > logs[0]['psnr'] + 3
    assert logs[-1]['codebook_usage'] > 0.5
    assert 'loss_commitment' not in logs[9] and 'loss_commitment' in logs[10]


def test_every_parameter_gets_a_gradient_in_both_phases():
    for iteration in (0, 5):
        model = build(quantize_start=3)
        set_iteration(iteration)
        total, _ = model.parse_losses(model.loss(discs(4) / 255))
        total.backward()
        assert all(parameter.grad is not None for parameter in model.parameters())


def test_codebook_and_commitment_pull_one_side_each():
    model = build(quantize_start=None)
    losses = model.loss(discs(4) / 255)
    conv, codebook = model.tokenizer.encoder.conv_out.weight, model.tokenizer.quantize.embedding
    gradients = torch.autograd.grad(
        losses['loss_codebook'], (conv, codebook.weight), retain_graph=True, allow_unused=True
    )
    assert gradients[0] is None and gradients[1].abs().sum() > 0
    gradients = torch.autograd.grad(
        losses['loss_commitment'], (conv, codebook.weight), allow_unused=True
    )
    assert gradients[0].abs().sum() > 0 and gradients[1] is None


def test_codebook_is_initialised_once_at_its_iteration(monkeypatch):
    calls = []
    monkeypatch.setattr(vqgan_training, 'kmeans_codebook', lambda *args: calls.append(args))
    model = build(quantize_start=2)
    for iteration in range(5):
        set_iteration(iteration)
        model.loss(discs(2) / 255)
        assert len(calls) == (iteration >= 2)
    model = build(quantize_start=None)
    model.loss(discs(2) / 255)
    assert len(calls) == 1


def test_revival_replaces_codes_when_its_interval_ends():
    model = build(quantize_start=None, revival_interval=3)
    codebook = model.tokenizer.quantize.embedding.weight
    codebook.data += 100 * torch.arange(32)[:, None]  # all but the first are far away
    before = codebook.detach().clone()
    for iteration in range(3):
        assert torch.equal(codebook, before)
        set_iteration(iteration)
        model.loss(discs(2) / 255)
    assert (codebook != before).any(1).sum() == 31


def test_discriminator_starts_after_its_warm_up():
    model = build(discriminator=DISCRIMINATOR, adversarial_start=2)
    wrappers = adversarial_wrappers(model)
    before = [parameter.detach().clone() for parameter in model.discriminator.parameters()]
    for iteration in range(4):
        set_iteration(iteration)
        logs = model.train_step(dict(inputs=discs(4)), wrappers)
        same = all(map(torch.equal, before, model.discriminator.parameters()))
        assert same == (iteration < 2)
        assert ('loss_adversarial' in logs) == (iteration >= 2)
        assert ('loss_discriminator' in logs) == (iteration >= 2)
    assert all(parameter.requires_grad for parameter in model.discriminator.parameters())
    assert 0 < logs['adaptive_weight'] <= 1e4


def test_generator_step_leaves_the_discriminator_alone():
    model = build(discriminator=DISCRIMINATOR)
    recon, losses = model.reconstruct(discs(2) / 255)
    model.adversarial_losses(recon, losses)['loss_adversarial'].backward()
    assert all(parameter.grad is None for parameter in model.discriminator.parameters())
    assert model.tokenizer.decoder.conv_out.weight.grad.abs().sum() > 0


def test_gradient_accumulation_steps_every_second_time():
    model = build(discriminator=DISCRIMINATOR)
    constructor = AdversarialOptimWrapperConstructor(
        {key: dict(ADAM, accumulative_counts=2) for key in ('generator', 'discriminator')}
    )
    wrappers = constructor(model)
    wrappers.initialize_count_status(model, 0, 4)
    weights = [model.tokenizer.decoder.conv_out.weight, model.discriminator.layers[0].weight]
    changes = []
    for iteration in range(4):
        set_iteration(iteration)
        before = [weight.detach().clone() for weight in weights]
        model.train_step(dict(inputs=discs(2)), wrappers)
        changes.append([not torch.equal(old, new) for old, new in zip(before, weights)])
    assert changes == [[False, False], [True, True]] * 2


def test_constructor_gives_each_part_its_parameters():
    model = build(discriminator=DISCRIMINATOR)
    wrappers = adversarial_wrappers(model)
    assert isinstance(wrappers, OptimWrapperDict)
    for key, part in dict(generator=model.tokenizer, discriminator=model.discriminator).items():
        held = {id(p) for group in wrappers[key].param_groups for p in group['params']}
        assert held == {id(parameter) for parameter in part.parameters()}
    with pytest.raises(ValueError, match=r"\['generator'\]"):
        AdversarialOptimWrapperConstructor(dict(generator=ADAM))


def test_one_optimiser_for_two_parts_is_refused():
    model = build(discriminator=DISCRIMINATOR)
    wrapper = OptimWrapper(torch.optim.Adam(model.parameters()))
    with pytest.raises(ValueError, match=r'got OptimWrapper.*discriminator=None'):
        model.train_step(dict(inputs=discs(2)), wrapper)


def test_bfloat16_autocast():
    model = build(discriminator=DISCRIMINATOR, quantize_start=0, revival_interval=1)
    with torch.autocast('cpu', torch.bfloat16):
        recon, losses = model.reconstruct(discs(2) / 255)
        losses.update(model.adversarial_losses(recon, losses))
    model.parse_losses(losses)[0].backward()
    assert recon.dtype == torch.float32
    assert all(torch.isfinite(value) for value in losses.values())


def test_predict():
    model = build().eval()
    images = discs(3) / 255
    samples = model(images, mode='predict')
    output = model.tokenizer(images)
    assert torch.allclose(samples[2].recon, output.recon[2])
    assert torch.equal(samples[1].token_ids, output.token_ids[1])
    assert torch.equal(samples[0].image, images[0]) and samples[0].num_codes == 32


class Discs(torch.utils.data.Dataset):
    """Sixteen pictures, as the pipeline of a real data set would hand them over."""

    def __init__(self):
        self.images = discs(16).to(torch.uint8)

    def __len__(self):
        return len(self.images)

    def __getitem__(self, index):
        return dict(inputs=self.images[index])


def test_runner_with_discriminator_ema_and_metric(tmp_path):
    loader = dict(
        batch_size=4,
        dataset=Discs(),
        sampler=dict(type='DefaultSampler', shuffle=False),
        collate_fn=dict(type='default_collate'),
    )
    runner = Runner(
        model=dict(
            type='mmaddp.VQGANTraining',
            tokenizer=TOKENIZER,
            discriminator=DISCRIMINATOR,
            adversarial_start=2,
            revival_interval=2,
        ),
        work_dir=str(tmp_path),
        train_dataloader=loader,
        val_dataloader=loader,
        train_cfg=dict(by_epoch=False, max_iters=6, val_interval=6),
        val_cfg=dict(),
        val_evaluator=dict(type='mmaddp.TokenizerMetric'),
        optim_wrapper=dict(
            constructor='mmaddp.AdversarialOptimWrapperConstructor',
            generator=ADAM,
            discriminator=ADAM,
        ),
        default_hooks=dict(checkpoint=dict(type='CheckpointHook', by_epoch=False, interval=6)),
        custom_hooks=[dict(type='EMAHook'), dict(type='mmaddp.PlainMessageHubHook')],
        default_scope='mmpretrain',
        log_level='WARNING',
        experiment_name='vqgan_training_test',
    )
    runner.train()
    scalars = runner.message_hub.log_scalars
    assert {'train/loss_adversarial', 'train/psnr', 'val/tokenizer/psnr'} <= set(scalars)
    checkpoint = torch.load(tmp_path / 'iter_6.pth', map_location='cpu', weights_only=True)
    prefixes = {name.partition('.')[0] for name in checkpoint['state_dict']}
    assert prefixes == {'tokenizer', 'discriminator', 'code_revival'}
    assert set(checkpoint['optimizer']) == {'generator', 'discriminator'}


def test_defaults_are_those_of_the_papers():
    """VQ-VAE's commitment, VQGAN's other weights, and every part from the first iteration on."""
    parameters = inspect.signature(vqgan_training.VQGANTraining).parameters
    numbers = {
        name: parameter.default
        for name, parameter in parameters.items()
        if isinstance(parameter.default, int | float)
    }
    assert numbers == dict(
        codebook_weight=1.0,
        commitment_weight=0.25,
        perceptual_weight=1.0,
        adversarial_weight=0.8,
        adversarial_start=0,
        quantize_start=0,
    )


@pytest.mark.parametrize('mode', ['a', 'losses', 'q', 'zzz'])
def test_unknown_mode(mode):
    with pytest.raises(ValueError, match=f"Unknown mode '{mode}'"):
        build()(torch.rand(1, 3, 16, 16), mode=mode)


def test_without_a_runner_it_is_the_first_iteration():
    MessageHub.get_current_instance().pop_info('iter')
    assert build().iteration == 0
