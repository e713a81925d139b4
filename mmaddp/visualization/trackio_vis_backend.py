"""Scalars and pictures of a run for trackio."""

from pathlib import Path
from typing import Any, Optional, Union

import numpy as np
from mmengine.config import Config
from mmengine.visualization import BaseVisBackend
from mmengine.visualization.vis_backend import force_init_env

from mmaddp.registry import VISBACKENDS

# Names that trackio keeps for itself.
RENAMED = dict(time='seconds')


@VISBACKENDS.register_module()
class TrackioVisBackend(BaseVisBackend):
    """Back end of mmengine's visualizer that writes for trackio.

    ``trackio show --project PROJECT`` shows curves and pictures in a browser. They are in files of
    this machine, in the folder that the environment variable ``TRACKIO_DIR`` names; they go
    elsewhere only if trackio is told so (``TRACKIO_SPACE_ID``, ``TRACKIO_SERVER_URL``, or
    ``space_id`` here). Each start of a training is a run, and all starts in one work folder are a
    group. The time of a step is called ``seconds``. Takes the package:
    ``pip install "mmaddp[trackio]"``.

    Args:
        save_dir (str): Set by the visualizer: ``WORK_DIR/TIME/vis_data``.
        project (str): Project that the runs belong to. Defaults to 'mmaddp'.
        name (str, optional): Name of the run. Defaults to None: work folder and time.
        **settings: Others of ``trackio.init``.
    """

    def __init__(
        self, save_dir: str, project: str = 'mmaddp', name: Optional[str] = None, **settings: Any
    ) -> None:
        super().__init__(save_dir)
        work_dir, start = Path(save_dir).resolve().parts[-3:-1]
        names = dict(project=project, name=name or f'{work_dir}-{start}', group=work_dir)
        # Its measuring of the machine takes time that the training could use.
        quiet = dict(embed=False, auto_log_cpu=False, auto_log_gpu=False)
        self._settings: dict[str, Any] = {**names, **quiet, **settings}
        self._config: dict[str, Any] = {}
        self._run: Any = None

    def _init_env(self) -> None:
        try:
            import trackio
        except ImportError as error:
            raise ValueError(
                'TrackioVisBackend takes a package: pip install "mmaddp[trackio]"'
            ) from error
        self._run = trackio.init(config=self._config, **self._settings)

    @property
    @force_init_env
    def experiment(self) -> Any:
        """The run of trackio."""
        return self._run

    def add_config(self, config: Config, **kwargs: Any) -> None:
        """Note the settings of the run, before anything else is written."""
        self._config = dict(file=str(config.filename), text=config.pretty_text)

    @force_init_env
    def add_image(self, name: str, image: np.ndarray, step: int = 0, **kwargs: Any) -> None:
        """Add a picture, RGB of uint8, shape (H, W, 3)."""
        import trackio

        self._run.log({name: trackio.Image(image)}, step=step)

    def add_scalar(
        self, name: str, value: Union[int, float, Any], step: int = 0, **kwargs: Any
    ) -> None:
        """Add a number."""
        self.add_scalars({name: value}, step)

    @force_init_env
    def add_scalars(
        self, scalar_dict: dict, step: int = 0, file_path: Optional[str] = None, **kwargs: Any
    ) -> None:
        """Add numbers; ``file_path`` is not read."""
        values = {RENAMED.get(name, name): float(value) for name, value in scalar_dict.items()}
        self._run.log(values, step=step)

    def close(self) -> None:
        """Write what is left, and end the run."""
        if self._run is not None:
            import trackio

            trackio.finish()
            self._run = None
            self._env_initialized = False
