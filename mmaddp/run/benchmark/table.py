"""Results as text."""

from typing import Any

ROW = '  {:18} {:>10} {:>23} {:>12} {:>9} {:>10} {:>7}'


def table(result: dict[str, Any]) -> str:
    """Lines on a result of :func:`mmaddp.run.benchmark.measure.measure` for people."""
    settings, machine = result['settings'], result['machine']
    where = machine.get('gpu') or f'{machine["cpu"]}, {machine["threads"]} threads'
    about = [result['date'], where, f'torch {result["versions"]["torch"]}']
    about += [result.get('precision', ''), f'batch {settings["batch"]}']
    if rates := result.get('matrix_gflops'):
        listed = ', '.join(f'{kind} {rate:,.0f}' for kind, rate in rates.items())
        about.append(f'matrix products at {listed} GFLOP/s')
    unit = f'{result.get("unit", "")}/s'
    head = ROW.format('', 'median', 'quartiles', unit, 'peak GiB', 'GFLOP', 'share')
    lines = [f'{result["benchmark"]} {settings["config"]}', f'  {"; ".join(about)}', head]
    lines += [_row(name, found) for name, found in result['variants'].items()]
    for name, ratio in result['ratios'].items():
        lines.append(f'  {name}: {_ratio(ratio)} in {ratio["count"]} rounds')
        if 'gpu' not in machine:
            lines.append(f'  {name}, of processor time: {_ratio(ratio["processor"])}')
    lines += [_equality(found) for found in result['equality']]
    parts = result.get('parts', {})
    lines += [f'  {name:20} {seconds:10.4f} s' for name, seconds in parts.items()]
    return '\n'.join(lines)


def _row(name: str, found: dict[str, Any]) -> str:
    seconds = found['seconds']
    return ROW.format(
        name,
        f'{seconds["median"]:.4f} s',
        f'{seconds["q1"]:.4f} to {seconds["q3"]:.4f}',
        *(
            '' if value is None else form.format(value)
            for form, value in (
                ('{:,.3f}', found.get('items_per_second')),
                ('{:.2f}', seconds['peak_gib']),
                ('{:,.1f}', found.get('gflop')),
                ('{:.0%}', found.get('share_of_matrix_rate')),
            )
        ),
    )


def _ratio(found: dict[str, Any]) -> str:
    return f'{found["median"]:.2f} ({found["low"]:.2f} to {found["high"]:.2f})'


def _equality(found: dict[str, Any]) -> str:
    limit = found['limit']
    verdict = '' if limit is None else f' (limit {limit:.0e}: {"yes" if found["holds"] else "NO"})'
    return (
        f'  {found["quantity"]}: {found["ours"]:.7g} against {found["other"]:.7g}, apart '
        f'{found["difference"]:.1e}{verdict}'
    )
