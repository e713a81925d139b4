"""From a folder of pictures to models and a report."""

import shlex
import time
from dataclasses import asdict
from pathlib import Path
from typing import Optional

import torch

from mmaddp.own.chain import MAKER, Chain, stages
from mmaddp.own.look import Look, look
from mmaddp.own.measure import (
    count_parameters,
    measure,
    memory_limit_gib,
    reading_time,
    stage_config,
)
from mmaddp.own.out_folder import check_places, stored_plan
from mmaddp.own.plan import STAGES, Plan, Wishes, candidates
from mmaddp.own.plan_table import budget_text, print_table, table
from mmaddp.own.plan_time import KEPT_BACK, Cost, is_good, least_seconds, with_epochs
from mmaddp.own.prepare import check_space, space_needed
from mmaddp.own.report import FIGURES, write_report
from mmaddp.own.sheet import draw_sheet
from mmaddp.own.starts import PLAN_FILE, continued, read_start
from mmaddp.own.write import config_file, config_texts
from mmaddp.utils.atomic import write_json, write_text
from mmaddp.utils.durations import duration
from mmaddp.utils.own_folders import hold_folder


def pretrain(
    images: Path, out: Path, wishes: Wishes, only_plan: bool = False, start_seconds: float = 0.0
) -> None:
    """Look at pictures, plan, train and report; what was done before is not done again.

    Args:
        images (Path): Folder of pictures, at any depth.
        out (Path): Folder for everything that is made; a new one, or that of the same command.
        wishes (Wishes): What is fixed.
        only_plan (bool): Stop before training. Defaults to False.
        start_seconds (float): What loading the program took, for the plan. Defaults to 0.

    Raises:
        FileNotFoundError: There is no such folder.
        OSError: The disk is too full, or a file cannot be written.
        ValueError: The pictures do not suffice, the budget is too small, or the folder is that of
            another plan.
    """
    started = time.monotonic()
    images, out = images.resolve(), out.resolve()
    check_places(images, out, MAKER)
    found = look(images)
    print('\n'.join(found.lines()), flush=True)
    with hold_folder(out, MAKER):
        plan, costs = _stored(found, out, wishes) or _made(found, out, wishes, start_seconds)
        _write_configs(found, out, plan, costs, only_absent=True)
        rows = table(plan, found, wishes, costs)
        print(f'The plan:\n{print_table(rows)}')
        print(f'Pictures as they are trained on: {out / "augmented.png"}')
        print(f'Configurations, to look at and to change: {out / "configs"}', flush=True)
        if only_plan:
            print('The same command without --plan carries the plan out.')
            return
        chain = Chain(out, found, plan, costs, rows)
        chain.complete(stages(write_report, FIGURES))
    print(f'This run took {duration(time.monotonic() - started)}.')
    print(f'Report: {out / "report.html"}')
    print(f'New pictures: {generate_command(chain)}')


def generate_command(chain: Chain) -> str:
    """The command that generates with the finished model."""
    config, checkpoint = config_file('addp', chain.out), chain.checkpoint('addp')
    files = (str(config), str(checkpoint), '--out', str(chain.out / 'more'))
    return shlex.join(['mmaddp', 'generate', *files, '--num-images', '64'])


def _request(found: Look, wishes: Wishes) -> dict:
    """What a plan is made for."""
    return dict(images=str(found.folder), pictures=found.digest, **wishes._asdict())


def _stored(found: Look, out: Path, wishes: Wishes) -> Optional[tuple[Plan, dict[str, Cost]]]:
    """The plan in the folder, None if there is none.

    Raises:
        ValueError: It is another plan's, or damaged.
    """

    def build(content: dict) -> tuple[Plan, dict[str, Cost]]:
        costs = {stage: Cost(**cost) for stage, cost in content['costs'].items()}
        return Plan(**content['plan']), costs

    return stored_plan(out / PLAN_FILE, _request(found, wishes), build)


def _made(
    found: Look, out: Path, wishes: Wishes, start_seconds: float
) -> tuple[Plan, dict[str, Cost]]:
    """Make a plan, and write it with everything that the user may want to look at."""
    plan, costs = _best(found, wishes, start_seconds)
    configs = {stage: stage_config(stage, plan) for stage in STAGES}
    sizes = [count_parameters(config) for config in configs.values()]
    check_space(out, space_needed(found, plan, sizes))
    draw_sheet(found, configs['tokenizer'], plan.seed, out / 'augmented.png')
    _write_configs(found, out, plan, costs)
    write_json(out / 'look.json', dict(lines=found.lines(), left_out=found.left_out))
    content = dict(
        request=_request(found, wishes),
        plan=plan.to_dict(),
        costs={stage: asdict(cost) for stage, cost in costs.items()},
    )
    write_json(out / PLAN_FILE, content)
    return plan, costs


def _write_configs(
    found: Look, out: Path, plan: Plan, costs: dict[str, Cost], only_absent: bool = False
) -> None:
    """Write the configurations; those that the user may have changed are kept if asked for."""
    seconds = {stage: cost.seconds_per_step for stage, cost in costs.items()}
    for stage, text in config_texts(plan, out, found.folder, seconds).items():
        file = config_file(stage, out)
        if not (only_absent and file.exists()):
            write_text(file, text)


def _best(found: Look, wishes: Wishes, start_seconds: float) -> tuple[Plan, dict[str, Cost]]:
    """The most ambitious plan that the time is enough for.

    Raises:
        ValueError: It is not even enough for the least ambitious one.
    """
    print('Measuring how long steps take ...', flush=True)
    seconds = (1 - KEPT_BACK) * wishes.budget
    possible = []
    start = read_start(wishes.start) if wishes.start else None
    channels = wishes.channels or (start.channels if start else None)
    plans = candidates(found, wishes._replace(channels=channels))
    if start:
        plans = [continued(plans[0], start, wishes)]
    for plan in plans:
        costs = _costs(found, plan, start_seconds)
        timed = None if costs is None else with_epochs(plan, costs, seconds)
        if timed and is_good(timed):
            return timed, costs
        if costs is not None:
            possible.append((timed, plan, costs))
    if not possible:
        raise ValueError(
            f'No plan fits into the memory of this {wishes.device}: take a smaller --size or '
            '--resolution.'
        )
    timed, plan, costs = possible[-1]
    if timed is None:
        raise ValueError(
            f'A budget of {budget_text(wishes)} is too small: the smallest plan ({plan.size}, '
            f'{plan.resolution} pixels) needs at least '
            f'{duration(least_seconds(plan, costs))} on this machine. Give more --budget, or fewer '
            'pictures if these are many.'
        )
    return timed, costs


def _costs(found: Look, plan: Plan, start_seconds: float) -> Optional[dict[str, Cost]]:
    """Costs of the trainings; None if one of them needs more memory than there is."""
    reading = reading_time(found, plan)
    costs = {}
    for stage in STAGES:
        try:
            cost = measure(stage, plan, reading, start_seconds)
        except torch.OutOfMemoryError:
            return None
        if cost.memory_gib > 0.9 * memory_limit_gib(plan.device):
            return None
        costs[stage] = cost
    return costs
