"""mmpretrain is imported without mmdetection, and has its class as soon as that is there."""

import pytest

CODE = """
import sys, mmaddp
import mmpretrain.models.utils as utils
from mmpretrain.models.utils import res_layer_extra_norm as module
print([name for name in ('mmdet', 'sklearn', 'matplotlib.pyplot') if name in sys.modules])
import mmdet.models
from mmdet.registry import MODELS
same = utils.ResLayerExtraNorm is module.ResLayerExtraNorm is MODELS.get('ResLayerExtraNorm')
print(same, module.ResLayerExtraNorm.__mro__[1].__module__)
"""


@pytest.mark.slow
def test_mmdet_is_imported_when_it_is_asked_for(run_python):
    loaded, after = run_python(CODE).splitlines()[-2:]
    assert loaded == '[]'
    assert after == 'True mmdet.models.roi_heads.shared_heads.res_layer'
