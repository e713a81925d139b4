"""Networks that extract the features for scores of generated images."""

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Optional

import torch
from mmengine.config import Config
from mmengine.device import get_device
from torch import Tensor, nn
from torch_fidelity.registry import FEATURE_EXTRACTORS_REGISTRY
from torchvision.transforms.v2.functional import resize

from mmaddp.registry import TASK_UTILS
from mmaddp.weights.model import build_model, pretrained_settings

from .weights import find_weights


class Extractor(ABC):
    """Turns images into features, one vector per image and layer."""

    @property
    @abstractmethod
    def identity(self) -> dict:
        """What the features depend on: name, transform, hash of the weights; for JSON."""

    @abstractmethod
    def layer(self, score: str) -> str:
        """Name of the layer whose features a score uses.

        Args:
            score (str): 'fid', 'is', 'kid' or 'prc'.

        Raises:
            ValueError: There is no layer for the score.
        """

    @abstractmethod
    def __call__(self, images: Tensor, layers: Sequence[str]) -> dict[str, Tensor]:
        """Extract features.

        Args:
            images (Tensor): RGB, uint8, shape (B, 3, H, W).
            layers (Sequence[str]): Names that :meth:`layer` gave.

        Returns:
            dict[str, Tensor]: Per layer float32 on the CPU, shape (B, D).
        """


@TASK_UTILS.register_module()
class FidelityExtractor(Extractor):
    """One of torch-fidelity's own networks; published FID values use its Inception.

    Args:
        name (str): ``'inception-v3-compat'`` or ``'vgg16'``. Defaults to
            'inception-v3-compat'.
        weights (str, optional): File of the weights. Defaults to None: downloaded on first use.
        layers (dict[str, str], optional): Layer of a score ('fid', 'is', 'kid', 'prc') if it is
            not torch-fidelity's default. Defaults to None.
        device (str, optional): Defaults to None: the GPU if there is one.

    Raises:
        FileNotFoundError: There are no weights; the message names file and address.
        ValueError: The name is not known, or the file holds other weights or more than weights.
    """

    def __init__(
        self,
        name: str = 'inception-v3-compat',
        weights: Optional[str] = None,
        layers: Optional[dict[str, str]] = None,
        device: Optional[str] = None,
    ):
        self.weights = find_weights(name, weights)
        self.layers = dict(layers or {})
        self.device = torch.device(device or get_device())
        kind = FEATURE_EXTRACTORS_REGISTRY[name]
        known = kind.get_provided_features_list()
        unknown = [layer for layer in self.layers.values() if layer not in known]
        if unknown:
            raise ValueError(f'{name} has no layer {unknown[0]!r}; it has {", ".join(known)}.')
        try:
            self.network = kind(
                name, list(known), feature_extractor_weights_path=self.weights.as_stream()
            ).to(self.device)
        except RuntimeError as error:
            raise ValueError(
                f'The weights {self.weights.path} do not fit {name}: {error}'
            ) from error

    @property
    def identity(self) -> dict:
        """What the features depend on."""
        return dict(name=self.weights.name, weights_sha256=self.weights.sha256)

    def layer(self, score: str) -> str:
        """Name of the layer that a score is computed from."""
        default = self.network.get_default_feature_layer_for_metric
        return self.layers.get(score) or default({'is': 'isc'}.get(score, score))

    @torch.no_grad()
    def __call__(self, images: Tensor, layers: Sequence[str]) -> dict[str, Tensor]:
        # The networks return at the last requested layer.
        """Features (N, D) of uint8 images (N, 3, H, W), per layer, on the CPU."""
        self.network.features_list = list(layers)
        with plain_float32(self.device):
            features = self.network(images.to(self.device))
        return {name: part.cpu() for name, part in zip(layers, features)}


