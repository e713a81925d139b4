"""Testing a detector: pictures, COCO's files of results, ground truth as result."""

import json

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.evaluator import Evaluator
from mmengine.registry import DATASETS, METRICS, init_default_scope
from mmengine.structures import InstanceData
from PIL import Image
from toy_detector import save_detector, write_detection_config
from toy_scenes import SIDE, make_scenes

pytestmark = pytest.mark.slow


@pytest.fixture(scope='module')
def toy(tmp_path_factory):
    """Configuration, checkpoint and data."""
    folder = tmp_path_factory.mktemp('detection')
    config = write_detection_config(folder, make_scenes(folder / 'digits'))
    return config, save_detector(config, folder / 'toy.pth'), folder / 'digits' / 'detection'


def test_pictures_and_files_of_results(toy, run_tool, tmp_path):
    config, checkpoint, data = toy
    options = f'test_evaluator.outfile_prefix={tmp_path / "results"}'
    shown = tmp_path / 'shown'
    run_tool('test.py', config, checkpoint, '--show-dir', shown, '--cfg-options', options)
    images = json.loads((data / 'annotations' / 'instances_val.json').read_text())['images']
    assert sorted(file.stem for file in shown.iterdir()) == [i['file_name'][:-4] for i in images]
    # Annotations on the left, predictions on the right.
    for file in shown.iterdir():
        assert np.asarray(Image.open(file)).shape == (SIDE, 2 * SIDE, 3)
    for kind, key in (('bbox', 'bbox'), ('segm', 'segmentation')):
        results = json.loads((tmp_path / f'results.{kind}.json').read_text())
        assert {entry['image_id'] for entry in results} == {image['id'] for image in images}
        assert all({key, 'score', 'category_id'} <= set(entry) for entry in results)
        assert {entry['category_id'] for entry in results} <= set(range(1, 11))


def test_annotation_file_of_another_split_is_named(toy, run_tool, capsys):
    config, checkpoint, _ = toy
    options = 'test_dataloader.dataset.data_prefix.img=train/'
    file = 'test_dataloader.dataset.ann_file=annotations/instances_val.json'
    extra = Config.fromfile(config).train_dataloader.dataset.data_root
    for image in sorted((toy[2] / 'train').iterdir())[2:]:
        image.unlink()
    with pytest.raises(SystemExit) as stopped:
        run_tool('test.py', config, checkpoint, '--cfg-options', options, file)
    assert '1 of 3 images of' in str(stopped.value) and extra in str(stopped.value)


def metrics():
    """Names of the COCO metrics that are there, the forks' faster one included."""
    import mmdet.evaluation  # noqa: F401

    names = ['CocoMetric']
    if 'FasterCocoMetric' in METRICS.children['mmdet'].module_dict:
        pytest.importorskip('faster_coco_eval')
        names.append('FasterCocoMetric')
    return names


def test_ground_truth_fed_back_is_perfect(tmp_path):
    """Through the data set, its pipeline and the metric: everything but the network."""
    init_default_scope('mmdet')
    config = write_detection_config(tmp_path, make_scenes(tmp_path / 'digits', val=12))
    cfg = Config.fromfile(config)
    dataset = DATASETS.build(cfg.test_dataloader.dataset)
    for name in metrics():
        evaluator = Evaluator([METRICS.build({**cfg.test_evaluator, 'type': name})])
        evaluator.dataset_meta = dataset.metainfo
        for item in dataset:
            sample = item['data_samples']
            truth = sample.gt_instances
            sample.pred_instances = InstanceData(
                bboxes=truth.bboxes.tensor if hasattr(truth.bboxes, 'tensor') else truth.bboxes,
                labels=truth.labels,
                scores=torch.ones(len(truth)),
                masks=torch.from_numpy(truth.masks.masks.astype(bool)),
            )
            evaluator.process(data_samples=[sample], data_batch=None)
        figures = evaluator.evaluate(len(dataset))
        assert figures['coco/bbox_mAP'] == figures['coco/segm_mAP'] == 1.0
