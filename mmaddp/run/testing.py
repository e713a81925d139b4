"""What the flags of tools/test.py write into a configuration."""

from mmengine.config import Config, ConfigDict

from mmaddp.datasets.nesting import first_settings

# Suffix of the file of predictions -> metric that writes it.
WRITERS = {
    '.pkl': dict(type='DumpResults'),
    '.pickle': dict(type='DumpResults'),
    '.csv': dict(type='mmaddp.PredictionWriter'),
    '.json': dict(type='mmaddp.PredictionWriter'),
}
OUT_SUFFIXES = tuple(WRITERS)


def out_metric(file: str) -> dict:
    """Metric that writes all predictions to a file with one of ``OUT_SUFFIXES``."""
    writer = next(writer for suffix, writer in WRITERS.items() if file.endswith(suffix))
    key = 'out_file_path' if writer['type'] == 'DumpResults' else 'out_file'
    return {**writer, key: file}


def add_metric(cfg: Config, metric: dict) -> None:
    """Append a metric to those of the test."""
    given = cfg.test_evaluator
    cfg.test_evaluator = [*(given if isinstance(given, list) else [given]), metric]


def augment_test(cfg: Config) -> None:
    """Turn on test-time augmentation: ``tta_model`` around the model, ``tta_pipeline`` before it.

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
