"""The pictures of a training that are most like another one, by the features of its model."""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple, Optional

import torch
from torch import Tensor
from torch.nn.functional import normalize

from mmaddp.apis import LoadedModel
from mmaddp.utils.listing import list_pictures

# Where mmaddp pretrain and the quickstart put the pictures of a training, seen from the folder of
# its ADDP.
PICTURES = ('../data/train', '../data/digits/train', '../../data/digits/train')
BATCH = 32


class Neighbour(NamedTuple):
    """A picture of the training.

    Attributes:
        file (Path): Its file.
        likeness (float): Cosine of the angle between the features, in [-1, 1].
    """

    file: Path
    likeness: float


def training_pictures(model: LoadedModel) -> Optional[Path]:
    """Folder of the pictures that a model was trained on, None where it is not known."""
    folder = Path(model.checkpoint).parent
    found = [(folder / place).resolve() for place in PICTURES]
    return next((place for place in found if place.is_dir()), None)


class Neighbours:
    """Features of the pictures of trainings, computed once each.

    Args:
        most (int): Pictures of a training that are looked at, evenly spread over all of them.
    """

    def __init__(self, most: int) -> None:
        self.most = most
        self._known: dict[str, tuple[list[Path], Tensor]] = {}

    def learn(self, model: LoadedModel, report: Callable[[str], None]) -> None:
        """Compute the features of a model's training pictures, if that is still to be done.

        Args:
            model (LoadedModel): An ADDP.
            report (Callable): Is told how far this is.
        """
        folder = training_pictures(model)
        if folder is None or model.checkpoint in self._known:
            return
        files = list_pictures(folder, say=False).paths()
        files = files[:: -(-len(files) // self.most)] if files else []
        parts = []
        for start in range(0, len(files), BATCH):
            report(f'Features of training pictures: {start} of {len(files)}.')
            parts.append(model.features(files[start : start + BATCH], batch_size=BATCH))
        if parts:
            self._known[model.checkpoint] = files, normalize(torch.cat(parts), dim=1)

    def nearest(self, model: LoadedModel, features: Tensor, number: int) -> list[Neighbour]:
        """The training pictures whose features are most like those of a picture.

        Args:
            model (LoadedModel): The model of the features.
            features (Tensor): Shape (1, C).
            number (int): How many are wanted.

        Returns:
            list[Neighbour]: The most similar first; none where the pictures are not known.
        """
        if model.checkpoint not in self._known:
            return []
        files, vectors = self._known[model.checkpoint]
        found = (vectors @ normalize(features, dim=1)[0]).topk(min(number, len(files)))
        pairs = zip(found.indices.tolist(), found.values.tolist())
        return [Neighbour(files[index], likeness) for index, likeness in pairs]
