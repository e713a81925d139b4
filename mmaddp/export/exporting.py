"""From a trained model to files that run elsewhere, or to a refusal."""

import copy
import os
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Optional, Union

import torch
from mmengine.model import BaseModel

from mmaddp.models.selfsup import ADDP

from .comparison import TOLERANCE, Difference, largest_difference
from .detection import detect_networks
from .formats import FORMATS, Format
from .generation import generate_networks
from .metadata import describe
from .names import TARGETS
from .network import Network
from .recognition import classify_network, features_network, segment_network
from .tracing import output_names, trace

# Base classes of the hosts, by name, because importing them takes seconds.
TASKS_OF = {
    'BaseClassifier': ('classify', 'features'),
    'BaseSegmentor': ('segment',),
    'BaseDetector': ('detect',),
}


def export_model(
    model: BaseModel,
    folder: Union[str, Path],
    to: str = 'onnx',
    task: Optional[str] = None,
    classes: Optional[Sequence[str]] = None,
) -> dict[Path, Difference]:
    """Write the networks of a model, and compare each with the model over random shapes.

    Args:
        model (BaseModel): From :func:`mmaddp.apis.build_model`, in fp32.
        folder (str | Path): Where the files go, ``TASK.onnx`` and the like; it is made.
        to (str): One of :data:`TARGETS`. Defaults to 'onnx'.
        task (str, optional): One of :data:`TASKS`, for a model that has several. Defaults to
            None, the first that it has.
        classes (Sequence[str], optional): Names of the classes. Defaults to None.

    Returns:
        dict[Path, Difference]: For the file of each network the largest difference.

    Raises:
        ValueError: A package is missing, a file is there already, the model cannot do this, or
            it differs by more than :data:`TOLERANCE`; then nothing is written.
    """
    check_target(to)
    kind, folder = FORMATS[to], Path(folder).expanduser()
    task = task or tasks_of(model)[0]
    if any(parameter.device.type != 'cpu' for parameter in model.parameters()):
        model = copy.deepcopy(model).to('cpu')
    networks = networks_of(model, task)
    _refuse_existing(folder, networks, kind)
    metadata = describe(model, task, networks, classes)
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix='.export-', suffix='.part', dir=folder) as unfinished:
        found = {
            folder / file.name: difference
            for network in networks
            for file, difference in [_write(network, kind, Path(unfinished), metadata)]
        }
        _refuse_existing(folder, networks, kind)
        # The file to open comes last.
        for file in sorted(Path(unfinished).iterdir(), key=lambda file: file.name in found):
            os.replace(file, folder / file.name)
    return found


def check_target(to: str) -> None:
    """Raise ValueError for an unknown kind of file, or one whose packages are missing."""
    if to not in TARGETS:
        raise ValueError(f'A model is exported to one of {", ".join(TARGETS)}, got {to!r}.')
    FORMATS[to].require_packages()


def tasks_of(model: BaseModel) -> tuple[str, ...]:
    """What can be exported of a model, the usual first.

    Raises:
        ValueError: Nothing.
    """
    if isinstance(model, ADDP):
        return ('features', 'generate')
    names = {kind.__name__ for kind in type(model).__mro__}
    found = next((TASKS_OF[name] for name in TASKS_OF if name in names), ())
    headless = getattr(model, 'head', None) is None
    found = tuple(task for task in found if not (headless and task == 'classify'))
    if not found:
        raise ValueError(f'{type(model).__name__} cannot be exported.')
    return found


def networks_of(model: BaseModel, task: str) -> list[Network]:
    """The networks of a task.

    Raises:
        ValueError: The model cannot do this.
    """
    allowed = tasks_of(model)
    if task not in allowed:
        raise ValueError(
            f'{type(model).__name__} can be exported for {", ".join(allowed)}, not for {task!r}.'
        )
    if task == 'generate':
        return generate_networks(model)
    if task == 'detect':
        return detect_networks(model)
    single = dict(classify=classify_network, segment=segment_network, features=features_network)
    return [single[task](model)]


def _write(
    network: Network, kind: Format, folder: Path, metadata: Mapping[str, Any]
) -> tuple[Path, Difference]:
    """Write one network and compare it.

    Raises:
        ValueError: It differs too much.
    """
    program, outputs = trace(network), output_names(network)
    file = folder / (network.name + kind.endings[0])
    kind.write(program, outputs, file, {**metadata, 'network': network.name})
    with torch.no_grad():
        difference = largest_difference(network, kind.open(file, outputs))
    if not difference.value <= TOLERANCE:
        raise ValueError(
            f'The exported network {network.name} differs from the model by {difference}, more '
            f'than {TOLERANCE:.0e}: nothing was written.'
        )
    return file, difference


def _refuse_existing(folder: Path, networks: Sequence[Network], kind: Format) -> None:
    files = [folder / (network.name + ending) for network in networks for ending in kind.endings]
    there = [str(file) for file in files if os.path.lexists(file)]
    if there:
        raise ValueError(
            f'{", ".join(there)}: there already, and nothing is overwritten. Name another folder, '
            'or remove what is there.'
        )
