import math

import pytest
import torch

from mmaddp.registry import METRICS


def sample(image, recon, ids, num_codes=8):
    return dict(image=image, recon=recon, token_ids=torch.tensor(ids), num_codes=num_codes)


def test_figures_against_written_out_formulas():
    image = torch.full((3, 4, 4), 0.5)
    half = image.clone()
    half[:, :2] = 0.7  # half of the pixels are off by 0.2
    samples = [
        sample(image, image + 0.1, [0, 0, 1, 1]),
        sample(image, half, [0, 0, 5, 5]),
    ]
    metric = METRICS.build(dict(type='mmaddp.TokenizerMetric'))
    metric.process(None, samples[:1])
    metric.process(None, samples[1:])
    figures = metric.evaluate(size=2)
    psnrs = [-10 * math.log10(0.01), -10 * math.log10(0.02)]
    assert figures['tokenizer/psnr'] == pytest.approx(sum(psnrs) / 2, rel=1e-5)
    assert figures['tokenizer/l1'] == pytest.approx(0.1, rel=1e-5)
    assert figures['tokenizer/codebook_usage'] == pytest.approx(3 / 8)
    entropy = -(0.5 * math.log(0.5) + 2 * 0.25 * math.log(0.25))
    assert figures['tokenizer/perplexity'] == pytest.approx(math.exp(entropy), rel=1e-6)


def test_reconstruction_is_clamped():
    metric = METRICS.build(dict(type='mmaddp.TokenizerMetric'))
    metric.process(None, [sample(torch.ones(3, 4, 4), torch.full((3, 4, 4), 1.8), [0])])
    figures = metric.evaluate(size=1)
    assert figures['tokenizer/psnr'] == 100 and figures['tokenizer/l1'] == 0


def test_padded_duplicates_do_not_count():
    metric = METRICS.build(dict(type='mmaddp.TokenizerMetric'))
    image = torch.zeros(3, 4, 4)
    metric.process(None, [sample(image, image + 0.1, [0]), sample(image, image + 0.9, [1])])
    figures = metric.evaluate(size=1)
    assert figures['tokenizer/psnr'] == pytest.approx(20, rel=1e-5)
    assert figures['tokenizer/codebook_usage'] == pytest.approx(1 / 8)
