"""Curves of several runs in one picture."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Optional

from mmaddp.run.runs.finding import Found
from mmaddp.run.runs.record import Record
from mmaddp.run.runs.scalars import scalar
from mmaddp.utils.atomic import atomic_path

# Of more figures, the first ones are drawn unless they are named.
MOST_PANELS, COLUMNS = 6, 3
STYLES = ('-', '--', ':', '-.')


def draw_curves(
    runs: Sequence[Record], file: Path, found: Found, names: Optional[Sequence[str]] = None
) -> list[str]:
    """Draw what runs have logged: a panel for each scalar, a line for each run.

    Args:
        runs (Sequence[Record]): The runs; those that have logged nothing have no line.
        file (Path): PNG file; what is there under this name is replaced.
        found (Found): Told of damaged files.
        names (Sequence[str], optional): The scalars. Defaults to None: ``loss``, and the figures
            that judge the runs.

    Returns:
        list[str]: The scalars that were drawn.

    Raises:
        ValueError: The file does not end in ``.png``, or no run has logged one of the scalars.
    """
    if file.suffix.lower() != '.png':
        raise ValueError(f'Curves are drawn into a .png file, not into {file}.')
    wanted = names or list(dict.fromkeys(['loss', *(run.figure for run in runs if run.figure)]))
    curves = {name: _curves(runs, name, found) for name in wanted}
    empty = [name for name, lines in curves.items() if not lines]
    drawn = [name for name in wanted if name not in empty]
    if not drawn or (names and empty):
        raise ValueError(f'None of these runs has logged {", ".join(empty or wanted)}.')
    panels = drawn if names else drawn[:MOST_PANELS]
    _draw({name: curves[name] for name in panels}, file)
    return panels


def _curves(runs: Sequence[Record], name: str, found: Found) -> dict[str, tuple[list, list]]:
    read = {run.name: scalar(run.folder, name, found.name_damaged) for run in runs}
    return {run: curve for run, curve in read.items() if curve[0]}


def _draw(curves: dict[str, dict[str, Any]], file: Path) -> None:
    import matplotlib

    matplotlib.use('Agg')
    from matplotlib import pyplot as plt

    columns = min(COLUMNS, len(curves))
    rows = -(-len(curves) // columns)
    figure, axes = plt.subplots(
        rows, columns, figsize=(4.4 * columns, 3.1 * rows), squeeze=False, layout='constrained'
    )
    runs = list(dict.fromkeys(run for lines in curves.values() for run in lines))
    styles: dict[str, dict[str, Any]] = {
        run: dict(color=plt.get_cmap('tab10')(number % 10), ls=STYLES[number // 10 % len(STYLES)])
        for number, run in enumerate(runs)
    }
    for axis, (name, lines) in zip(axes.flat, curves.items()):
        for run, (steps, values) in lines.items():
            marker = 'o' if len(steps) < 20 else None
            axis.plot(steps, values, marker=marker, ms=3, lw=1.3, **styles[run])
        axis.set_title(name, fontsize=10)
        # Of validations, mmengine counts epochs where a training does.
        validated = '/' in name and not name.startswith('insight/')
        axis.set_xlabel('epoch or step' if validated else 'step')
        axis.grid(alpha=0.3)
    for axis in axes.flat[len(curves) :]:
        axis.axis('off')
    handles = [plt.Line2D([], [], label=run, **styles[run]) for run in runs]
    figure.legend(handles=handles, loc='outside lower center', ncols=3, fontsize=8, frameon=False)
    file.parent.mkdir(parents=True, exist_ok=True)
    with atomic_path(file) as unfinished:
        figure.savefig(unfinished, format='png', dpi=100)
    plt.close(figure)
