"""The printed plan: every choice with its reason."""

from collections.abc import Sequence
from typing import NamedTuple

from mmaddp.own.look import Look, mirror_ratio
from mmaddp.own.pixels import pixel_rows
from mmaddp.own.plan import (
    FEWEST_CODES,
    MOST_CODES,
    MOST_ENLARGED,
    RESOLUTIONS,
    STAGES,
    Plan,
    Wishes,
    codes_for,
)
from mmaddp.own.plan_time import TOKENS_PER_CODE, Cost, is_good, planned_seconds
from mmaddp.utils.durations import duration


class Choice(NamedTuple):
    """One line of the printed plan."""

    name: str
    value: str
    reason: str


def table(plan: Plan, found: Look, wishes: Wishes, costs: dict[str, Cost]) -> list[Choice]:
    """The plan, with a reason for each choice."""
    number, side = len(found.pictures), found.side
    smaller = plan.resolution < min(RESOLUTIONS[0], MOST_ENLARGED * side) / 2
    pixels = f'half of the pictures have at least {side} pixels'
    pixels += '; larger ones would need more time than there is' if smaller else ''
    machine = 'GPU' if plan.device == 'cuda' else 'CPU'
    mirrored = mirror_ratio(found.thumbnails)

    def chosen(name: str, value: str, fixed: object, reason: str) -> Choice:
        if wishes.start:
            return Choice(name, value, f'that of the weights in {wishes.start}')
        return Choice(name, value, 'asked for' if fixed else reason)

    return [
        Choice(
            'pictures',
            f'{plan.num_train} + {plan.num_val}',
            'for training, and held out to judge with, drawn with the seed',
        ),
        chosen('resolution', f'{plan.resolution} pixels', wishes.resolution, pixels),
        *(Choice(*row) for row in pixel_rows(plan, found, wishes)),
        chosen(
            'token grid',
            f'{plan.grid} x {plan.grid}',
            wishes.grid,
            f'patches of {plan.patch} pixels{_why_coarse(plan)}',
        ),
        chosen('codes', str(plan.num_codes), None, _why_codes(plan)),
        chosen('size', plan.size, wishes.size != 'auto', f'{number:,} pictures on a {machine}'),
        Choice(
            'mirrored',
            'yes' if plan.flip else 'no',
            f'mirrored, they lie {mirrored:.2f} times as far from the others as they are',
        ),
        Choice('views', str(plan.views), 'augmented versions of each picture in the token cache'),
        *(_stage(stage, plan, costs[stage]) for stage in STAGES),
        Choice('all', duration(planned_seconds(plan, costs)), _why_all(plan, wishes)),
    ]


def _why_codes(plan: Plan) -> str:
    tokens = plan.num_train * plan.grid**2
    if plan.num_codes < codes_for(tokens):
        return f'about one for {TOKENS_PER_CODE:,} of the tokens that ADDP sees in this time'
    return f'about one for 500 of {tokens:,} tokens, {FEWEST_CODES} to {MOST_CODES}'


def _why_coarse(plan: Plan) -> str:
    """Why a grid is coarser than it could be, '' where it is not."""
    if plan.device == 'cpu' and plan.resolution == 32 and plan.grid == 4:
        return '; on a CPU smaller ones take three times as long and were no better'
    return ''


def _stage(stage: str, plan: Plan, cost: Cost) -> Choice:
    seconds = plan.steps(stage) * cost.seconds_per_step + cost.fixed_seconds(plan.views)
    steps, batch = plan.steps_per_epoch(stage), plan.batch[stage]
    measured = f'{1000 * cost.seconds_per_step:.0f} ms per step, {cost.memory_gib:.1f} GiB'
    if cost.encode_seconds:
        measured += f', {duration(plan.views * cost.encode_seconds)} for encoding'
    reason = f'{duration(seconds)}: {measured}, measured'
    if steps < plan.steps_per_pass(stage):
        reason += f'; an epoch is {steps * batch:,} pictures'
    return Choice(stage, f'{plan.epochs[stage]} epochs x {steps} steps of {batch}', reason)


def _why_all(plan: Plan, wishes: Wishes) -> str:
    used = 'of training and encoding; the rest of the budget is for samples and report'
    if not is_good(plan):
        return f'{used}; short for good samples: give more --budget than {budget_text(wishes)}'
    return used


def budget_text(wishes: Wishes) -> str:
    """The budget as it is typed."""
    for unit, seconds in (('h', 3600), ('m', 60)):
        if wishes.budget >= 2 * seconds:
            return f'{wishes.budget / seconds:.3g}{unit}'
    return f'{wishes.budget:.3g}s'


def print_table(rows: Sequence[Choice]) -> str:
    """The plan as a table of text."""
    first = max(len(row.name) for row in rows)
    second = max(len(row.value) for row in rows)
    return '\n'.join(f'  {row.name:{first}}  {row.value:{second}}  {row.reason}' for row in rows)
