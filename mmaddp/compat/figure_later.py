"""A visualizer whose figure is made when something is drawn on it."""

import sys
from collections.abc import Callable
from functools import partial
from typing import Any, Optional

NAMES = ('fig_save_canvas', 'fig_save', 'ax_save', 'dpi')


class _Later:
    """Stands for a figure, or something of it, that nobody has asked for yet.

    Args:
        make (Callable): Makes the figure; gives its canvas, itself and its axes.
    """

    def __init__(self, make: Callable[[], tuple]):
        self.make = make

    def get_dpi(self) -> '_Later':
        """The resolution, later too."""
        return self


class _OfFigure:
    """An attribute of a visualizer that comes of its figure.

    Args:
        name (str): One of :data:`NAMES`.
    """

    def __init__(self, name: str):
        self.name = name

    def __get__(self, visualizer: Optional[Any], kind: Optional[type] = None) -> Any:
        if visualizer is None:
            return self
        values = vars(visualizer)
        if self.name not in values:
            raise AttributeError(f'{type(visualizer).__name__} has no {self.name} yet.')
        value = values[self.name]
        # The host's constructor sets the resolution last, and reads the figure for it.
        if isinstance(value, _Later) and 'dpi' in values:
            canvas, figure, axes = value.make()
            values.update(zip(NAMES, (canvas, figure, axes, figure.get_dpi())))
        return values[self.name]

    def __set__(self, visualizer: Any, value: Any) -> None:
        vars(visualizer)[self.name] = value


def install() -> None:
    """Change mmengine's ``Visualizer``, and so all that inherit from it."""
    visualizer = sys.modules['mmengine.visualization'].Visualizer
    make = visualizer._initialize_fig

    def make_later(self: Any, fig_cfg: dict) -> tuple[_Later, ...]:
        return (_Later(partial(make, self, fig_cfg)),) * 3

    visualizer._initialize_fig = make_later
    for name in NAMES:
        setattr(visualizer, name, _OfFigure(name))
