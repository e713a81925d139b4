import torch
from mmengine.evaluator import Evaluator
from mmpretrain.structures import DataSample
from PIL import Image

from mmaddp.registry import METRICS


def test_images_by_number_and_a_sheet_of_the_first(tmp_path):
    writer = METRICS.build(
        dict(type='mmaddp.ImageWriter', out_dir=str(tmp_path), grid_size=4, grid_zoom=2)
    )
    evaluator = Evaluator(writer)
    for start in (0, 3):
        samples = []
        for index in range(start, start + 3):
            sample = DataSample(metainfo=dict(sample_idx=index))
            sample.set_field(torch.full((3, 5, 5), (index + 0.5) / 255), 'pred_image')
            samples.append(sample)
        evaluator.process(samples)
    assert evaluator.evaluate(6) == {'generation/num_images': 6}
    for index in range(6):
        image = Image.open(tmp_path / 'images' / f'{index:06d}.png')
        assert image.size == (5, 5) and image.getpixel((2, 2)) == (index,) * 3
    sheet = Image.open(tmp_path / 'grid.png')
    assert sheet.size == (2 * 12 + 2, 2 * 12 + 2)
    assert sheet.getpixel((4, 16)) == (2, 2, 2)
    assert len(list((tmp_path / 'images').iterdir())) == 6
