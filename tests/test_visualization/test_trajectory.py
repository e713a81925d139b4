import pytest
import torch
from PIL import Image
from toy_models import toy_addp

from mmaddp.apis import (
    draw_trajectory,
    record_trajectory,
    save_animation,
    start_from_images,
    trajectory_strip,
)
from mmaddp.registry import MODELS


@pytest.fixture(scope='module')
def model():
    torch.manual_seed(0)
    model = MODELS.build(toy_addp())
    model.init_weights()
    return model.eval()


def test_steps_are_those_of_the_generation(model):
    trajectory = record_trajectory(model, [3, 4, 5], keep=[1])
    states = list(model.generate([3, 4, 5]))
    assert torch.equal(
        trajectory.images[:, 0], torch.stack([s.images[1] for s in states]).clamp(0, 1)
    )
    assert trajectory.masks.shape == trajectory.confidences.shape == (5, 1, 16)
    known = ~trajectory.masks[:-1]
    assert (trajectory.confidences[1:][known] == 1).all()
    drawn = trajectory.confidences[1:][~known]
    assert (drawn > 0).all() and (drawn < 1).all()


def test_known_tokens_of_an_edit_are_certain(model):
    mask = torch.zeros(1, 16, dtype=torch.bool)
    mask[:, :6] = True
    start = start_from_images(model, torch.rand(1, 3, 32, 32), mask)
    trajectory = record_trajectory(model, [0], start)
    assert (trajectory.confidences[:, :, 6:] == 1).all() and not trajectory.masks[..., 6:].any()


def test_drawing(model):
    trajectory = record_trajectory(model, [0, 1])
    steps = draw_trajectory(trajectory, 1)
    assert steps.shape == (5, 3, 3, 32, 32)
    mask = trajectory.masks[2, 1].view(4, 4)
    grey = (steps[2, 1] == 0.5).all(0)[::8, ::8]
    assert torch.equal(grey, mask)
    lightness = steps[2, 2].sum(0)[4::8, 4::8].flatten()  # viridis grows lighter with the value
    assert (lightness[trajectory.confidences[2, 1].argsort()].diff() >= 0).all()
    assert lightness.unique().numel() > 3
    assert trajectory_strip(trajectory, 1, zoom=2).shape == (3, 3 * 66 + 2, 5 * 66 + 2)


@pytest.mark.parametrize('suffix', ['gif', 'webp'])
def test_animation(tmp_path, suffix):
    frames = [torch.full((3, 8, 6), level) for level in (0.0, 0.5, 1.0)]
    file = tmp_path / f'a.{suffix}'
    save_animation(frames, file, zoom=2)
    with Image.open(file) as animation:
        assert (animation.n_frames, animation.size) == (3, (12, 16))
        animation.seek(1)
        assert animation.convert('RGB').getpixel((3, 3)) == (127, 127, 127)
    with pytest.raises(ValueError, match=r'must end in one of \.gif, \.webp'):
        save_animation(frames, tmp_path / 'a.mp4')
