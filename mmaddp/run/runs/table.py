"""Runs as a table: chosen, sorted, written."""

import fnmatch
from collections.abc import Sequence
from typing import Optional

from mmaddp.run.runs.record import Record
from mmaddp.utils.durations import duration

# What runs are sorted by: name on the command line -> attribute.
ORDERS = dict(
    started='started',
    name='name',
    task='task',
    state='state',
    loss='loss',
    best='best',
    time='seconds',
)
COLUMNS = ('run', 'task', 'state', 'loss', 'best figure', 'time')


def choose(
    runs: Sequence[Record],
    name: Optional[str] = None,
    task: Optional[str] = None,
    state: Optional[str] = None,
) -> list[Record]:
    """Choose runs.

    Args:
        runs (Sequence[Record]): All of them.
        name (str, optional): Pattern of their names, with ``*`` and ``?``. Defaults to None, all.
        task (str, optional): Part of the name of their task. Defaults to None, all.
        state (str, optional): Their state. Defaults to None, all.
    """
    return [
        run
        for run in runs
        if (name is None or fnmatch.fnmatch(run.name, name))
        and (task is None or task.lower() in run.task)
        and state in (None, run.state)
    ]


def in_order(runs: Sequence[Record], order: str, reverse: bool = False) -> list[Record]:
    """Sort runs by one of ``ORDERS``; those that lack it come last."""
    key = ORDERS[order]
    known = [run for run in runs if getattr(run, key) is not None]
    known.sort(key=lambda run: getattr(run, key), reverse=reverse)
    return known + [run for run in runs if getattr(run, key) is None]


def table(runs: Sequence[Record]) -> str:
    """Two lines for each run: what came out, and what it was made with."""
    rows = [COLUMNS, *map(_row, runs)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(COLUMNS))]
    lines = ['  '.join(cell.ljust(width) for cell, width in zip(row, widths)) for row in rows]
    text = [lines[0].rstrip()]
    for run, line in zip(runs, lines[1:]):
        text += [line.rstrip(), f'    {_details(run)}']
    return '\n'.join(text)


def _row(run: Record) -> tuple[str, ...]:
    state = f'{run.state}: {run.place}' if run.place else run.state
    best = '' if run.best is None else f'{run.figure} {run.best:.4g}'
    loss = '' if run.loss is None else f'{run.loss:.4g}'
    time = '' if run.seconds is None else duration(run.seconds)
    return run.name, run.task, state, loss, best, time


def _details(run: Record) -> str:
    parts = [run.config or 'configuration unknown']
    if run.started:
        parts.append(run.started.replace('T', ' '))
    if run.seed is not None:
        parts.append(f'seed {run.seed}')
    parts += [f'{name} {version}' for name, version in run.versions.items()]
    return ', '.join(parts)
