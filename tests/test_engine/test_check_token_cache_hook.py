from types import SimpleNamespace

import pytest
import torch
from toy_models import NUM_CODES, toy_predictor, toy_tokenizer

from mmaddp.datasets import SeededDataset, TokenDataset
from mmaddp.datasets.token_cache import write_token_cache
from mmaddp.engine.hooks import CheckTokenCacheHook
from mmaddp.registry import MODELS
from mmaddp.utils.tensor_hashing import tensors_sha256


def model(**predictor):
    torch.manual_seed(0)
    settings = dict(tokenizer=toy_tokenizer(), token_predictor=toy_predictor(**predictor))
    return MODELS.build(dict(type='mmaddp.MAGE', **settings))


def check(model, folder, num_tokens=16, **made_with):
    token_ids = torch.zeros(3, 2, num_tokens, dtype=torch.long)
    write_token_cache(folder, token_ids, ['a', 'b', 'c'], NUM_CODES, **made_with)
    dataset = SeededDataset(TokenDataset(str(folder), NUM_CODES))
    loader = SimpleNamespace(dataset=dataset)
    CheckTokenCacheHook().before_train(SimpleNamespace(model=model, train_dataloader=loader))


def test_passes_what_fits(tmp_path):
    fitting = model()
    sha256 = tensors_sha256(fitting.tokenizer.state_dict())
    check(fitting, tmp_path / 'a', tokenizer_sha256=sha256)
    check(fitting, tmp_path / 'b')  # random tokens of a dry run
    fitting.tokenizer = None
    check(fitting, tmp_path / 'c', tokenizer_sha256=sha256)


def test_refuses_another_tokenizer(tmp_path):
    other = model()
    sha256 = tensors_sha256(other.tokenizer.state_dict())
    other.tokenizer.quantize.embedding.weight.data[0, 0] += 1
    asked = tensors_sha256(other.tokenizer.state_dict())
    with pytest.raises(ValueError) as error:
        check(other, tmp_path / 'a', tokenizer_sha256=sha256)
    assert f'tokenizer_sha256: made with {sha256}, asked for {asked}' in str(error.value)


def test_refuses_another_resolution(tmp_path):
    with pytest.raises(ValueError, match='num_tokens: made with 9, asked for 16'):
        check(model(), tmp_path / 'a', num_tokens=9)


def test_a_checksum_of_weights_sees_names_shapes_and_values():
    weights = dict(a=torch.arange(6.0), b=torch.tensor(True))
    same = dict(b=torch.tensor(True), a=torch.arange(6.0).flip(0).flip(0))
    assert tensors_sha256(weights) == tensors_sha256(same)
    for changed in (
        dict(weights, a=torch.arange(6.0).view(2, 3)),
        dict(weights, a=torch.arange(6.0).double()),
        dict(weights, a=torch.arange(6.0) + 1e-6),
        dict(a=weights['a'], c=weights['b']),
    ):
        assert tensors_sha256(changed) != tensors_sha256(weights)
