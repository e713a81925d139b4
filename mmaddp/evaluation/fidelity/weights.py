"""Weights of torch-fidelity's networks: where they come from, and checks of their content."""

import io
from dataclasses import dataclass
from pathlib import Path
from typing import Optional, Union

import torch
from mmengine.dist import barrier, get_local_rank

from mmaddp.utils.atomic import atomic_path
from mmaddp.utils.hashing import file_sha256
from mmaddp.weights.checkpoint import extract_state_dict, load_checkpoint_file
from mmaddp.weights.known_weights import FOLDERS, find_known, known, local_file

# torch-fidelity's name of a network -> name of its weights in mmaddp.weights.known_weights.
NETWORKS = {'inception-v3-compat': 'inception', 'vgg16': 'vgg16'}


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
    """Find the weights of one of torch-fidelity's networks; download them if needed.

    Args:
        name (str): ``'inception-v3-compat'`` or ``'vgg16'``.
        path (str | Path, optional): The file. Defaults to None: the known weights where they are
            looked for (``checkpoints/``), else the file in PyTorch's hub folder, downloaded once
            by one process of each machine.

    Raises:
        FileNotFoundError: There is no such file, and it cannot be downloaded.
        ValueError: The network is not known.
    """
    if name not in NETWORKS:
        raise ValueError(
            f'The extractor {name!r} is not known: use {" or ".join(map(repr, NETWORKS))}, or a '
            'network of your own as a configuration (mmaddp.BackboneExtractor).'
        )
    if path is not None:
        path = local_file(path)
        if not path.is_file():
            raise FileNotFoundError(f'There are no feature weights {path}. {_way_out(name)}')
    else:
        path = find_known(NETWORKS[name]) or _from_hub(name)
    return FeatureWeights(name, path, file_sha256(path))


def is_published(name: str, sha256: str) -> bool:
    """Whether these are the weights used for published scores."""
    return name in NETWORKS and sha256.startswith(known(NETWORKS[name]).sha256)


def _from_hub(name: str) -> Path:
    weights = known(NETWORKS[name])
    path = Path(torch.hub.get_dir()) / 'checkpoints' / weights.file
    if get_local_rank() == 0 and not path.is_file():
        try:
            with atomic_path(path) as unfinished:
                torch.hub.download_url_to_file(
                    weights.url, str(unfinished), hash_prefix=weights.sha256
                )
        except (OSError, RuntimeError) as error:
            raise FileNotFoundError(
                f'The weights of {name} are not at {path} and cannot be downloaded ({error}). '
                f'{_way_out(name)}'
            ) from error
    barrier()
    return path


def _way_out(name: str) -> str:
    weights = known(NETWORKS[name])
    option = '--prc-weights' if name == 'vgg16' else '--feature-weights'
    return (
        f'Fetch {weights.file} from {weights.url} on a machine that can, and put it into '
        f'{FOLDERS[0]}/ or give its path with {option} PATH (in a configuration: weights=PATH of '
        'the extractor).'
    )
