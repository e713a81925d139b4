"""Testing a segmentor: pictures, submission form, augmentation, ground truth as result."""

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.evaluator import Evaluator
from mmengine.registry import DATASETS, METRICS, init_default_scope
from PIL import Image
from toy_scenes import SIDE, make_scenes, save_segmentor, write_segmentation_config

from mmaddp.registry import MODELS

pytestmark = pytest.mark.slow

pytest.importorskip('mmseg')


@pytest.fixture(scope='module')
def toy(tmp_path_factory):
    """Configuration, checkpoint and data."""
    folder = tmp_path_factory.mktemp('segmentation')
    config = write_segmentation_config(folder, make_scenes(folder / 'digits'))
    return config, save_segmentor(config, folder / 'toy.pth'), folder / 'digits' / 'segmentation'


def pictures(folder):
    return {file.stem: np.asarray(Image.open(file)) for file in sorted(folder.iterdir())}


def test_pictures_and_submission_form(toy, run_tool, tmp_path):
    config, checkpoint, data = toy
    out = tmp_path / 'submission'
    options = ('--cfg-options', f'test_evaluator.output_dir={out}')
    run_tool('test.py', config, checkpoint, '--show-dir', tmp_path / 'shown', *options)
    names = [file.stem for file in sorted((data / 'images' / 'validation').iterdir())]
    drawn, submitted = pictures(tmp_path / 'shown'), pictures(out)
    assert list(drawn) == list(submitted) == names
    for name in names:
        # Annotations on the left, predictions on the right.
        assert drawn[name].shape == (SIDE, 2 * SIDE, 3)
        assert submitted[name].dtype == np.uint8 and submitted[name].shape == (SIDE, SIDE)
        assert submitted[name].min() >= 1 and submitted[name].max() <= 11


def test_images_without_label_maps_get_their_submission(toy, run_tool, tmp_path):
    config, checkpoint, data = toy
    pipeline = "[dict(type='LoadImageFromFile'), dict(type='PackSegInputs')]"
    child = tmp_path / 'submission.py'
    child.write_text(
        f'_base_ = {str(config)!r}\n'
        "test_dataloader = dict(dataset=dict(data_prefix=dict(img_path='images/validation', "
        f'_delete_=True), pipeline={pipeline}))\n'
        f'test_evaluator = dict(format_only=True, output_dir={str(tmp_path / "out")!r})\n'
    )
    run_tool('test.py', child, checkpoint)
    assert len(pictures(tmp_path / 'out')) == len(list((data / 'images/validation').iterdir()))


def test_test_time_augmentation(toy, run_tool, tmp_path):
    config, checkpoint, _ = toy
    child = tmp_path / 'tta.py'
    steps = [
        [dict(type='Resize', scale_factor=factor, keep_ratio=True) for factor in (0.5, 1.25)],
        [dict(type='RandomFlip', prob=prob, direction='horizontal') for prob in (0.0, 1.0)],
        [dict(type='LoadAnnotations')],
        [dict(type='PackSegInputs')],
    ]
    pipeline = [dict(type='LoadImageFromFile'), dict(type='TestTimeAug', transforms=steps)]
    child.write_text(f'_base_ = {str(config)!r}\ntta_pipeline = {pipeline!r}\n')
    run_tool('test.py', child, checkpoint, '--tta', '--show-dir', tmp_path / 'shown')
    assert len(pictures(tmp_path / 'shown')) == 3
    with pytest.raises(SystemExit, match='--tta needs tta_pipeline'):
        run_tool('test.py', config, checkpoint, '--tta')


def test_ground_truth_as_prediction_scores_100(toy):
    """Through the segmentor's own post-processing, the metric and the submission form."""
    cfg = Config.fromfile(toy[0])
    init_default_scope('mmseg')
    dataset = DATASETS.build(cfg.test_dataloader.dataset)
    model = MODELS.build(cfg.model)
    out = toy[1].parent / 'truth'
    evaluator = Evaluator([METRICS.build(cfg.test_evaluator | dict(output_dir=str(out)))])
    evaluator.dataset_meta = dataset.metainfo
    for item in dataset:
        labels = item['data_samples'].gt_sem_seg.data[0]
        one_hot = torch.nn.functional.one_hot(labels.long().clamp(max=10), 11)
        logits = one_hot.permute(2, 0, 1)[None].float()
        results = model.postprocess_result(logits, [item['data_samples']])
        evaluator.process([sample.to_dict() for sample in results])
        name = item['data_samples'].seg_map_path.rpartition('/')[2]
        written, original = (
            np.asarray(Image.open(f'{f}/{name}')) for f in (out, original_dir(toy))
        )
        assert np.array_equal(written[original > 0], original[original > 0])
    scores = evaluator.evaluate(len(dataset))
    assert scores['mIoU'] == scores['aAcc'] == 100


def original_dir(toy):
    return toy[2] / 'annotations' / 'validation'


def test_label_map_with_a_value_beyond_the_classes(toy, run_tool, tmp_path):
    config, checkpoint, _ = toy
    copy = make_scenes(tmp_path / 'bad') / 'segmentation'
    bad = copy / 'annotations' / 'validation' / '000002.png'
    Image.fromarray(np.full((SIDE, SIDE), 30, np.uint8)).save(bad)
    with pytest.raises(SystemExit, match=r'000002\.png holds the value 29 \(30 in the file'):
        run_tool(
            'test.py',
            config,
            checkpoint,
            '--cfg-options',
            f'test_dataloader.dataset.data_root={copy}',
        )
