"""The quickstart's report, over all seeds."""

import statistics
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from digits import Digits

from mmaddp.own.pages import html_page, markdown_page, markdown_table
from mmaddp.own.stage import Stage
from mmaddp.utils.atomic import write_text
from mmaddp.utils.durations import duration

TITLE = 'Quickstart: the 1,797 handwritten digits that scikit-learn carries'
SMOKE = 'Smoke run of a few iterations: figures and pictures mean nothing'


def write_report(work_dir: Path, runs: Sequence[Digits], stages: Sequence[Stage]) -> str:
    """Write ``report.md`` and ``report.html``, with the pictures of the first seed.

    Returns:
        str: The table, and where the report lies.
    """
    rows = _rows(runs, stages)
    seeds = ', '.join(str(run.plan.seed) for run in runs)
    tables = {SMOKE if runs[0].smoke else f'Seeds: {seeds}': rows}
    drawn = [
        replace(picture, file=str((runs[0].out / picture.file).relative_to(work_dir)))
        for stage in stages
        for picture in stage.pictures
        if (runs[0].out / picture.file).is_file()
    ]
    write_text(work_dir / 'report.md', markdown_page(TITLE, tables, drawn, folder=''))
    write_text(work_dir / 'report.html', html_page(TITLE, tables, drawn, work_dir))
    return f'\n{markdown_table(rows)}\n\nReport: {work_dir / "report.html"}'


def missed_limits(runs: Sequence[Digits], stages: Sequence[Stage]) -> list[str]:
    """Figures whose mean misses its limit, of the stages that all runs have finished."""
    return [
        f'{stage.name}: {missed}'
        for stage, results in _finished(runs, stages)
        for missed in stage.missed(results)
    ]


def _finished(runs: Sequence[Digits], stages: Sequence[Stage]) -> list[tuple[Stage, list[dict]]]:
    results = [(stage, [run.result(stage.name) for run in runs]) for stage in stages]
    return [(stage, found) for stage, found in results if all(found)]


def _rows(runs: Sequence[Digits], stages: Sequence[Stage]) -> list[list[str]]:
    """A line for each stage: its time, and mean and spread of its figures."""
    rows = [['stage', 'time', 'figures']]
    total = 0.0
    for stage, results in _finished(runs, stages):
        seconds = statistics.mean(result['seconds'] for result in results)
        total += seconds
        rows.append([stage.name, duration(seconds), '; '.join(stage.describe(results))])
    return [*rows, ['total of a seed', duration(total), '']]
