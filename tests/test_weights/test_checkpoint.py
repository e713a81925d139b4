import argparse
import collections
import pickle
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
import torch
from mmengine.config import Config
from mmengine.model import BaseModule
from mmengine.runner import CheckpointLoader
from safetensors.torch import save_file
from torch import nn

from mmaddp.run.inputs import pretrained_settings
from mmaddp.weights.checkpoint import extract_state_dict, load_checkpoint_file, load_weights

ROOT = Path(__file__).parents[2]
CONFIGS = sorted((ROOT / 'configs').rglob('*.py'))


class TwoLayers(BaseModule):
    def __init__(self, width=4, init_cfg=None):
        super().__init__(init_cfg)
        self.first = nn.Linear(3, width)
        self.last = nn.Linear(width, 2)


@pytest.fixture
def saved(tmp_path):
    path = tmp_path / 'whole.pth'
    torch.save(dict(state_dict=TwoLayers().state_dict()), path)
    return path


def test_reads_pth_and_safetensors(saved, tmp_path):
    expected = load_checkpoint_file(saved)['state_dict']
    save_file(dict(expected), tmp_path / 'whole.safetensors')
    read = load_checkpoint_file(tmp_path / 'whole.safetensors')
    assert all(torch.equal(read[key], value) for key, value in expected.items())


def test_command_line_of_released_files_is_allowed(tmp_path):
    released = {'tokenizer_norm.weight': torch.ones(1)}
    torch.save(dict(model=released, args=argparse.Namespace(lr=1.0)), tmp_path / 'a.pth')
    assert load_checkpoint_file(tmp_path / 'a.pth')['args'].lr == 1.0


def test_command_line_in_other_files_is_refused(tmp_path):
    content = dict(state_dict=TwoLayers().state_dict(), meta=[dict(args=argparse.Namespace())])
    torch.save(content, tmp_path / 'a.pth')
    with pytest.raises(ValueError, match=r'a\.pth is refused.*argparse\.Namespace'):
        load_checkpoint_file(tmp_path / 'a.pth')


def test_missing_file_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r'absent\.pth.*never downloaded'):
        load_checkpoint_file(tmp_path / 'absent.pth')


@pytest.mark.parametrize('kept', [0, 100, 0.5, 0.95])
def test_truncated_file(saved, kept):
    content = saved.read_bytes()
    saved.write_bytes(content[: kept if kept >= 1 else int(kept * len(content))])
    with pytest.raises(ValueError, match=r'whole\.pth is cut off or damaged'):
        load_checkpoint_file(saved)


def test_truncated_old_format(tmp_path):
    path = tmp_path / 'old.pth'
    torch.save(TwoLayers().state_dict(), path, _use_new_zipfile_serialization=False)
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(ValueError, match='cut off'):
        load_checkpoint_file(path)


def test_truncated_safetensors(tmp_path):
    path = tmp_path / 'a.safetensors'
    save_file(dict(weight=torch.zeros(100)), path)
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(ValueError, match=r'a\.safetensors is cut off'):
        load_checkpoint_file(path)


@pytest.mark.parametrize('content', [b'<!DOCTYPE html><html></html>', b'\x89PNG\r\n\x1a\n' * 9])
def test_foreign_file(tmp_path, content):
    path = tmp_path / 'foreign.pth'
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r'foreign\.pth is no checkpoint'):
        load_checkpoint_file(path)


def test_zip_that_is_no_checkpoint(tmp_path):
    with zipfile.ZipFile(tmp_path / 'photos.pth', 'w') as archive:
        archive.writestr('a.txt', 'text')
    with pytest.raises(ValueError, match=r'photos\.pth'):
        load_checkpoint_file(tmp_path / 'photos.pth')


def test_file_that_holds_no_dict(tmp_path):
    torch.save(torch.zeros(3), tmp_path / 'tensor.pth')
    with pytest.raises(ValueError, match='holds a Tensor'):
        load_checkpoint_file(tmp_path / 'tensor.pth')


class Hostile:
    def __reduce__(self):
        return exec, ('raise SystemExit("executed")',)


@pytest.mark.parametrize('save', [torch.save, lambda o, p: p.write_bytes(pickle.dumps(o, 2))])
def test_hostile_pickle_is_not_executed(tmp_path, save, monkeypatch):
    monkeypatch.delenv('TORCH_FORCE_WEIGHTS_ONLY_LOAD', raising=False)
    path = tmp_path / 'hostile.pth'
    save(dict(state_dict=Hostile()), path)
    with pytest.raises(ValueError, match='exec'):
        CheckpointLoader.load_checkpoint(str(path))


def test_refused_type_is_named(tmp_path):
    torch.save(dict(state_dict=collections.deque([1])), tmp_path / 'odd.pth')
    with pytest.raises(ValueError, match=r'collections\.deque'):
        load_checkpoint_file(tmp_path / 'odd.pth')


@pytest.mark.parametrize('wrap', [dict, lambda x: dict(state_dict=x), lambda x: dict(model=x)])
def test_extract_finds_the_tensors(wrap):
    weights = TwoLayers().state_dict()
    assert extract_state_dict(wrap(weights), 'it').keys() == weights.keys()


@pytest.mark.parametrize('prefix', ['first', 'first.'])
def test_extract_cuts_off_the_prefix(prefix):
    found = extract_state_dict(TwoLayers().state_dict(), 'it', prefix)
    assert set(found) == {'weight', 'bias'}


def test_extract_names_what_there_is_instead():
    with pytest.raises(ValueError, match=r"nothing under the prefix 'backbone\.'.*first, last"):
        extract_state_dict(TwoLayers().state_dict(), 'it', 'backbone')
    with pytest.raises(ValueError, match=r'holds no weights.*epoch, lr'):
        extract_state_dict(dict(epoch=3, lr=0.1), 'it')


