import pytest
from test_run.test_analysis.analysed import make_pretraining, write_pictures

from mmaddp.apis.encoder_pictures import encoder_pictures


@pytest.fixture(scope='session')
def pretraining(tmp_path_factory):
    return make_pretraining(tmp_path_factory.mktemp('analysis') / 'addp')


@pytest.fixture(scope='session')
def pictures(tmp_path_factory):
    return write_pictures(tmp_path_factory.mktemp('analysis') / 'pictures')


@pytest.fixture(scope='session')
def found(pretraining, pictures):
    """An encoder of ADDP, and five of the six pictures."""
    return encoder_pictures(pretraining, pictures, most=5)
