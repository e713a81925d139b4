"""A visualizer draws what mmengine's draws, and imports matplotlib only then."""

import pytest

CODE = """
import hashlib, sys
import numpy as np
from mmengine.visualization import Visualizer
shown = Visualizer()
print('matplotlib' in sys.modules)
shown.set_image(np.full((40, 60, 3), 128, np.uint8))
shown.draw_bboxes(np.array([[5.0, 6, 30, 20]]), edge_colors='r')
shown.draw_texts('7', np.array([[20.0, 10]]))
print(shown.dpi, hashlib.sha256(shown.get_image().tobytes()).hexdigest())
with_image = Visualizer(image=np.zeros((8, 9, 3), np.uint8))
print(with_image.get_image().shape, with_image.fig_save.get_dpi() == with_image.dpi)
"""


@pytest.mark.slow
def test_the_figure_is_made_when_something_is_drawn(run_python):
    imported, *drawn = run_python('import mmaddp' + CODE).splitlines()[-3:]
    assert imported == 'False'
    before, *expected = run_python(CODE).splitlines()[-3:]
    assert before == 'True'
    assert drawn == expected


@pytest.mark.slow
def test_a_training_without_pictures_imports_no_matplotlib(run_python):
    code = """
import sys
import mmaddp.run.training
import mmaddp.models, mmaddp.datasets, mmaddp.engine
from mmengine.visualization import Visualizer
Visualizer()
print('matplotlib' in sys.modules)
"""
    assert run_python(code).splitlines()[-1] == 'False'