def test_load_weights_fills_everything():
    source, target = TwoLayers(), TwoLayers()
    load_weights(target, source.state_dict(), 'it')
    assert torch.equal(target.last.weight, source.last.weight)


def test_other_widths_name_tensor_and_both_shapes():
    with pytest.raises(ValueError, match=r'file\.pth') as error:
        load_weights(TwoLayers(), TwoLayers(width=5).state_dict(), 'file.pth')
    for part in ('first.weight', 'last.weight', '[5, 3]', '[4, 3]'):
        assert part in str(error.value)
    assert 'last.bias' not in str(error.value)


def test_gaps_and_leftovers_are_errors_unless_listed():
    weights = TwoLayers().state_dict()
    weights['extra.bias'] = weights.pop('last.bias')
    with pytest.raises(ValueError, match=r'last\.bias') as error:
        load_weights(TwoLayers(), weights, 'it')
    assert 'left over: extra.bias' in str(error.value)
    load_weights(TwoLayers(), weights, 'it', [r'last\.bias$'], [r'extra\.'])


def strict_cfg(path, **kwargs):
    return dict(type='Pretrained', _scope_='mmaddp', checkpoint=str(path), **kwargs)


def test_strict_initializer_loads(saved):
    model = TwoLayers(init_cfg=strict_cfg(saved))
    model.init_weights()
    expected = load_checkpoint_file(saved)['state_dict']
    assert torch.equal(model.first.weight, expected['first.weight'])


def test_strict_initializer_takes_a_part(tmp_path, saved):
    inner = load_checkpoint_file(saved)['state_dict']
    torch.save({f'backbone.{key}': value for key, value in inner.items()}, tmp_path / 'b.pth')
    model = TwoLayers(init_cfg=strict_cfg(tmp_path / 'b.pth', prefix='backbone.'))
    model.init_weights()
    assert torch.equal(model.last.weight, inner['last.weight'])


def test_strict_initializer_refuses_other_widths(saved):
    with pytest.raises(ValueError, match=r'whole\.pth.*(?s:.*)first\.weight'):
        TwoLayers(width=5, init_cfg=strict_cfg(saved)).init_weights()


def test_strict_initializer_wins_over_the_children_and_the_host(saved):
    """mmpretrain initialises after its parent unless the type is called ``Pretrained``."""
    from mmpretrain.models import VisionTransformer

    settings = dict(
        arch=dict(embed_dims=8, num_layers=1, num_heads=2, feedforward_channels=16),
        img_size=8,
        patch_size=4,
    )
    source = VisionTransformer(**settings)
    source.init_weights()
    torch.save(source.state_dict(), saved)
    target = VisionTransformer(**settings, init_cfg=strict_cfg(saved))
    target.init_weights()
    for name, value in source.state_dict().items():
        assert torch.equal(target.state_dict()[name], value), name


def host_cfg(path, **kwargs):
    return dict(type='Pretrained', checkpoint=str(path), **kwargs)


class WithNorm(TwoLayers):
    def __init__(self, width=4, init_cfg=None):
        super().__init__(width, init_cfg)
        self.norm = nn.BatchNorm1d(width)


def test_host_initializer_leaves_no_gap(saved):
    """mmengine's own type, as in the hosts' configurations."""
    with pytest.raises(ValueError, match=r'(?s)whole\.pth.*missing.*norm\.weight'):
        WithNorm(init_cfg=host_cfg(saved)).init_weights()
    with pytest.raises(ValueError, match=r'(?s)whole\.pth.*first\.weight'):
        TwoLayers(width=5, init_cfg=host_cfg(saved)).init_weights()
    allowed = host_cfg(saved, allow_missing=[r'norm\.'])
    model = WithNorm(init_cfg=allowed)
    model.init_weights()
    assert torch.equal(
        model.first.weight, load_checkpoint_file(saved)['state_dict']['first.weight']
    )


def test_host_initializer_leaves_a_classifier_over(tmp_path):
    """As for a ResNet of ImageNet; old files do not count the batches of their norms."""
    weights = {f'backbone.{key}': value for key, value in WithNorm().state_dict().items()}
    del weights['backbone.norm.num_batches_tracked']
    weights['backbone.fc.weight'] = torch.zeros(2)
    torch.save(dict(state_dict=weights), tmp_path / 'r.pth')
    model = WithNorm(init_cfg=host_cfg(tmp_path / 'r.pth', prefix='backbone.'))
    model.init_weights()
    assert torch.equal(model.last.weight, weights['backbone.last.weight'])


@pytest.mark.slow
@pytest.mark.parametrize('package', ['mmaddp.models', 'mmaddp.engine'])
def test_importing_the_package_registers_the_loader(package):
    code = (
        f'import {package}; from mmengine.runner import CheckpointLoader as C; '
        'print(C._get_checkpoint_loader("a.pth").__module__)'
    )
    done = subprocess.run([sys.executable, '-c', code], capture_output=True, text=True, cwd=ROOT)
    assert done.stdout.split()[-1] == 'mmaddp.compat.checkpoint_loaders', done.stderr


@pytest.mark.parametrize('path', CONFIGS, ids=lambda path: path.name)
def test_configurations_load_strictly(path):
    settings = pretrained_settings(Config.fromfile(path).get('model'))
    lenient = [name for name, _, _, setting in settings if setting.get('_scope_') != 'mmaddp']
    assert not lenient, f'add _scope_="mmaddp" to {lenient}'
