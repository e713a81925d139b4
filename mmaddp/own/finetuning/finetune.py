"""From labelled pictures and an encoder to a trained model and a report."""

import io
import shlex
import time
from contextlib import redirect_stdout
from dataclasses import replace
from pathlib import Path

from mmengine.config import Config

from mmaddp.own.finetuning.class_data import look_at_classes
from mmaddp.own.finetuning.coco_data import look_at_coco
from mmaddp.own.finetuning.encoder import Encoder, read_encoder
from mmaddp.own.finetuning.labelled import Labelled
from mmaddp.own.finetuning.map_data import look_at_maps
from mmaddp.own.finetuning.measure import measure
from mmaddp.own.finetuning.plan import Cost, Plan, Wishes, first_plan, table, with_length
from mmaddp.own.finetuning.report import write_report
from mmaddp.own.finetuning.stages import Finetuning, stages
from mmaddp.own.finetuning.write import config_file, config_text
from mmaddp.own.measure import count_parameters
from mmaddp.own.out_folder import check_places, stored_plan
from mmaddp.own.pixels import check_channels
from mmaddp.own.plan_table import print_table
from mmaddp.own.prepare import BYTES_PER_PARAMETER, CHECKPOINTS, check_space
from mmaddp.own.starts import PLAN_FILE
from mmaddp.utils.atomic import write_json, write_text
from mmaddp.utils.durations import duration
from mmaddp.utils.own_folders import hold_folder

MAKER = 'finetune'


def finetune(
    data: Path, out: Path, wishes: Wishes, only_plan: bool = False, start_seconds: float = 0.0
) -> None:
    """Look at labelled pictures, plan, train, test and draw; nothing is done twice.

    Args:
        data (Path): Folder of the labelled pictures.
        out (Path): Folder for everything that is made; a new one, or that of the same command.
        wishes (Wishes): What is fixed.
        only_plan (bool): Stop before training. Defaults to False.
        start_seconds (float): What loading the program took, for the plan. Defaults to 0.

    Raises:
        FileNotFoundError: A folder, a file or the encoder is missing.
        OSError: The disk is too full, or a file cannot be written.
        ValueError: Pictures and labels do not fit or do not suffice, the budget is too small, or
            the folder is that of another plan.
    """
    started = time.monotonic()
    data, out = data.resolve(), out.resolve()
    check_places(data, out, MAKER)
    found = _look(data, wishes)
    encoder = read_encoder(wishes.start)
    check_channels(found.channels, encoder.channels, f'--from {wishes.start}', data)
    print('\n'.join(found.lines), flush=True)
    with hold_folder(out, MAKER):
        request = dict(pictures=found.digest, data=str(data), **wishes._asdict())
        stored = stored_plan(out / PLAN_FILE, request, _plan_of)
        plan, cost = stored or _made(found, encoder, out, wishes, request, start_seconds)
        if not config_file(out).exists():
            write_text(config_file(out), config_text(found, encoder, plan, out, cost.step))
        rows = table(plan, found, encoder, wishes, cost)
        print(f'The plan:\n{print_table(rows)}')
        print(f'Configuration, to look at and to change: {config_file(out)}', flush=True)
        if only_plan:
            print('The same command without --plan carries the plan out.')
            return
        tuning = Finetuning(out, found, plan, cost, rows)
        tuning.complete(stages(tuning, write_report))
    print(f'This run took {duration(time.monotonic() - started)}.')
    print('\n'.join(_last_lines(tuning)))


def _look(data: Path, wishes: Wishes) -> Labelled:
    if wishes.task == 'detect':
        file = Path(wishes.annotations).resolve() if wishes.annotations else None
        return look_at_coco(data, wishes.seed, file)
    if wishes.annotations:
        raise ValueError(f'--annotations is for --task detect, not for {wishes.task}.')
    if wishes.task == 'segment':
        return look_at_maps(data, wishes.seed)
    return look_at_classes(data, wishes.seed)


def _plan_of(content: dict) -> tuple[Plan, Cost]:
    return Plan(**content['plan']), Cost(**content['cost'])


def _made(
    found: Labelled,
    encoder: Encoder,
    out: Path,
    wishes: Wishes,
    request: dict,
    start_seconds: float,
) -> tuple[Plan, Cost]:
    """Make a plan, and write it with the lists of pictures and the configuration."""
    plan = first_plan(found, encoder, wishes)
    if plan.steps_per_epoch < 1:
        raise ValueError(
            f'{found.folder}: {plan.num_train} pictures for training are too few for a step of '
            f'{plan.batch}.'
        )
    for name, content in found.lists().items():
        write_text(out / 'data' / name, content)
    print('Measuring how long steps take ...', flush=True)
    write_text(config_file(out), config_text(found, encoder, replace(plan, epochs=1), out))
    try:
        parameters = count_parameters(Config.fromfile(config_file(out)))
        check_space(out, CHECKPOINTS * BYTES_PER_PARAMETER * parameters)
        with redirect_stdout(io.StringIO()):  # the reader of COCO files prints
            cost = measure(config_file(out), plan.device, start_seconds)
        plan = with_length(plan, cost, wishes.budget)
    except BaseException:
        config_file(out).unlink()
        raise
    write_text(config_file(out), config_text(found, encoder, plan, out, cost.step))
    stored = dict(request=request, plan=plan.to_dict(), cost=cost._asdict())
    write_json(out / PLAN_FILE, stored)
    return plan, cost


def _last_lines(tuning: Finetuning) -> list[str]:
    """How the result is used."""
    out, task = tuning.out, tuning.plan.task
    example = str(tuning.found.paths('val')[0])
    files = (str(config_file(out)), str(tuning.checkpoint('train')))
    return [
        f'Report: {out / "report.html"}',
        f'In Python: mmaddp.load({str(out)!r}).{task}({example!r})',
        f'Test again: {shlex.join(["mmaddp", "test", *files])}',
    ]
