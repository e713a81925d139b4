import pytest
import torch
from mmpretrain.structures import DataSample

from mmaddp.registry import MODELS


@pytest.fixture
def preprocessor():
    return MODELS.build(dict(type='mmaddp.ADDPDataPreprocessor'))


def test_images_are_scaled_and_keep_their_channels(preprocessor):
    images = torch.randint(0, 256, (2, 3, 4, 4), dtype=torch.uint8)
    images[0, 0, 0, 0], images[0, 0, 0, 1] = 0, 255
    samples = [DataSample(), DataSample()]
    batch = preprocessor(dict(inputs=images, data_samples=samples))
    torch.testing.assert_close(batch['inputs'], images.float() / 255)
    assert batch['inputs'].max() == 1
    assert len(batch['data_samples']) == 2


def test_order_of_the_batch_does_not_matter(preprocessor):
    images = torch.zeros(1, 3, 4, 4, dtype=torch.uint8)
    batch = preprocessor(dict(data_samples=[DataSample()], inputs=images))
    assert batch['inputs'].shape == (1, 3, 4, 4)


def test_list_of_images_is_stacked(preprocessor):
    images = [torch.full((3, 4, 4), 51, dtype=torch.uint8)] * 3
    inputs = preprocessor(dict(inputs=images))['inputs']
    assert inputs.shape == (3, 3, 4, 4)
    torch.testing.assert_close(inputs, torch.full_like(inputs, 0.2))


def test_sizes_that_differ_are_named(preprocessor):
    images = [torch.zeros(3, 4, 4), torch.zeros(3, 4, 5)]
    with pytest.raises(ValueError, match=r'\(3, 4, 4\), \(3, 4, 5\)'):
        preprocessor(dict(inputs=images))


def test_token_ids_pass_untouched(preprocessor):
    token_ids = torch.randint(0, 64, (2, 16))
    batch = preprocessor(dict(inputs=token_ids, data_samples=None))
    assert batch['inputs'].dtype == torch.long
    assert torch.equal(batch['inputs'], token_ids)


def test_batch_without_images(preprocessor):
    batch = preprocessor(dict(data_samples=[DataSample()]))
    assert batch['inputs'] is None
    assert len(batch['data_samples']) == 1
