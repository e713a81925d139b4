"""The converters as a user calls them, in this process."""

import runpy
import sys

import pytest
import torch
from safetensors import safe_open
from test_tools.conftest import ROOT

from mmaddp.weights.checkpoint import load_checkpoint_file

OFFICIAL = ROOT / 'tests' / 'data' / 'reference' / 'addp-official-layout.pth'


@pytest.fixture
def convert(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def run(name, *arguments):
        monkeypatch.setattr(sys, 'argv', [name, *map(str, arguments)])
        tool = ROOT / 'tools' / 'model_converters' / f'{name}.py'
        runpy.run_path(str(tool), run_name='__main__')

    return run


def files(folder):
    return sorted(p.relative_to(folder).as_posix() for p in folder.rglob('*') if p.is_file())


def test_there_and_back(convert, tmp_path, capsys):
    convert('official_to_mmaddp', OFFICIAL, 'ours.safetensors')
    printed = capsys.readouterr().out
    for line in ('kind: addp', 'mapped: 216 tensors', 'dropped: 120 tensors', 'new, .*: none'):
        assert line.replace('.*', 'not in the file') in printed
    with safe_open(tmp_path / 'ours.safetensors', 'pt') as file:
        assert file.metadata()['source'] == 'addp-official-layout.pth'
        assert file.metadata()['converter'].startswith('mmaddp ')
    convert('mmaddp_to_official', 'ours.safetensors', 'back.pth')
    back = load_checkpoint_file(tmp_path / 'back.pth')['model']
    official = load_checkpoint_file(OFFICIAL)['model']
    assert back.keys() == official.keys()
    assert torch.equal(back['blocks.1.mlp.fc2.weight'], official['blocks.1.mlp.fc2.weight'])


def test_verify_writes_nothing(convert, tmp_path, capsys):
    convert('official_to_mmaddp', OFFICIAL, '--verify')
    assert 'mapped: 216' in capsys.readouterr().out and files(tmp_path) == []


def test_split_and_part(convert, tmp_path):
    convert('official_to_mmaddp', OFFICIAL, 'parts', '--split')
    convert('official_to_mmaddp', OFFICIAL, 'encoder.pth', '--part', 'backbone')
    assert files(tmp_path) == [
        *('encoder.pth', 'parts/addp.pth', 'parts/token_predictor.pth', 'parts/tokenizer.pth')
    ]
    encoder = load_checkpoint_file(tmp_path / 'encoder.pth')['state_dict']
    assert all(name.startswith('backbone.') for name in encoder)


def test_damaged_file_gives_one_message_and_no_output(convert, tmp_path):
    content = load_checkpoint_file(OFFICIAL)
    tensors = content['model']
    del tensors['mask_token']
    tensors['new_token'] = torch.zeros(1)
    tensors['norm.weight'] = torch.zeros(31)
    torch.save(content, tmp_path / 'damaged.pth')
    with pytest.raises(SystemExit, match=r'(?s)mask_token.*new_token.*norm\.weight|ln1\.weight'):
        convert('official_to_mmaddp', 'damaged.pth', 'ours.pth')
    assert files(tmp_path) == ['damaged.pth']


def test_to_other_libraries(convert, tmp_path, capsys):
    convert('mmaddp_to_timm', OFFICIAL, 'timm.safetensors', '--num-heads', 2)
    assert 'pre_norm=True' in capsys.readouterr().out
    convert('mmaddp_to_timm', OFFICIAL, 'drop.pth', '--num-heads', 2, '--pre-norm', 'drop')
    convert('mmaddp_to_detectron2', OFFICIAL, 'd2.pth')
    convert('mmaddp_to_huggingface', OFFICIAL, 'hf', '--num-heads', 2)
    assert files(tmp_path) == [
        *('d2.pth', 'drop.pth', 'hf/config.json', 'hf/model.safetensors'),
        *('hf/preprocessor_config.json', 'timm.safetensors'),
    ]
    assert 'norm_pre.weight' not in load_checkpoint_file(tmp_path / 'drop.pth')['state_dict']
    assert 'blocks.0.attn.qkv.weight' in load_checkpoint_file(tmp_path / 'd2.pth')['model']


@pytest.mark.parametrize(
    'arguments, message',
    [
        (('official_to_mmaddp', 'absent.pth', 'a.pth'), r'no checkpoint absent\.pth'),
        (('official_to_mmaddp', 'mmaddp://vqgan', 'a.pth'), r'mmaddp download vqgan'),
        (('official_to_mmaddp', OFFICIAL, 'a.bin'), r'a\.bin must end in \.pth'),
        (('mmaddp_to_timm', OFFICIAL, 'a.pth'), 'how many attention heads'),
        (('mmaddp_to_detectron2', OFFICIAL, 'a.safetensors'), r'reads \.pth files'),
    ],
)
def test_bad_input_is_one_line(convert, tmp_path, arguments, message):
    with pytest.raises(SystemExit, match=message):
        convert(*arguments)
    assert files(tmp_path) == []
