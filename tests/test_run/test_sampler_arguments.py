import argparse
import inspect

from mmaddp.models import task_modules
from mmaddp.run import sampler_arguments
from mmaddp.utils import precision


def test_names_are_those_of_the_parts():
    assert task_modules.ORDERS == sampler_arguments.ORDERS
    assert set(sampler_arguments.PRECISIONS) - {'auto'} == set(precision.PRECISIONS) - {'auto'}
    known = inspect.signature(task_modules.AlternatingSampler).parameters
    assert list(known) == list(sampler_arguments.NAMES)


def test_what_is_not_given_stays():
    parser = argparse.ArgumentParser()
    sampler_arguments.add_sampler_arguments(parser)
    line = '--steps 6 --order halton --decode-every 2 --guidance 0.5 --guidance-start 0.25'
    given = parser.parse_args(line.split())
    settings = sampler_arguments.sampler_settings(given)
    assert {name: value for name, value in settings.items() if value is not None} == dict(
        num_steps=6, order='halton', decode_every=2, guidance=0.5, guidance_start=0.25
    )
