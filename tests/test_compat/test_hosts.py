"""A detector works without compiled operators, and we work without the detection hosts."""

import pytest
import torch


def tiny_mask_rcnn():
    from mmengine.config import Config

    import mmaddp  # noqa: F401  (resolves the base)

    config = Config.fromstring(
        "_base_ = ['mmdet::_base_/models/mask-rcnn_r50_fpn.py']", file_format='.py'
    )
    model = config.model
    model.backbone.update(depth=18, init_cfg=None, base_channels=8)
    model.neck.update(in_channels=[8, 16, 32, 64], out_channels=16)
    model.rpn_head.update(in_channels=16, feat_channels=16)
    model.roi_head.bbox_roi_extractor.out_channels = 16
    model.roi_head.mask_roi_extractor.out_channels = 16
    model.roi_head.bbox_head.update(in_channels=16, fc_out_channels=32, num_classes=3)
    model.roi_head.mask_head.update(in_channels=16, conv_out_channels=16, num_classes=3)
    model.test_cfg.rcnn.score_thr = 0.0
    return model


def tiny_batch():
    from mmdet.structures import DetDataSample
    from mmdet.structures.mask import BitmapMasks
    from mmengine.structures import InstanceData

    masks = torch.zeros(2, 64, 96, dtype=torch.uint8)
    masks[0, 8:40, 8:40] = masks[1, 20:60, 50:90] = 1
    truth = InstanceData(
        bboxes=torch.tensor([[8.0, 8.0, 40.0, 40.0], [50.0, 20.0, 90.0, 60.0]]),
        labels=torch.tensor([0, 2]),
        masks=BitmapMasks(masks.numpy(), 64, 96),
    )
    sample = DetDataSample(gt_instances=truth, ignored_instances=InstanceData())
    sample.ignored_instances.bboxes = torch.zeros(0, 4)
    shape = dict(img_shape=(64, 96), ori_shape=(64, 96), scale_factor=(1.0, 1.0))
    sample.set_metainfo(dict(shape, pad_shape=(64, 96), batch_input_shape=(64, 96)))
    return torch.randn(1, 3, 64, 96), [sample]


def test_mask_rcnn_trains_and_predicts():
    pytest.importorskip('mmdet')
    from mmdet.registry import MODELS
    from mmengine.registry import init_default_scope

    torch.manual_seed(0)
    init_default_scope('mmdet')
    detector = MODELS.build(tiny_mask_rcnn())
    images, samples = tiny_batch()
    losses, _ = detector.parse_losses(detector.loss(images, samples))
    losses.backward()
    assert torch.isfinite(losses)
    assert detector.backbone.layer4[0].conv1.weight.grad.abs().sum() > 0

    detector.eval()
    with torch.no_grad():
        (result,) = detector.predict(images, samples)
    instances = result.pred_instances
    assert 0 < len(instances) <= 100
    assert instances.masks.shape[1:] == (64, 96)


BLOCK = """
import importlib.abc, pkgutil, sys

class Absent(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.split('.')[0] in {'mmdet', 'mmseg'}:
            raise ModuleNotFoundError(f'No module named {name!r}', name=name)

sys.meta_path.insert(0, Absent())
"""

IMPORT_ALL = """
import importlib
import mmaddp
import mmengine.hub  # so that its change is there before it is imported by name

def failed(name):
    # Subclasses of mmdetection's heads; a detector imports them.
    if not name.startswith('mmaddp.models.roi_heads'):
        raise

names = [m.name for m in pkgutil.walk_packages(mmaddp.__path__, 'mmaddp.', onerror=failed)]
names = [name for name in names if not name.startswith('mmaddp.models.roi_heads')]
for name in names:
    importlib.import_module(name)
print(len(names), [name for name in sys.modules if name.split('.')[0] in {'mmdet', 'mmseg'}])
"""


@pytest.mark.slow
def test_everything_imports_without_mmdet_and_mmseg(run_python):
    number, found = run_python(BLOCK + IMPORT_ALL).splitlines()[-1].split(maxsplit=1)
    assert int(number) > 10
    assert found == '[]'
