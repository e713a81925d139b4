"""The quickstart's table and report."""

import statistics
from collections.abc import Sequence
from pathlib import Path

from run import Run
from stages import STAGES

from mmaddp.own.stage import Stage, duration
from mmaddp.utils.atomic import write_text


def write_report(work_dir: Path, runs: list[Run]) -> str:
    """Write ``report.md``.

    Returns:
        str: The table, and where the report lies.
    """
    table = _table(runs)
    first = runs[0].work_dir / f'seed{runs[0].seed}'
    parts = [
        '# Quickstart',
        'The whole chain on the 1,797 handwritten digits that scikit-learn carries.'
        + _how_long(runs),
        table,
    ]
    for picture in (picture for stage in STAGES for picture in stage.pictures):
        if (first / picture.file).is_file():
            path = (first / picture.file).relative_to(work_dir)
            parts.append(f'## {picture.title}\n\n{picture.text}\n\n![{picture.title}]({path})')
    report = work_dir / 'report.md'
    write_text(report, '\n\n'.join(parts) + '\n')
    return f'\n{table}\n\nReport: {report}'


def missed_limits(runs: list[Run], stages: Sequence[Stage] = STAGES) -> list[str]:
    """Figures that miss their limits, of the stages that all runs have finished."""
    if runs[0].smoke:
        return []
    results = [(stage, [run.result(stage) for run in runs]) for stage in stages]
    return [
        f'{stage.name}: {missed}'
        for stage, found in results
        if all(found)
        for missed in stage.missed(found)
    ]


def _how_long(runs: list[Run]) -> str:
    if runs[0].smoke:
        return ' This was a smoke run of a few iterations: its figures and pictures mean nothing.'
    return f' Seeds: {", ".join(str(run.seed) for run in runs)}.'


def _table(runs: list[Run]) -> str:
    lines = ['| stage | time | figure |', '| --- | ---: | --- |']
    total = 0.0
    for stage in STAGES:
        results = [run.result(stage) for run in runs]
        if not all(results):
            lines.append(f'| {stage.name} | not run | |')
            continue
        seconds = statistics.mean(result['seconds'] for result in results)
        total += seconds
        figures = '; '.join(stage.describe(results, runs[0].smoke))
        lines.append(f'| {stage.name} | {seconds:.0f} s | {figures} |')
    return '\n'.join([*lines, f'| total | {duration(total)} | |'])
