import json
import shutil
from pathlib import Path

import pytest
import torch

from mmaddp.evaluation.parity import Recording, build_recorded_model, compare, recompute

FOLDER = Path(__file__).parents[1] / 'data' / 'reference'


def test_our_network_computes_what_the_official_one_did():
    reference = Recording.load(FOLDER)
    rows = compare(reference.tensors, recompute(reference))
    assert len(rows) == 41
    assert not [row for row in rows if row.status != 'ok']


def row_of(value, expected, name='vq.z_q', skip=()):
    (row,) = compare({name: expected}, [(name, value)], skip)
    return row


def test_limits_decide():
    expected = torch.ones(4)
    assert row_of(expected * (1 + 4e-6), expected).status == 'ok'
    assert row_of(expected * (1 + 6e-6), expected).status == 'FAIL'
    assert row_of(expected * (1 + 6e-6), expected, 'pretrain.logits').status == 'ok'


def test_exact_rows_are_exact():
    expected = torch.tensor([True, False])
    assert row_of(expected, expected, 'generate.linear.3.mask_next').status == 'ok'
    assert row_of(~expected, expected, 'generate.linear.3.mask_next').status == 'FAIL'


def test_other_shape_fails():
    assert row_of(torch.ones(4), torch.ones(5)).status == 'FAIL'


def test_missing_and_unknown_rows_fail_unless_skipped():
    value = torch.ones(1)
    (missing,) = compare({}, [('vq.z_q', value)])
    (unknown,) = compare({'vq.surprise': value}, [])
    assert (missing.status, unknown.status) == ('missing', 'unknown')
    assert not missing.passed and not unknown.passed
    (missing,) = compare({}, [('vq.z_q', value)], skip=['vq.*'])
    (unknown,) = compare({'vq.surprise': value}, [], skip=['vq.s*'])
    assert missing.status == unknown.status == 'skipped'


def test_wrong_eps_of_the_output_layer_is_seen():
    """The tightest quirk: it moves the logits by 1.4e-5 only."""
    reference = Recording.load(FOLDER)
    model = build_recorded_model(reference)
    expected = reference.tensors['generate.cosine.0.logits']
    mask = torch.ones(2, 256, dtype=torch.bool)
    stride = reference.config['position_stride']

    def first_logits():
        with torch.no_grad():
            logits = model.denoise(None, torch.zeros(2, 256, dtype=torch.long), mask, 0)
        return row_of(logits[:, ::stride], expected, 'generate.cosine.0.logits').status

    assert first_logits() == 'ok'
    model.head.output.norm.eps = 1e-6
    assert first_logits() == 'FAIL'


def test_folder_without_weights(tmp_path):
    for name in ('reference.json', 'reference.safetensors'):
        shutil.copy(FOLDER / name, tmp_path)
    with pytest.raises(FileNotFoundError, match=r'lacks .*addp-official-layout\.pth'):
        Recording.load(tmp_path)


def test_weights_of_other_widths(tmp_path):
    shutil.copytree(FOLDER, tmp_path, dirs_exist_ok=True)
    config = json.loads((tmp_path / 'reference.json').read_text())
    config['state_dict']['mask_token'] = [1, 1, 64]
    (tmp_path / 'reference.json').write_text(json.dumps(config))
    with pytest.raises(ValueError, match='mask_token'):
        Recording.load(tmp_path)
