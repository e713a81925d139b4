"""Weights of torch-fidelity's networks: where they come from, and that they are what they say."""

import io
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Optional, Union
from urllib.parse import urlparse

import torch
from mmengine.dist import barrier, get_local_rank
from torch_fidelity.feature_extractor_inceptionv3 import URL_INCEPTION_V3
from torchvision.models import VGG16_Weights

from mmaddp.datasets.token_cache import file_sha256
from mmaddp.utils.checkpoint import extract_state_dict, load_checkpoint_file

# torch-fidelity's name of a network -> where its weights are.
WEIGHT_URLS = {
    'inception-v3-compat': URL_INCEPTION_V3,
    'vgg16': VGG16_Weights.IMAGENET1K_V1.url,
}


@dataclass(frozen=True)
class FeatureWeights:
    """Weights of a feature extractor.

    Attributes:
        name (str): torch-fidelity's name of the network.
        path (Path): The file.
        sha256 (str): SHA-256 of the file.
    """

    name: str
    path: Path
    sha256: str

    def as_stream(self) -> io.BytesIO:
        """The tensors alone, as a file in memory.

        torch-fidelity unpickles what it is given without a check. So the file is read safely here,
        and torch-fidelity sees only what was found in it.
        """
        content = load_checkpoint_file(self.path, 'cpu')
        stream = io.BytesIO()
        torch.save(extract_state_dict(content, str(self.path)), stream)
        stream.seek(0)
        return stream


def find_weights(name: str, path: Optional[Union[str, Path]] = None) -> FeatureWeights:
    """Find the weights of one of torch-fidelity's networks; download them if need be.

    Args:
        name (str): ``'inception-v3-compat'`` or ``'vgg16'``.
        path (str | Path, optional): The file. Defaults to None: the file of that name in PyTorch's
            hub folder, downloaded once by one process of each machine.

    Raises:
        FileNotFoundError: There is no such file, and it cannot be downloaded.
        ValueError: The network is not known.
    """
    if name not in WEIGHT_URLS:
        raise ValueError(
            f'The extractor {name!r} is not known: use {" or ".join(map(repr, WEIGHT_URLS))}, or a '
            'network of your own as a configuration (mmaddp.BackboneExtractor).'
        )
    if path is not None:
        path = Path(path).expanduser()
        if not path.is_file():
            raise FileNotFoundError(f'There are no feature weights {path}. {_way_out(name)}')
    else:
        path = _from_hub(name)
    return FeatureWeights(name, path, file_sha256(path))


def _from_hub(name: str) -> Path:
    url = WEIGHT_URLS[name]
    path = Path(torch.hub.get_dir()) / 'checkpoints' / _file_name(name)
    if get_local_rank() == 0 and not path.is_file():
        # Both names end in the beginning of the file's SHA-256.
        sha256 = path.stem.rpartition('-')[2]
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(dir=path.parent) as folder:
                partial = Path(folder) / path.name
                torch.hub.download_url_to_file(url, str(partial), hash_prefix=sha256)
                partial.replace(path)
        except (OSError, RuntimeError) as error:
            raise FileNotFoundError(
                f'The weights of {name} are not at {path} and cannot be downloaded ({error}). '
                f'{_way_out(name)}'
            ) from error
    barrier()
    return path


def _file_name(name: str) -> str:
    return Path(urlparse(WEIGHT_URLS[name]).path).name


def _way_out(name: str) -> str:
    option = '--prc-weights' if name == 'vgg16' else '--feature-weights'
    return (
        f'Fetch {_file_name(name)} from {WEIGHT_URLS[name]} on a machine that can, and give its '
        f'path with {option} PATH (in a configuration: weights=PATH of the extractor).'
    )
