"""Loss against mask ratio, and which codes are predicted for which."""

import csv
from unittest import mock

import pytest
import torch
from PIL import Image

from mmaddp import cli
from mmaddp.apis.encoder_pictures import addp_pictures
from mmaddp.run.analysis.confusion import Confusion, code_patches, confusion
from mmaddp.run.analysis.mask_ratios import losses_by_ratio
from mmaddp.visualization.target_pictures import masks_at


@pytest.fixture(scope='module')
def model_and_images(pretraining, pictures):
    return addp_pictures(pretraining, pictures, most=6)


def test_losses_are_those_of_the_pre_training(model_and_images):
    model, images = model_and_images
    found = losses_by_ratio(model, images, (0.5, 1.0))
    token_ids = model.target_generator.tokenize(images)
    sampler = model.target_generator.mask_sampler
    for each in found:
        masks = masks_at(model, each.ratio, token_ids)
        assert masks.mask_t.float().mean() == each.ratio
        with mock.patch.object(sampler, 'draw', return_value=masks), torch.no_grad():
            expected = model.loss(images, None)
        assert each.loss == pytest.approx(float(expected['loss']), rel=1e-5)
        assert each.accuracy == pytest.approx(float(expected['masked_acc']), abs=1e-6)
        assert each.loss > each.least_loss > 0


def test_the_least_loss_is_that_of_a_network_that_meets_its_target(model_and_images):
    model, images = model_and_images
    share, number = model.head.label_smoothing, len(model.head.vocabulary)

    def exact(feats, target, rows=None):
        """Logits whose softmax is the smoothed target."""
        probs = torch.full((*target.token_ids.shape, number), share / number)
        probs[..., : target.target_probs.shape[-1]] += (1 - share) * target.target_probs
        return probs.log()

    (found,) = losses_by_ratio(model, images, (0.75,))
    token_ids = model.target_generator.tokenize(images)
    target = model.target_generator.make_target(token_ids, masks_at(model, 0.75, token_ids))
    logits = exact(None, target)
    with mock.patch.object(model.head, 'forward', return_value=logits):
        loss = model.head.loss(None, None, target)['loss']
    assert found.least_loss == pytest.approx(float(loss), rel=1e-5)


def test_confusion_counts_every_masked_token(model_and_images):
    model, images = model_and_images
    found = confusion(model, images, 0.75)
    token_ids = model.target_generator.tokenize(images)
    mask = masks_at(model, 0.75, token_ids).mask_t
    num_codes = model.target_generator.vocabulary.num_codes
    expected = torch.bincount(token_ids[mask], minlength=num_codes)
    assert torch.equal(found.counts.sum(dim=1), expected), 'rows are the true codes'
    (same,) = losses_by_ratio(model, images, (0.75,))
    assert found.accuracy == pytest.approx(same.accuracy)
    assert found.accuracy <= found.in_top <= 1
    patches = code_patches(model, torch.arange(num_codes))
    assert patches.shape == (num_codes, 3, 8, 8) and 0 <= patches.min() <= patches.max() <= 1


def test_most_frequent_codes():
    counts = torch.tensor([[0, 2, 0], [1, 5, 0], [0, 0, 0]])
    found = Confusion(counts, 1.0)
    assert found.most_frequent(3).tolist() == [1, 0] and found.most_frequent(1).tolist() == [1]
    assert found.accuracy == pytest.approx(5 / 8)


def test_commands(pretraining, pictures, tmp_path, capsys):
    out = tmp_path / 'new' / 'loss.png'
    cli.main(['analyze', 'loss', str(pretraining), str(pictures), '--out', str(out)])
    assert len(capsys.readouterr().out.splitlines()) >= 12
    with Image.open(out) as drawn:
        assert drawn.size == (960, 340)
    out = tmp_path / 'new' / 'codes.png'
    options = ('--codes', '5', '--most', '4', '--out', str(out))
    cli.main(['analyze', 'codes', str(pretraining), str(pictures), *options])
    assert '48 masked tokens of 4 pictures' in capsys.readouterr().out
    with out.with_suffix('.csv').open() as stream:
        rows = list(csv.DictReader(stream))
    counts = [int(row['count']) for row in rows]
    assert sum(counts) == 48 and counts == sorted(counts, reverse=True)
    with Image.open(out) as drawn:
        assert drawn.size == (800, 700)
    none = (*options, '--mask-ratio', '0')
    with pytest.raises(SystemExit, match='must be above 0'):
        cli.main(['analyze', 'codes', str(pretraining), str(pictures), *none])
