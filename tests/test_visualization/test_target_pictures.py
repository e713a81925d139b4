import pytest
import torch
from mmengine.config import Config
from toy_models import toy_addp

from mmaddp.apis import build_model, generation_steps, reconstruct, target_images
from mmaddp.registry import MODELS


@pytest.fixture(scope='module')
def model(tmp_path_factory):
    torch.manual_seed(0)
    source = MODELS.build(toy_addp())
    source.init_weights()
    file = tmp_path_factory.mktemp('model') / 'addp.pth'
    torch.save(dict(state_dict=source.state_dict()), file)
    return build_model(Config(dict(model=toy_addp())), file)


def test_reconstruct(model):
    images = torch.rand(2, 3, 32, 32)
    tokenizer = model.target_generator.tokenizer
    expected = tokenizer.decode(tokenizer.encode(images)[1]).clamp(0, 1)
    torch.testing.assert_close(reconstruct(model, images), expected)


def test_target_images_degrade_with_the_mask_ratio(model):
    images = torch.rand(2, 3, 32, 32)
    targets = target_images(model, images, [0.0, 0.5, 0.9])
    assert targets.shape == (3, 2, 3, 32, 32)
    torch.testing.assert_close(targets[0], reconstruct(model, images), atol=1e-5, rtol=0)
    error = (targets - targets[0]).square().mean((1, 2, 3, 4))
    assert 0 < error[1] < error[2]


def test_generation_steps(model):
    steps = generation_steps(model, [0, 1])
    assert steps.shape == (5, 2, 3, 32, 32)
    assert not torch.equal(steps[0], steps[-1])


def test_build_model_needs_the_whole_checkpoint(tmp_path):
    file = tmp_path / 'part.pth'
    state = MODELS.build(toy_addp()).state_dict()
    del state['neck.mask_token']
    torch.save(dict(state_dict=state), file)
    with pytest.raises(ValueError, match=r'neck\.mask_token'):
        build_model(Config(dict(model=toy_addp())), file)