@TASK_UTILS.register_module()
class BackboneExtractor(Extractor):
    """Any of our or a host's models with ``extract_feat``, for domains without an Inception.

    The features are the last output of ``extract_feat``: maps and tokens are averaged over the
    positions (including any class token). A classifier's logits also serve for the Inception Score.
    Images go through the model's own preprocessor, in the channel order that it expects.

    Args:
        config (str): File with the model's configuration.
        checkpoint (str, optional): Its weights. Defaults to None: those that the configuration
            itself loads (``init_cfg=dict(type='Pretrained', ...)``).
        input_size (int, optional): Side to which images are resized first (bilinear,
            antialiased). Defaults to None: they stay as they are.
        device (str, optional): Defaults to None: the GPU if there is one.

    Raises:
        FileNotFoundError: A file is missing.
        ValueError: The model has no weights or no features.
    """

    def __init__(
        self,
        config: str,
        checkpoint: Optional[str] = None,
        input_size: Optional[int] = None,
        device: Optional[str] = None,
    ):
        self.device = torch.device(device or get_device())
        self.model = _load(config, checkpoint, self.device)
        self.input_size = input_size
        self.sha256 = state_dict_sha256(self.model)
        if not hasattr(self.model, 'extract_feat'):
            raise ValueError(
                f'{config} cannot serve as an extractor: {type(self.model).__name__} has no '
                'extract_feat; use a classifier, a pre-training, a detector or a segmentor.'
            )

    @property
    def identity(self) -> dict:
        """What the features depend on."""
        model = self.model
        backbone = type(getattr(model, 'backbone', model)).__name__
        return dict(
            name=f'{type(model).__name__} with {backbone}',
            weights_sha256=self.sha256,
            input_size=self.input_size,
        )

    def layer(self, score: str) -> str:
        """Name of the layer that a score is computed from."""
        if score != 'is':
            return 'features'
        if getattr(self.model, 'with_head', False):
            return 'logits'
        raise ValueError(
            f'The Inception Score needs class probabilities, and {type(self.model).__name__} is '
            'not a classifier: leave it out or use another extractor.'
        )

    @torch.no_grad()
    def __call__(self, images: Tensor, layers: Sequence[str]) -> dict[str, Tensor]:
        """Features (N, D) of uint8 images (N, 3, H, W), per layer, on the CPU."""
        images = images.to(self.device)
        if self.input_size is not None:
            images = resize(images, [self.input_size] * 2, antialias=True)
        preprocessor = self.model.data_preprocessor
        # Ours are RGB; a preprocessor that swaps channels expects BGR.
        swaps = getattr(preprocessor, 'to_rgb', False) or getattr(
            preprocessor, '_channel_conversion', False
        )
        images = images.flip(1) if swaps else images
        inputs = preprocessor(dict(inputs=images, data_samples=None), False)['inputs'].float()
        with plain_float32(self.device):
            found = self.model.extract_feat(inputs)
            result = dict(features=_as_vectors(found))
            if 'logits' in layers:
                result['logits'] = self.model.head(found)
        return {layer: result[layer].float().cpu() for layer in layers}


@contextmanager
def plain_float32(device: torch.device) -> Iterator[None]:
    """Compute in float32, whatever the surrounding run does.

    A generation in half precision is scored like any other; with TensorFloat-32 the score would
    depend on the GPU model.
    """
    with (
        torch.autocast(device.type, enabled=False),
        torch.backends.cudnn.flags(enabled=True, allow_tf32=False),
    ):
        yield


def _load(config: str, checkpoint: Optional[str], device: torch.device) -> nn.Module:
    cfg = Config.fromfile(config)
    if cfg.get('model') is None:
        raise ValueError(f'{config} has no model.')
    if checkpoint is None and not any(pretrained_settings(cfg.model)):
        raise ValueError(
            f'{config} loads no weights by itself, and features of a random network are no score: '
            'give its checkpoint.'
        )
    return build_model(cfg, checkpoint, device)


def _as_vectors(features) -> Tensor:
    last = features[-1] if isinstance(features, list | tuple) else features
    if last.dim() == 4:
        return last.mean(dim=(2, 3))
    return last.mean(dim=1) if last.dim() == 3 else last


def state_dict_sha256(module: nn.Module) -> str:
    """SHA-256 of a module's weights: names, types, shapes and values, on any device."""
    digest = hashlib.sha256()
    for name, value in sorted(module.state_dict().items()):
        value = value.detach().cpu().contiguous()
        digest.update(f'{name} {value.dtype} {tuple(value.shape)}'.encode())
        digest.update(value.view(-1).view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()
