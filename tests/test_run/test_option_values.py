import argparse

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mmengine.config import DictAction

from mmaddp.run.arguments import ToolParser, add_options_argument
from mmaddp.run.option_values import parse_value


def options(*pairs):
    parser = ToolParser('Tool.')
    add_options_argument(parser)
    return parser.parse_args(['--cfg-options', *pairs]).cfg_options


@pytest.mark.parametrize(
    'text',
    [
        *('1', '-2', '1e-4', '0.5', 'True', 'false', 'None', 'cosine', '', '1,2,3', 'a,b', '[a,b]'),
        *('(1,2)', '[(1,2),(3,4)]', '[(1, 2, 3), [a, b], c]', '[]', '()', '[0.5,]', '(1,)'),
        *('"[(1,2),(3,4)]"', '["a","b"]', 'mmaddp.ADDP', 'inf'),
    ],
)
def test_values_are_those_of_mmengine(text):
    parser = argparse.ArgumentParser()
    parser.add_argument('--o', nargs='+', action=DictAction)
    assert parse_value(text) == parser.parse_args(['--o', f'a={text}']).o['a']


@pytest.mark.parametrize(
    'key', ['data_root', 'train_dataloader.dataset.data_prefix', 'ann_file', 'load_from']
)
@pytest.mark.parametrize(
    'text',
    [
        *('/my pictures', '/data/a, b', '/data/[old] (new)', '[old] pictures', '2024', '1e5'),
        *('runs/lr=0.1/x', 'a,b', ' leading', "it's", 'x(', '/a/[1,2]'),
    ],
)
def test_paths_stay_as_they_are_written(key, text):
    assert options(f'{key}={text}') == {key: text}


def test_home_brackets_lists_and_nothing_as_paths(monkeypatch, tmp_path):
    monkeypatch.setenv('HOME', '/home/me')
    monkeypatch.chdir(tmp_path)
    assert options('data_root=~/my data')['data_root'] == '/home/me/my data'
    assert options('data_root=a~b')['data_root'] == 'a~b'
    assert options('a.ann_file=[x.json, y.json]')['a.ann_file'] == ['x.json', 'y.json']
    (tmp_path / '[old]').mkdir()
    assert options('data_root=[old]')['data_root'] == '[old]'
    assert options('load_from=None')['load_from'] is None
    assert options('drop_path=0.1')['drop_path'] == 0.1


@pytest.mark.parametrize(
    'text', ['my pictures', 'a b c', 'a/b, c/d', '(a', 'b]', '[a](b)', 'x)(y', 'a=b=c']
)
def test_other_text_keeps_blanks_and_brackets(text):
    assert parse_value(text, 'experiment') == text


def test_quotation_marks_make_text():
    assert parse_value("'12'") == '12' and parse_value('"True"') == 'True'
    assert parse_value("['1', 2]") == ['1', 2]


@given(st.text(st.characters(exclude_categories=['Cs']), max_size=30))
def test_any_text_is_taken(text):
    parse_value(text)
    value = parse_value(text, 'data_root')
    assert isinstance(value, (str, list, tuple, bool, type(None)))


def test_pairs_are_collected_and_later_ones_win():
    parser = ToolParser('Tool.')
    add_options_argument(parser)
    args = parser.parse_args(['--cfg-options', 'a=1', 'b=2', '--cfg-options', 'b=3'])
    assert args.cfg_options == dict(a=1, b=3)
    assert parser.parse_args([]).cfg_options == {}


@pytest.mark.parametrize('pair', ['a', '=1', '2]'])
def test_what_is_no_pair_is_one_message(pair, capsys):
    with pytest.raises(SystemExit) as ended:
        options('a=[1,', pair)
    assert ended.value.code == 1
    assert '--cfg-options takes KEY=VALUE' in capsys.readouterr().err
