"""Released weights: what exists, where it comes from and where it is searched for.

A configuration or a command line names them as ``mmaddp://NAME``.
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Optional, Union

SCHEME = 'mmaddp://'
FOLDERS = ('checkpoints', 'exp/pretrained_model', 'exp/release')
"""Where files are looked for, below the working directory; the last two are the official layout."""

_MAGE = 'MIT (github.com/LTH14/mage)'
_ADDP = 'Apache-2.0 (github.com/ChangyaoTian/ADDP)'
_DRIVE = 'https://drive.google.com/file/d/{}'
_HUB = 'https://huggingface.co/Changyao/ADDP/resolve/main/{}'


@dataclass(frozen=True)
class KnownWeights:
    """One released file.

    Attributes:
        file (str): Its name.
        task (str): What it does.
        size (str): Size of the model.
        url (str): Where to get it.
        licence (str): Licence of the project that releases it.
        published (dict[str, float]): Scores from the release's paper or README, not measured by us.
        config (str, optional): Config whose model the file fills, below ``configs/``; None if the
            file is a part of others.
        sha256 (str, optional): Its SHA-256, whole or only the beginning; None if not yet known.
    """

    file: str
    task: str
    size: str
    url: str
    licence: str
    published: dict[str, float] = field(default_factory=dict)
    config: Optional[str] = None
    sha256: Optional[str] = None


KNOWN_WEIGHTS = {
    'vqgan': KnownWeights(
        'vqgan_jax_strongaug.ckpt',
        'tokenizer',
        'VQGAN f16, 1024 codes',
        _DRIVE.format('13S_unB87n6KKuuMdyMnyExW0G1kplTbP'),
        _MAGE,
        config='tokenizer/vqgan-f16-released_8xb32-amp-coslr-10e_in1k-256px.py',
    ),
    'mage-vit-base': KnownWeights(
        'mage-vitb-1600.pth',
        'token predictor',
        'ViT-B/16',
        _DRIVE.format('1Q6tbt3vF0bSrv5sPrjpFu8ksG3vTsVX2'),
        _MAGE,
        {'FID': 11.1, 'IS': 81.2, 'linear probing top-1': 74.7, 'fine-tuning top-1': 82.5},
    ),
    'mage-vit-large': KnownWeights(
        'mage-vitl-1600.pth',
        'token predictor',
        'ViT-L/16',
        _DRIVE.format('15xBPa8EIa0IRUiRYtXiYOC9JZVyMIFrB'),
        _MAGE,
        {'FID': 9.1, 'IS': 105.1, 'linear probing top-1': 78.9, 'fine-tuning top-1': 83.9},
    ),
    'addp-vit-base': KnownWeights(
        'addp-vit-base-16.pth',
        'ADDP pre-training, with tokenizer and token predictor',
        'ViT-B/16',
        _HUB.format('addp-vit-base-16.pth'),
        _ADDP,
        {'FID': 8.9, 'IS': 95.3, 'fine-tuning top-1': 83.9},
        config='generation/addp_vit-base-p16_8xb64-cosine-20steps_in1k-256px.py',
    ),
    'addp-vit-large': KnownWeights(
        'addp-vit-large-16.pth',
        'ADDP pre-training, with tokenizer and token predictor',
        'ViT-L/16',
        _HUB.format('addp-vit-large-16.pth'),
        _ADDP,
        {'FID': 7.6, 'IS': 105.1, 'fine-tuning top-1': 85.9},
        config='generation/addp_vit-large-p16_8xb64-cosine-20steps_in1k-256px.py',
    ),
    'vgg16': KnownWeights(
        'vgg16-397923af.pth',
        'perceptual loss of the tokenizer training',
        'VGG16',
        'https://download.pytorch.org/models/vgg16-397923af.pth',
        'BSD-3-Clause (github.com/pytorch/vision)',
        sha256='397923af',
    ),
    'inception': KnownWeights(
        'weights-inception-2015-12-05-6726825d.pth',
        'features of the scores FID, IS and KID',
        'Inception v3 of TensorFlow',
        'https://github.com/toshas/torch-fidelity/releases/download/v0.2.0/'
        'weights-inception-2015-12-05-6726825d.pth',
        'Apache-2.0 (github.com/toshas/torch-fidelity)',
        sha256='6726825d0af5f729cebd5821db510b11b1cfad8faad88a03f1befd49fb9129b2',
    ),
}
"""By name."""


def known(name: str) -> KnownWeights:
    """Look a name up.

    Raises:
        ValueError: There are no weights of that name.
    """
    if name not in KNOWN_WEIGHTS:
        raise ValueError(f'There are no known weights {name!r}; use {", ".join(KNOWN_WEIGHTS)}.')
    return KNOWN_WEIGHTS[name]


def find_known(name: str) -> Optional[Path]:
    """The file of known weights, in one of ``FOLDERS`` or below; None if it is not there.

    Raises:
        ValueError: There are no weights of that name.
    """
    file = known(name).file
    for folder in map(Path, FOLDERS):
        for path in (folder / file, *sorted(folder.rglob(file))):
            if path.is_file():
                return path
    return None


def local_file(address: Union[str, Path]) -> Path:
    """Path of a file, or of the known weights that ``mmaddp://NAME`` names.

    Raises:
        FileNotFoundError: The known weights are not there.
        ValueError: There are no weights of that name.
    """
    if not str(address).startswith(SCHEME):
        return Path(address).expanduser()
    name = str(address).removeprefix(SCHEME)
    path = find_known(name)
    if path is None:
        raise FileNotFoundError(
            f'{address} is not there. Run mmaddp download {name}, or ' + by_hand(name)
        )
    return path


def by_hand(name: str) -> str:
    """How to get known weights by hand."""
    weights = known(name)
    return (
        f'open {weights.url} in a browser and put {weights.file} into {FOLDERS[0]}/ '
        f'({" and ".join(FOLDERS[1:])} are searched as well).'
    )
