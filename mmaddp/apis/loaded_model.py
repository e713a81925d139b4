"""One object that holds a trained model: pictures in, pictures and predictions out."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Optional, Union

from torch import Tensor

from mmaddp.apis.classification import classify
from mmaddp.apis.detection import detect
from mmaddp.apis.features import extract_features
from mmaddp.apis.inputs import Images
from mmaddp.apis.model_score import score_generated, score_test
from mmaddp.apis.picture_maker import PictureMaker, Target
from mmaddp.apis.prediction import names_of_classes
from mmaddp.apis.segmentation import segment

if TYPE_CHECKING:
    from mmaddp.export.comparison import Difference


class LoadedModel(PictureMaker):
    """A trained model that stays in memory; :func:`mmaddp.load` makes it.

    ``abilities`` names the methods that its checkpoint allows. Everywhere, ``images`` are files,
    folders, http(s) addresses, RGB arrays (H, W, 3) of uint8 or Pillow images, one or several; and
    ``draw`` is a PNG file for one sheet, or a folder for one file per picture.
    """

    def features(self, images: Images, *, stage: str = 'neck', batch_size: int = 16) -> Tensor:
        """Compute features of pictures: see :func:`mmaddp.apis.extract_features`."""
        with self._doing('features'):
            return extract_features(images, self.model, stage=stage, batch_size=batch_size)

    def classify(
        self,
        images: Images,
        *,
        classes: Optional[Sequence[str]] = None,
        batch_size: int = 16,
        draw: Target = None,
    ) -> list[dict]:
        """Classify pictures: see :func:`mmaddp.apis.classify`; ``draw`` is its ``out_dir``."""
        with self._doing('classify'):
            return classify(
                images, self.model, classes=classes, out_dir=draw, batch_size=batch_size
            )

    def detect(
        self, images: Images, *, score_threshold: float = 0.3, draw: Target = None
    ) -> list[dict]:
        """Find objects in pictures: see :func:`mmaddp.apis.detect`; ``draw`` is its ``out_dir``."""
        with self._doing('detect'):
            return detect(images, self.model, out_dir=draw, score_threshold=score_threshold)

    def segment(self, images: Images, *, opacity: float = 0.5, draw: Target = None) -> list[dict]:
        """Label pixels: see :func:`mmaddp.apis.segment`; ``draw`` is its ``out_dir``."""
        with self._doing('segment'):
            return segment(images, self.model, out_dir=draw, opacity=opacity)

    def export(
        self, folder: Union[str, Path], to: str = 'onnx', *, task: Optional[str] = None
    ) -> 'dict[Path, Difference]':
        """Write the model for ONNX Runtime, OpenVINO or PyTorch alone, and compare it.

        Args:
            folder (str | Path): Where the files go; none that is there is overwritten.
            to (str): 'onnx', 'openvino' or 'torch'. Defaults to 'onnx'.
            task (str, optional): What the files do, see ``docs/export.md``. Defaults to None, what
                the model was trained for, or the features of an ADDP.

        Returns:
            dict[Path, Difference]: See :func:`mmaddp.export.exporting.export_model`.
        """
        # Importing torch.export takes time that other uses need not pay for.
        from mmaddp.export.exporting import export_model

        with self._doing(self.abilities[0]):
            tested = 'generate' not in self.abilities and self.config.get('test_dataloader')
            classes = names_of_classes(self.model) if tested else None
            return export_model(self.model, folder, to, task, classes)

    def score(
        self,
        reference: Target = None,
        *,
        n: int = 1000,
        seed: int = 0,
        batch_size: int = 64,
        scores: Sequence[str] = ('fid', 'is'),
        **options: Any,
    ) -> dict[str, Any]:
        """Score generated pictures; or, for other models, test with data and metrics of the config.

        Args:
            reference (str | Path, optional): Folder, ``.npz`` or statistics to compare generated
                pictures with. Defaults to None.
            n (int): Pictures to generate. Defaults to 1000; published figures take 50,000.
            seed (int): Their seed. Defaults to 0.
            batch_size (int): Pictures at a time. Defaults to 64.
            scores (Sequence[str]): Any of fid, is, kid, prc. Defaults to ('fid', 'is').
            **options: Others of :class:`mmaddp.run.scoring.Scoring`, as ``feature_weights``.

        Returns:
            dict: ``scores``, ``protocol`` and ``warnings`` of generated pictures; or the figures of
            the test by name.
        """
        with self._doing('score'):
            if 'generate' in self.abilities:
                settings = (reference, n, seed, batch_size, scores)
                return score_generated(self.model, *settings, **options)
            if reference is not None or options:
                raise ValueError(
                    f'{type(self.model).__name__} is tested with the data of its config: score() '
                    'takes no reference.'
                )
            return score_test(self.config, self.checkpoint, self.cfg_options)
