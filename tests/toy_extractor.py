"""An extractor that costs nothing."""

import torch
from torch.nn.functional import adaptive_avg_pool2d

from mmaddp.evaluation.fidelity import Extractor
from mmaddp.registry import TASK_UTILS


@TASK_UTILS.register_module()
class ToyExtractor(Extractor):
    """A random linear map of 3 x 3 mean colours; layers 'features' (8) and 'logits' (5)."""

    def __init__(self, seed: int = 0):
        generator = torch.Generator().manual_seed(seed)
        self.seed = seed
        self.calls = 0
        self.maps = dict(
            features=torch.randn(27, 8, generator=generator),
            logits=torch.randn(27, 5, generator=generator) / 20,
        )

    @property
    def identity(self):
        return dict(name='toy', weights_sha256=f'{self.seed:064d}')

    def layer(self, score):
        return 'logits' if score == 'is' else 'features'

    def __call__(self, images, layers):
        assert images.dtype == torch.uint8 and images.shape[1] == 3
        self.calls += 1
        colours = adaptive_avg_pool2d(images.float(), 3).flatten(1)
        return {layer: colours @ self.maps[layer] for layer in layers}
