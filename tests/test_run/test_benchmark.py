"""The benchmark: what it compares, how it takes turns, and its suites. No time is asserted."""

import json
import time
from dataclasses import replace

import pytest
import torch

from mmaddp.models.heads import ADDPHead
from mmaddp.run.benchmark import golden
from mmaddp.run.benchmark.clock import ratios, take_turns
from mmaddp.run.benchmark.golden_values import GOLDEN
from mmaddp.run.benchmark.measure import measure
from mmaddp.run.benchmark.models import build, configured, no_dropout
from mmaddp.run.benchmark.settings import BENCHMARKS, PLAIN, Settings
from mmaddp.run.benchmark.suite import Part, failures, run_suite
from mmaddp.run.benchmark.suites import CONFIGS, parts_of
from mmaddp.run.benchmark.table import table
from mmaddp.run.benchmark.training import pretraining

CPU = torch.device('cpu')
TOY = Settings(f'mmaddp::{CONFIGS["toy"]["pretrain"]}', rounds=1, warmup=0, against=PLAIN)


@pytest.fixture(scope='module')
def suite(tmp_path_factory):
    file = tmp_path_factory.mktemp('suite') / 'toy.json'
    return run_suite(parts_of('toy', 'cpu'), file), json.loads(file.read_text())


def test_the_toy_suite_finds_everything_equal(suite):
    result, written = suite
    assert failures(result) == [], {n: f.get('error') for n, f in result['parts'].items()}
    assert written == json.loads(json.dumps(result))
    assert {part.name for part in parts_of('toy', 'cpu')} == set(result['parts'])
    assert result['versions']['torch'] == torch.__version__.partition('+')[0]


def test_ours_is_compared_with_what_the_official_code_does(suite):
    for name, found in suite[0]['parts'].items():
        result = found['result']
        if isinstance(result, list):
            continue
        assert len(result['variants']) == 2 and len(result['ratios']) == 1, name
        assert result['equality'] or result['benchmark'] == 'load-data', name
        for figures in result['variants'].values():
            assert figures['seconds']['count'] == 1 and figures['items_per_second'] > 0
            assert figures.get('gflop', 1) > 0


def test_every_network_of_the_gpu_suite_has_recorded_values():
    named = {part.name.partition(':')[0] for part in parts_of('gpu', 'cpu')}
    assert {'base', 'large'} <= named
    assert set(GOLDEN) == {'toy', 'base', 'large'}
    works = {part.name: part.settings.config for part in parts_of('gpu', 'cpu')}
    assert len(works) == len(parts_of('gpu', 'cpu')), 'names are unique'


def test_recorded_values_notice_another_computation(monkeypatch):
    settings = replace(TOY, batch=2)
    assert all(found.holds for found in golden.check('toy', settings))
    forward = ADDPHead.forward
    monkeypatch.setattr(ADDPHead, 'forward', lambda *given: forward(*given) * 1.001)
    assert not all(found.holds for found in golden.check('toy', settings))


def test_a_loss_that_differs_from_the_official_one_is_noticed(monkeypatch):
    (found,) = pretraining(TOY).check()
    assert found.holds and found.limit == 1e-5
    loss = ADDPHead.loss
    monkeypatch.setattr(
        ADDPHead, 'loss', lambda *given: {'loss': loss(*given)['loss'] * (1 + 1e-5)}
    )
    (found,) = pretraining(TOY).check()
    assert not found.holds


def test_dropout_comes_back():
    model = build(configured(TOY), TOY)
    dropout = model.backbone.drop_after_pos
    before, dropout.p = dropout.p, 0.3
    with no_dropout(model):
        assert dropout.p == 0
    assert dropout.p == 0.3
    dropout.p = before


def test_steps_leave_the_weights_as_they_are():
    work = pretraining(TOY)
    model = build(configured(TOY), TOY)
    before = [weight.clone() for weight in model.parameters()]
    for step in work.variants.values():
        step()
    assert all(map(torch.equal, before, model.parameters()))


def test_variants_take_turns_with_the_same_random_numbers():
    calls = []
    variants = {
        name: (lambda name=name: calls.append((name, torch.rand(()).item()))) for name in 'ab'
    }
    timings = take_turns(variants, rounds=3, warmup=1, device=CPU)
    names = ''.join(name for name, _ in calls)
    assert names == 'baabbaab', 'neither is always the first'
    drawn = [value for _, value in calls]
    assert drawn[0::2] == drawn[1::2] and len(set(drawn)) == 3
    assert [len(timing.seconds) for timing in timings.values()] == [3, 3]
    assert ratios(timings['a'], timings['b'])['count'] == 3


def test_no_round_begins_after_the_limit():
    timings = take_turns({'a': lambda: None}, rounds=5, warmup=0, device=CPU, limit_s=0)
    assert len(timings['a'].seconds) == 1


def test_a_suite_survives_its_parts(tmp_path):
    def fail(settings):
        raise ZeroDivisionError('no such kernel')

    def hang(settings):
        while True:
            time.sleep(0.01)

    def fill(settings):
        if settings.batch > 2:
            raise torch.OutOfMemoryError('no memory')
        return [dict(holds=settings.batch == 2)]

    names = dict(fails=fail, hangs=hang, fits=fill, tight=fill)
    parts = [Part(name, run, replace(TOY, batch=8), 0.2) for name, run in names.items()]
    parts[-1] = replace(parts[-1], settings=replace(TOY, batch=1))
    found = run_suite(parts, tmp_path / 'out.json')
    assert failures(found) == ['fails', 'hangs', 'tight']
    assert 'ZeroDivisionError: no such kernel' in found['parts']['fails']['error']
    assert 'TimeoutError' in found['parts']['hangs']['error']
    assert found['parts']['fits']['result'] == [dict(holds=True)]
    late = run_suite(parts, tmp_path / 'late.json', budget_s=0)
    assert all('skipped' in each for each in late['parts'].values()) and not failures(late)


def test_the_table_shows_what_was_found():
    result = measure('pretrain', TOY, with_parts=True)
    shares = result['parts']
    assert all(shares[name] > 0 for name in ('tokenizer encode', 'predictor', 'encoder', 'decoder'))
    text = table(result)
    for word in ('ours', 'plain', 'plain / ours', 'loss without dropout', 'predictor', 'yes'):
        assert word in text
    assert set(BENCHMARKS) >= {result['benchmark']}


def test_a_variant_that_the_work_does_not_have_is_refused():
    with pytest.raises(ValueError, match='pretrain cannot be compared with'):
        measure('pretrain', replace(TOY, against='torchvision'))
