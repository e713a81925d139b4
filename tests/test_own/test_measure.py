"""Steps of every stage are run and measured; a page shows pictures as they are trained on."""

import pytest
from PIL import Image
from test_own.own_pictures import write_shapes
from test_own.test_plan import wishes

from mmaddp.own.look import look
from mmaddp.own.measure import (
    count_parameters,
    measure,
    memory_limit_gib,
    reading_time,
    stage_config,
)
from mmaddp.own.plan import STAGES, candidates
from mmaddp.own.sheet import draw_sheet


@pytest.fixture
def found(tmp_path):
    return look(write_shapes(tmp_path / 'in', 16))


@pytest.mark.parametrize('stage', STAGES)
def test_a_step_takes_time_and_memory(found, stage):
    plan = candidates(found, wishes())[-1]
    reading = reading_time(found, plan)
    cost = measure(stage, plan, reading, start_seconds=2.0)
    assert 0 < reading < 1 and 0 < cost.seconds_per_step < 30
    assert 0 < cost.memory_gib < memory_limit_gib('cpu')
    assert cost.start_seconds == 2 and (cost.encode_seconds > 0) == (stage == 'tokenizer')
    assert count_parameters(stage_config(stage, plan)) > 100_000


def test_page_of_augmented_pictures_depends_on_the_seed_alone(found, tmp_path):
    config = stage_config('tokenizer', candidates(found, wishes())[-1])
    sheets = []
    for number, seed in enumerate((0, 0, 1)):
        file = tmp_path / f'{number}.png'
        draw_sheet(found, config, seed, file)
        sheets.append(Image.open(file).tobytes())
    assert sheets[0] == sheets[1] != sheets[2]
