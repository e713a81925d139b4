"""Official -> ours -> official gives every bit back."""

import pytest
import torch
from conversion_helpers import without_prefix
from safetensors.torch import load_file

from mmaddp.weights.checkpoint import load_checkpoint_file
from mmaddp.weights.conversion import convert_meta, convert_official, to_official, write_weights
from mmaddp.weights.official_keys import KINDS


def round_trip(source, folder, suffix='.pth'):
    converted = convert_official(source)
    ours = folder / f'ours{suffix}'
    write_weights(ours, converted.state_dict, convert_meta(source))
    return to_official(ours)


def assert_equal_where_mapped(layout, official):
    keys = KINDS[layout.kind].keys
    compared = [name for name in official if keys.drop_reason(name) is None]
    assert compared
    for name in compared:
        assert layout.tensors[name].dtype == official[name].dtype
        assert torch.equal(layout.tensors[name], official[name]), name


@pytest.mark.parametrize('suffix', ['.pth', '.safetensors'])
def test_joint_file(official, saved, tmp_path, suffix):
    layout = round_trip(saved(official), tmp_path, suffix)
    assert_equal_where_mapped(layout, official)
    # The official code loads strictly: every name is there, in the official shape.
    shapes = {name: tuple(tensor.shape) for name, tensor in layout.tensors.items()}
    assert shapes == {name: tuple(tensor.shape) for name, tensor in official.items()}
    assert (layout.kind, layout.key) == ('addp', 'model')
    used = [n for n in official if KINDS['addp'].keys.drop_reason(n) is None]
    assert set(layout.unused) == set(official) - set(used)


def test_tokenizer(official, saved, tmp_path):
    tensors = without_prefix(official, 'vqgan.')
    layout = round_trip(saved(tensors), tmp_path)
    assert (layout.kind, layout.key) == ('vqgan', 'state_dict')
    assert layout.tensors.keys() == tensors.keys()
    assert_equal_where_mapped(layout, tensors)


def test_predictor_with_the_tokenizer_of_its_training(official, saved, tmp_path):
    tensors = without_prefix(official, 'token_predictor.')
    converted = convert_official(saved(tensors)).state_dict
    tokenizer = convert_official(saved(without_prefix(official, 'vqgan.'))).state_dict
    torch.save(dict(state_dict=converted | tokenizer), tmp_path / 'ours.pth')
    layout = to_official(tmp_path / 'ours.pth')
    assert layout.kind == 'mage' and layout.tensors.keys() == tensors.keys()
    assert_equal_where_mapped(layout, tensors)
    assert torch.equal(
        layout.tensors['vqgan.decoder.conv_in.bias'], official['vqgan.decoder.conv_in.bias']
    )


def test_classifier(classifier, saved, tmp_path):
    layout = round_trip(saved(classifier), tmp_path)
    assert layout.kind == 'classifier' and layout.tensors.keys() == classifier.keys()
    assert_equal_where_mapped(layout, classifier)


def test_training_only_parts_are_dropped_and_others_refused(official, saved, tmp_path):
    tokenizer = convert_official(saved(without_prefix(official, 'vqgan.'))).state_dict
    extra = {'discriminator.layers.0.weight': torch.zeros(1)}
    torch.save(dict(state_dict=tokenizer | extra), tmp_path / 'ours.pth')
    assert to_official(tmp_path / 'ours.pth').dropped == list(extra)
    torch.save(dict(state_dict=tokenizer | {'odd.weight': torch.zeros(1)}), tmp_path / 'ours.pth')
    with pytest.raises(
        ValueError, match=r'holds tensors that no vqgan checkpoint has: odd\.weight'
    ):
        to_official(tmp_path / 'ours.pth')
    torch.save(dict(state_dict=extra), tmp_path / 'ours.pth')
    with pytest.raises(ValueError, match='its parts are discriminator'):
        to_official(tmp_path / 'ours.pth')


def test_gap_in_ours_is_named(official, saved, tmp_path):
    state_dict = convert_official(saved(official)).state_dict
    del state_dict['neck.mask_pos_embed']
    torch.save(dict(state_dict=state_dict), tmp_path / 'ours.pth')
    with pytest.raises(ValueError, match=r'missing: .*neck\.mask_pos_embed'):
        to_official(tmp_path / 'ours.pth')


def test_classifier_with_pre_norm_has_no_official_form(classifier, saved, tmp_path):
    state_dict = convert_official(saved(classifier)).state_dict
    state_dict['backbone.pre_norm.weight'] = torch.ones(32)
    torch.save(dict(state_dict=state_dict), tmp_path / 'ours.pth')
    with pytest.raises(ValueError, match=r'no place for backbone\.pre_norm\.weight'):
        to_official(tmp_path / 'ours.pth')


def test_written_files_say_where_they_come_from(official, saved, tmp_path):
    source = saved(without_prefix(official, 'vqgan.'), name='vqgan_jax_strongaug.ckpt')
    converted = convert_official(source)
    meta = convert_meta(source, kind=converted.kind)
    assert meta['source'] == 'vqgan_jax_strongaug.ckpt' and len(meta['source_sha256']) == 64
    for suffix in ('.pth', '.safetensors'):
        write_weights(tmp_path / f'a{suffix}', converted.state_dict, meta)
    content = load_checkpoint_file(tmp_path / 'a.pth')
    assert content['meta'] == meta
    tensors = load_file(tmp_path / 'a.safetensors')
    assert tensors.keys() == content['state_dict'].keys()
    from safetensors import safe_open

    with safe_open(tmp_path / 'a.safetensors', 'pt') as file:
        assert file.metadata() == meta
    with pytest.raises(ValueError, match=r'must end in \.pth or \.safetensors'):
        write_weights(tmp_path / 'a.bin', converted.state_dict, meta)


def test_shared_and_partial_memory_is_written_once_each(tmp_path):
    whole = torch.arange(12.0).view(3, 4)
    tensors = dict(a=whole, b=whole, c=whole[1], d=whole.t())
    for suffix in ('.pth', '.safetensors'):
        write_weights(tmp_path / f'a{suffix}', tensors, {})
    read = load_file(tmp_path / 'a.safetensors')
    assert all(torch.equal(read[name], tensor) for name, tensor in tensors.items())
    small = load_checkpoint_file(tmp_path / 'a.pth')['state_dict']['c']
    assert small.untyped_storage().nbytes() == 16
