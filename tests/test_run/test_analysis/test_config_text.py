"""Configs printed and compared."""

import json

import pytest
from mmengine.config import Config

from mmaddp import cli
from mmaddp.run.analysis.config_text import differences, part_of, resolved, text_of

PAIR = [
    f'mmaddp::quickstart/classifier-vit-w96-p8{name}_1xb50-20e_digits-32px.py'
    for name in ('_addp-40e-pre', '_scratch')
]


def test_differences_of_two_configs():
    found = {each.key: each[1:] for each in differences(*map(resolved, PAIR))}
    assert found['optim_wrapper.optimizer.lr'] == ('0.004', '0.002')
    assert found['model.backbone.init_cfg'] == (None, 'None')
    assert found['model.backbone.init_cfg.type'] == ("'Pretrained'", None)
    assert all(key.split('.')[0] in ('model', 'optim_wrapper') for key in found)
    assert differences(resolved(PAIR[0]), resolved(PAIR[0])) == []


def test_entries_of_lists_are_compared_one_by_one():
    first = Config(dict(pipeline=[dict(type='A', size=(1, 2)), dict(type='B')], size=[1, 2], n=1))
    second = Config(dict(pipeline=[dict(type='A', size=(1, 3))], size=[1, 3], n=True))
    assert differences(first, second) == [
        ('n', '1', 'True'),
        ('pipeline.0.size', '(1, 2)', '(1, 3)'),
        ('pipeline.1.type', "'B'", None),
        ('size', '[1, 2]', '[1, 3]'),
    ]
    assert [each.key for each in differences(first, second, 'pipeline.0')] == ['pipeline.0.size']


def test_a_part_and_the_whole_can_be_read_again(tmp_path):
    cfg = resolved(PAIR[0], {'train_dataloader.batch_size': 7})
    file = tmp_path / 'whole.py'
    file.write_text(text_of(cfg))
    assert Config.fromfile(file)._cfg_dict == cfg._cfg_dict
    file.write_text(text_of(cfg, 'train_dataloader'))
    assert Config.fromfile(file).train_dataloader.batch_size == 7
    assert part_of(cfg, 'val_evaluator.topk') == cfg.val_evaluator.topk
    with pytest.raises(ValueError, match=r'no setting model\.backbon: no backbon \(did you mean'):
        part_of(cfg, 'model.backbon')


def test_command(capsys):
    cli.main(['config', *PAIR, '--part', 'optim_wrapper'])
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == '- optim_wrapper.optimizer.lr = 0.004'
    assert lines[1] == '+ optim_wrapper.optimizer.lr = 0.002'
    cli.main(['config', *PAIR, '--part', 'optim_wrapper', '--json'])
    assert json.loads(capsys.readouterr().out)[0]['first'] == '0.004'
    cli.main(['config', PAIR[0], PAIR[0]])
    assert capsys.readouterr().out == 'no difference\n'
    cli.main(['config', PAIR[0], '--as-run', '--part', 'default_hooks.strict_load'])
    assert 'mmaddp.StrictLoadHook' in capsys.readouterr().out
    with pytest.raises(SystemExit, match='--json is for the differences'):
        cli.main(['config', PAIR[0], '--json'])
    with pytest.raises(SystemExit, match=r'nothing\.py'):
        cli.main(['config', 'mmaddp::toy/nothing.py'])
