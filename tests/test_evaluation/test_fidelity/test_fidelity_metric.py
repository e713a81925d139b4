import json

import pytest
import torch
from mmengine.evaluator import Evaluator
from mmpretrain.structures import DataSample
from toy_extractor import ToyExtractor

from mmaddp.evaluation.fidelity import (
    FolderImages,
    Scorer,
    ScoreSettings,
    load_references,
    score_images,
)
from mmaddp.registry import METRICS
from mmaddp.utils.images import save_png

SETTINGS = dict(kid_subset_size=10, is_splits=2)
SCORES = ('fid', 'is', 'kid', 'prc')


def build(**settings):
    extractor = dict(type='mmaddp.ToyExtractor')
    settings = dict(extractor=extractor, settings=SETTINGS, scores=SCORES) | settings
    return METRICS.build(dict(type='mmaddp.FidelityMetric') | settings)


def sample(index, **images):
    result = DataSample(metainfo=dict(sample_idx=index))
    for name, image in images.items():
        result.set_field(image, name)
    return result


def test_images_in_memory_score_as_their_files(write_images, tmp_path):
    real = write_images('real', 30)
    images = torch.rand(20, 3, 12, 12, generator=torch.Generator().manual_seed(0)) * 1.2 - 0.1
    for index, image in enumerate(images):
        save_png(image, tmp_path / 'made' / f'{index:06d}.png')
    evaluator = Evaluator([build(reference=str(real), out_file=str(tmp_path / 'scores.json'))])
    for start in (10, 0, 5, 15):
        evaluator.process([sample(i, pred_image=images[i]) for i in range(start, start + 5)])
    found = evaluator.evaluate(20)
    scorers = [Scorer(ToyExtractor(), SCORES, ScoreSettings(**SETTINGS))]
    references = load_references(FolderImages(real), scorers)
    expected = score_images(FolderImages(tmp_path / 'made'), scorers, references)
    # The blocks differ in size, and with them the last digits of the features.
    for name, value in expected['scores'].items():
        assert found[f'fidelity/{name}'] == pytest.approx(value, rel=1e-6), name
    written = json.loads((tmp_path / 'scores.json').read_text())
    assert written['scores']['fid'] == found['fidelity/fid']
    assert written['protocol']['reference'] == expected['protocol']['reference']


def test_reconstructions_against_their_originals():
    images = torch.randint(0, 256, (20, 3, 12, 12)) / 255
    metric = build(reference_key='image', image_key='recon', scores=['fid', 'kid'])
    metric.process(None, [sample(i, image=x, recon=x).to_dict() for i, x in enumerate(images)])
    same = metric.evaluate(20)
    assert same['fidelity/fid'] == pytest.approx(0, abs=1e-3)
    metric.process(None, [sample(i, image=x, recon=x / 2).to_dict() for i, x in enumerate(images)])
    assert metric.evaluate(20)['fidelity/fid'] > 100


def test_missing_images_are_not_passed_over(write_images):
    metric = build(reference=str(write_images('real', 30)))
    images = torch.rand(12, 3, 12, 12)
    metric.process(None, [sample(i, pred_image=x).to_dict() for i, x in enumerate(images)])
    with pytest.raises(ValueError, match=r'seen 12 of 20 images.*eval_generation.py'):
        metric.evaluate(20)


def test_bad_reference_is_found_at_the_first_batch(tmp_path):
    metric = build(reference=str(tmp_path / 'absent'))
    with pytest.raises(FileNotFoundError, match='no reference'):
        metric.process(None, [sample(0, pred_image=torch.rand(3, 12, 12)).to_dict()])


def test_reference_is_given_once():
    with pytest.raises(ValueError, match='not both'):
        build(reference='a', reference_key='image')
    with pytest.raises(ValueError, match='fid, is compare: give a reference'):
        METRICS.build(dict(type='mmaddp.FidelityMetric'))
    assert build(scores=['is']).reference is None
