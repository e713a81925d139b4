"""Checks that cached tokens are those of the model's own tokenizer."""

from mmengine.hooks import Hook
from torch import nn

from mmaddp.datasets import TokenDataset
from mmaddp.datasets.nesting import innermost_datasets
from mmaddp.datasets.token_cache import TOOL
from mmaddp.datasets.token_manifest import TokenManifest, difference
from mmaddp.registry import HOOKS
from mmaddp.utils.tensor_hashing import tensors_sha256
from mmaddp.utils.wrappers import unwrap


@HOOKS.register_module()
class CheckTokenCacheHook(Hook):
    """Before training, compare each token cache with tokenizer and predictor of the model.

    Tokens of another tokenizer have the same shape and range, so that nothing else would notice.
    The weights themselves are compared, whatever file they came from.

    Raises:
        ValueError: Before the first step: the model has another tokenizer than the cache, or needs
            another number of codes or tokens. The message says what the cache was made with.
    """

    def before_train(self, runner) -> None:
        """Check the training set."""
        for dataset in innermost_datasets(runner.train_dataloader.dataset):
            if isinstance(dataset, TokenDataset):
                problems = _problems(unwrap(runner.model), dataset.cache.manifest)
                if problems:
                    raise ValueError(
                        f'The token cache {dataset.cache.folder} does not fit the model:\n  '
                        + '\n  '.join(problems)
                        + f'\nMake another one with {TOOL}, or load the weights that made it.'
                    )


def _problems(model: nn.Module, cached: TokenManifest) -> list[str]:
    asked = {}
    for name, part in model.named_modules():
        if name.endswith('token_predictor'):
            asked['num_tokens'], asked['num_codes'] = part.num_tokens, part.num_codes
        elif name.endswith('tokenizer') and cached.tokenizer_sha256:
            asked['tokenizer_sha256'] = tensors_sha256(part.state_dict())
    return [
        difference(name, getattr(cached, name), value)
        for name, value in asked.items()
        if getattr(cached, name) != value
    ]
