"""What an encoder has learned so far, in figures and as colours."""

from pathlib import Path
from typing import Optional, Union

from mmengine.dist import is_main_process

from mmaddp.datasets.channels import reader_for
from mmaddp.engine.insight.features import features_of, patch_features
from mmaddp.engine.insight.figures import knn_accuracy, probe_accuracy, rank_me
from mmaddp.engine.insight.insight_hook import Findings, InsightHook
from mmaddp.engine.insight.picture_set import PictureSet, evenly, read_sets, two_sets
from mmaddp.models.selfsup import ADDP
from mmaddp.registry import HOOKS
from mmaddp.utils.wrappers import unwrap
from mmaddp.visualization.feature_maps import feature_sheet


@HOOKS.register_module()
class FeatureInsightHook(InsightHook):
    """What the encoder's features know, on a few thousand pictures that are held in memory.

    The features of a picture are the mean over the patches of the whole picture, as in the report
    of ``mmaddp pretrain``. The visualizer gets

    - ``insight/knn``: share of the held-out pictures whose class is that of most of the 20 nearest
      other ones, by cosine similarity;
    - ``insight/probe``: the same of a logistic regression that was fitted to the other ones;
    - ``insight/rank_me``: see :func:`mmaddp.engine.insight.figures.rank_me`;
    - the sheet ``features``: held-out pictures, below them the first three principal components of
      their patches' features as colours: what has one colour looks alike to the encoder.

    Pictures without class folders give the last two. See the base class for the effect on training:
    none.

    Args:
        pictures (str | Path): Folder with a folder for each class, or just with pictures.
        held_out (str | Path, optional): Folder of the same classes. Defaults to None: a fifth of
            ``pictures``.
        most (int): Pictures to compare with, at most; all pictures take a byte per sample of
            memory. Defaults to 2000.
        most_held_out (int): Pictures that are judged, at most. Defaults to 500.
        max_classes (int): Classes, at most; of more, some are taken. Defaults to 100.
        num_images (int): Pictures on the sheet. Defaults to 8.
        zoom (int): Pixels of the sheet per pixel of a picture, along each side. Defaults to 1.
        interval (int): Epochs, or iterations, after which it is looked. Defaults to 1.
        by_epoch (bool): Whether ``interval`` counts epochs. Defaults to True.
        max_share (float, optional): Largest share of the training's time that this may take, in
            (0, 1], None for no limit. Defaults to 0.03.

    Raises:
        ValueError: A number is out of range.
    """

    def __init__(
        self,
        pictures: Union[str, Path],
        held_out: Optional[Union[str, Path]] = None,
        most: int = 2000,
        most_held_out: int = 500,
        max_classes: int = 100,
        num_images: int = 8,
        zoom: int = 1,
        interval: int = 1,
        by_epoch: bool = True,
        max_share: Optional[float] = 0.03,
    ) -> None:
        super().__init__(interval, by_epoch, max_share)
        numbers = dict(most=most, most_held_out=most_held_out, num_images=num_images, zoom=zoom)
        for name, value in dict(numbers, max_classes=max_classes).items():
            if value < 1:
                raise ValueError(f'{name} must be at least 1, got {value}.')
        self.folders = (Path(pictures), None if held_out is None else Path(held_out))
        self.numbers = (most, most_held_out)
        self.max_classes = max_classes
        self.num_images = num_images
        self.zoom = zoom
        self._sets: Optional[list[PictureSet]] = None

    def before_train(self, runner) -> None:
        """Read the pictures.

        Raises:
            ValueError: The model is not an ADDP, or pictures are missing or cannot be read.
        """
        super().before_train(runner)
        if self._sets is None and is_main_process():
            model = unwrap(runner.model)
            reader = reader_for(model.num_channels, model.value_range)
            size = tuple(model.backbone.img_size)
            both = two_sets(*self.folders, self.numbers, self.max_classes)
            self._sets = read_sets(both, reader, size)
            labelled = 'labelled ' if self._sets[0].labels else ''
            runner.logger.info(
                f'FeatureInsightHook has read {" + ".join(str(len(part)) for part in both)} '
                f'{labelled}pictures of {self.folders[0]}.'
            )
        self._allowance.begin()

    def look(self, model: ADDP) -> Findings:
        """Compute features and their figures."""
        bank, judged = self._sets
        features, other = features_of(model, bank.images), features_of(model, judged.images)
        figures = {'insight/rank_me': rank_me(features)}
        if bank.labels and judged.labels:
            both = (features, bank.labels, other, judged.labels)
            figures['insight/knn'] = knn_accuracy(*both)
            figures['insight/probe'] = probe_accuracy(*both)
        shown = judged.images[evenly(range(len(judged.images)), self.num_images)]
        tokens = patch_features(model, shown).float()
        shown = shown if shown.is_floating_point() else shown.float() / 255
        grid = tuple(model.backbone.patch_resolution)
        return Findings(figures, dict(features=feature_sheet(shown, tokens, grid, self.zoom)))
