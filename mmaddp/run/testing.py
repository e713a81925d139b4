"""Writes the flags of tools/test.py into a configuration."""

from dataclasses import dataclass
from typing import Any, Optional

from mmengine.config import Config, ConfigDict
from mmengine.registry import RUNNERS
from mmengine.runner import Runner

from mmaddp.datasets.nesting import first_settings
from mmaddp.run.config import read_config, require
from mmaddp.run.inputs import check_inputs

# Suffix of the file of predictions -> metric that writes it.
WRITERS = {
    '.pkl': dict(type='DumpResults'),
    '.pickle': dict(type='DumpResults'),
    '.csv': dict(type='mmaddp.PredictionWriter'),
    '.json': dict(type='mmaddp.PredictionWriter'),
}


@dataclass(frozen=True)
class Outputs:
    """What a test writes besides its metrics.

    Attributes:
        predictions (str, optional): File of all predictions. Defaults to None.
        pictures (str, optional): Folder of pictures with predictions. Defaults to None.
        report (str, optional): Folder for per-class metrics. Defaults to None.

    Raises:
        ValueError: The file of predictions has a suffix other than those of ``WRITERS``.
    """

    predictions: Optional[str] = None
    pictures: Optional[str] = None
    report: Optional[str] = None

    def __post_init__(self) -> None:
        if self.predictions is not None and not self.predictions.endswith(tuple(WRITERS)):
            raise ValueError(
                f'--out must end in one of {", ".join(WRITERS)}, got {self.predictions}'
            )


def run_test(checkpoint: str, outputs: Outputs, tta: bool = False, **arguments: Any) -> dict:
    """Run the test loop of a configuration.

    Args:
        checkpoint (str): Weights, a file or an address.
        outputs (Outputs): What else is written.
        tta (bool): Use test-time augmentation. Defaults to False.
        **arguments: Those of :func:`mmaddp.run.config.read_config`.

    Returns:
        dict: Figures by name.

    Raises:
        ValueError: The configuration has no test.
    """
    cfg = read_config(**arguments)
    require(cfg, 'model')
    if cfg.get('test_dataloader') is None:
        raise ValueError(f'{cfg.filename} has no test_dataloader, so there is nothing to test.')
    cfg.load_from, cfg.resume = checkpoint, False
    if outputs.pictures is not None:
        show_predictions(cfg, outputs.pictures)
    check_inputs(cfg, ('test_dataloader',), pretrained=False)
    if outputs.predictions is not None:
        add_metric(cfg, out_metric(outputs.predictions))
    if outputs.report is not None:
        add_metric(cfg, dict(type='mmaddp.ClassReport', out_dir=outputs.report))
    if tta:
        augment_test(cfg)
    runner = RUNNERS.build(cfg) if 'runner_type' in cfg else Runner.from_cfg(cfg)
    return runner.test()


def out_metric(file: str) -> dict:
    """Metric that writes all predictions to a file with an ending of ``WRITERS``."""
    writer = next(writer for suffix, writer in WRITERS.items() if file.endswith(suffix))
    key = 'out_file_path' if writer['type'] == 'DumpResults' else 'out_file'
    return {**writer, key: file}


def add_metric(cfg: Config, metric: dict) -> None:
    """Append a metric to those of the test."""
    given = cfg.test_evaluator
    cfg.test_evaluator = [*(given if isinstance(given, list) else [given]), metric]


def augment_test(cfg: Config) -> None:
    """Turn on test-time augmentation: wrap the model in ``tta_model`` and use ``tta_pipeline``.

    Raises:
        ValueError: The configuration has none.
    """
    absent = [key for key in ('tta_model', 'tta_pipeline') if cfg.get(key) is None]
    if absent:
        raise ValueError(
            f'--tta needs {" and ".join(absent)} in {cfg.filename}, as in '
            'configs/_base_/datasets/classify_imagenet_256px.py.'
        )
    first_settings(cfg.test_dataloader.dataset).pipeline = cfg.tta_pipeline
    cfg.model = ConfigDict(**cfg.tta_model, module=cfg.model)


def show_predictions(cfg: Config, folder: str) -> None:
    """Draw every prediction of the test into a folder."""
    show = dict(type='mmaddp.ShowPredictionsHook', out_dir=folder)
    cfg.custom_hooks = [*(cfg.get('custom_hooks') or []), show]
