"""A trained model in memory, with what it was loaded from."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Optional

from mmengine.config import Config
from mmengine.model import BaseModel
from mmengine.registry import DefaultScope

from mmaddp.models.selfsup import ADDP
from mmaddp.models.tokenizers import VQGANTraining

PICTURES = ('generate', 'reconstruct', 'inpaint', 'outpaint', 'vary')
# Base classes of the hosts, by name, because importing them takes seconds.
OF_HOSTS = {
    'BaseClassifier': ('classify', 'features', 'score'),
    'BaseDetector': ('detect', 'score'),
    'BaseSegmentor': ('segment', 'score'),
}


class ModelHolder:
    """A trained model, and which methods of :class:`LoadedModel` it allows.

    Args:
        model (BaseModel): From :func:`mmaddp.apis.build_model`.
        checkpoint (str): Where its weights came from.
        cfg_options (Mapping, optional): Settings by which its config differs from the file.
            Defaults to None.
    """

    def __init__(
        self,
        model: BaseModel,
        checkpoint: str,
        cfg_options: Optional[Mapping[str, Any]] = None,
    ) -> None:
        self.model = model
        self.checkpoint = checkpoint
        self.cfg_options = dict(cfg_options or {})

    @property
    def config(self) -> Config:
        """The configuration that the model was built from."""
        return self.model._config

    @property
    def abilities(self) -> tuple[str, ...]:
        """Names of the methods that can be called."""
        return abilities_of(self.model)

    def __repr__(self) -> str:
        kind = type(self.model).__name__
        return f'<{kind} of {self.checkpoint}: {", ".join(self.abilities)}>'

    @contextmanager
    def _doing(self, ability: str) -> Iterator[None]:
        """Check that the model can do something, and do it in the scope of its host.

        Raises:
            ValueError: It cannot.
        """
        if ability not in self.abilities:
            raise ValueError(
                f'{type(self.model).__name__} of {self.checkpoint} cannot {ability}; it has '
                f'{", ".join(self.abilities)}.'
            )
        scope = self.config.get('default_scope', 'mmpretrain')
        with DefaultScope.overwrite_default_scope(scope):
            yield


def abilities_of(model: BaseModel) -> tuple[str, ...]:
    """Names of the methods of :class:`LoadedModel` that a model allows."""
    if isinstance(model, ADDP):
        return (*PICTURES, 'features', 'score')
    if isinstance(model, VQGANTraining):
        return ('reconstruct', 'score')
    names = {kind.__name__ for kind in type(model).__mro__}
    found = next((OF_HOSTS[name] for name in OF_HOSTS if name in names), ())
    headless = 'classify' in found and getattr(model, 'head', None) is None
    return tuple(name for name in found if not (headless and name == 'classify'))
