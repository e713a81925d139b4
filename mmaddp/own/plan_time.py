"""How long a plan trains: the time, divided among its stages."""

import math
from dataclasses import dataclass, replace
from typing import Optional

from mmaddp.own.plan import FEWEST_CODES, STAGES, Plan

# Shares of the time for training, and steps from which on samples and features can be good: see
# docs/own_rules.md. A tokenizer of coloured pictures needs more.
SHARES = dict(tokenizer=0.2, predictor=0.2, addp=0.6)
COLOURED_SHARES = dict(tokenizer=0.36, predictor=0.17, addp=0.47)
GOOD_STEPS = dict(tokenizer=300, predictor=500, addp=1000)
COLOURED_GOOD_STEPS = GOOD_STEPS | dict(tokenizer=1000)
# Steps below which a stage is not worth running, and steps and passes beyond which little is
# expected. Our own choice.
FEWEST_STEPS, MOST_STEPS, MOST_PASSES = 60, 6000, 200
# Share of the time for encoding pictures; where it does not suffice there are fewer views of each.
ENCODING = 0.1
# Tokens that ADDP sees of each code, at least: with 1,400 samples fell apart (docs/own_rules.md).
TOKENS_PER_CODE = 8000
# Part of the budget that is kept back for preparing, sampling and the report.
KEPT_BACK = 0.15


@dataclass(frozen=True)
class Cost:
    """What was measured of a stage.

    Attributes:
        seconds_per_step (float): Of training, data included.
        memory_gib (float): Peak.
        start_seconds (float): Until the first step.
        encode_seconds (float): Of encoding one view of all pictures afterwards; 0 for the stages
            that do not.
    """

    seconds_per_step: float
    memory_gib: float
    start_seconds: float = 0.0
    encode_seconds: float = 0.0

    def fixed_seconds(self, views: int) -> float:
        """What does not depend on the number of steps."""
        return self.start_seconds + views * self.encode_seconds


def with_epochs(plan: Plan, costs: dict[str, Cost], seconds: float) -> Optional[Plan]:
    """Divide the time for training; where it is short, there are fewer views and codes.

    Args:
        plan (Plan): Without epochs.
        costs (dict[str, Cost]): By stage.
        seconds (float): For all stages.

    Returns:
        Plan, optional: None if the time does not suffice for the fewest steps.
    """
    plan = replace(plan, views=_affordable_views(plan, costs, seconds))
    seconds -= fixed_seconds(plan, costs)
    epochs = {}
    shares = _shares(plan)
    left = sum(shares.values())
    for stage in STAGES:
        per_epoch = costs[stage].seconds_per_step * plan.steps_per_epoch(stage)
        share = max(seconds, 0) * shares[stage] / left
        most = max(MOST_PASSES * plan.steps_per_pass(stage), MOST_STEPS)
        number = min(int(share / per_epoch), most // plan.steps_per_epoch(stage))
        if number * plan.steps_per_epoch(stage) < FEWEST_STEPS:
            return None
        epochs[stage] = number
        seconds -= number * per_epoch
        left -= shares[stage]
    plan = replace(plan, epochs=epochs)
    return plan if plan.start else replace(plan, num_codes=_learnable_codes(plan))


def _shares(plan: Plan) -> dict[str, float]:
    return COLOURED_SHARES if plan.coloured else SHARES


def _learnable_codes(plan: Plan) -> int:
    """The codes of a plan, or fewer, where ADDP is too short for so many."""
    seen = plan.steps('addp') * plan.batch['addp'] * plan.grid**2
    learnable = 2 ** int(math.log2(seen / TOKENS_PER_CODE)) if seen > TOKENS_PER_CODE else 1
    return min(plan.num_codes, max(learnable, FEWEST_CODES))


def _affordable_views(plan: Plan, costs: dict[str, Cost], seconds: float) -> int:
    """The views of a plan, or fewer, but one at least."""
    one = sum(cost.encode_seconds for cost in costs.values())
    affordable = int(ENCODING * seconds / one) if one else plan.views
    return max(1, min(plan.views, affordable))


def fixed_seconds(plan: Plan, costs: dict[str, Cost]) -> float:
    """What does not depend on the number of steps, of all stages."""
    return sum(cost.fixed_seconds(plan.views) for cost in costs.values())


def least_seconds(plan: Plan, costs: dict[str, Cost]) -> float:
    """Budget that is enough for the fewest steps of a plan."""
    needed = []
    for stage in STAGES:
        per_epoch = plan.steps_per_epoch(stage)
        epochs = math.ceil(FEWEST_STEPS / per_epoch)
        needed.append(costs[stage].seconds_per_step * epochs * per_epoch / _shares(plan)[stage])
    fixed = fixed_seconds(replace(plan, views=1), costs)
    return (fixed + 1.05 * max(needed)) / (1 - KEPT_BACK)


def is_good(plan: Plan) -> bool:
    """Whether every stage has steps enough for good samples."""
    good = COLOURED_GOOD_STEPS if plan.coloured else GOOD_STEPS
    return all(plan.steps(stage) >= good[stage] for stage in STAGES)


def planned_seconds(plan: Plan, costs: dict[str, Cost]) -> float:
    """Time of all trainings, and of encoding the pictures."""
    steps = sum(plan.steps(stage) * costs[stage].seconds_per_step for stage in STAGES)
    return steps + fixed_seconds(plan, costs)
