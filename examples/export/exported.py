"""Opens a file that ``mmaddp export`` wrote.

Needs NumPy and the runtime of the file: onnxruntime for .onnx, openvino for .xml, torch for .pt2.
"""

import json
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np

KEY = 'mmaddp'
OPENVINO_PRECISIONS = {'fp32': 'f32', 'bf16': 'bf16', 'fp16': 'f16'}


class Exported:
    """An exported network.

    Attributes:
        metadata (dict): What the file says about itself; docs/export.md lists it.

    Args:
        file (str | Path): Ends in .onnx, .xml or .pt2.
        precision (str): 'fp32', or with OpenVINO 'bf16' or 'fp16', in which it then computes.
            Defaults to 'fp32'.
        threads (int): Threads to compute with; 0 leaves it to the runtime. Defaults to 0.
    """

    def __init__(self, file: str | Path, precision: str = 'fp32', threads: int = 0):
        openers = {'.onnx': open_onnx, '.xml': open_openvino, '.pt2': open_torch}
        ending = Path(file).suffix
        if ending not in openers:
            raise ValueError(f'{file} ends in none of {", ".join(openers)}.')
        if precision != 'fp32' and ending != '.xml':
            raise ValueError('Another precision than fp32 is a matter of OpenVINO files.')
        text, self._run = openers[ending](str(file), precision, threads)
        self.metadata = json.loads(text)

    def __call__(self, **inputs: np.ndarray) -> dict[str, np.ndarray]:
        """Compute the outputs, by name."""
        names = self.metadata['networks'][self.metadata['network']]
        return self._run({name: inputs[name] for name in names})


Opened = tuple[str, Callable[[dict], dict]]


def open_onnx(file: str, precision: str, threads: int) -> Opened:
    """Metadata and function of an ONNX file."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(file, options, providers=['CPUExecutionProvider'])
    outputs = [each.name for each in session.get_outputs()]
    taken = {each.name for each in session.get_inputs()}

    def run(inputs: dict) -> dict:
        given = {name: array for name, array in inputs.items() if name in taken}
        return dict(zip(outputs, session.run(outputs, given)))

    return session.get_modelmeta().custom_metadata_map[KEY], run


def open_openvino(file: str, precision: str, threads: int) -> Opened:
    """Metadata and function of an OpenVINO file."""
    sys.modules.setdefault('openvino_telemetry', None)  # it would report every import
    import openvino

    core = openvino.Core()
    model = core.read_model(file)
    settings = {'INFERENCE_PRECISION_HINT': OPENVINO_PRECISIONS[precision]}
    settings |= {'INFERENCE_NUM_THREADS': threads} if threads else {}
    compiled = core.compile_model(model, 'CPU', settings)
    outputs = [each.any_name for each in compiled.outputs]
    taken = {name for each in compiled.inputs for name in each.names}

    def run(inputs: dict) -> dict:
        found = compiled({name: array for name, array in inputs.items() if name in taken})
        return {name: np.array(found[name]) for name in outputs}

    return str(model.get_rt_info([KEY]).value), run


def open_torch(file: str, precision: str, threads: int) -> Opened:
    """Metadata and function of a torch.export file."""
    import torch

    if threads:
        torch.set_num_threads(threads)
    extra = {KEY: ''}
    module = torch.export.load(file, extra_files=extra).module()

    def run(inputs: dict) -> dict:
        with torch.no_grad():
            found = module(*(torch.from_numpy(array) for array in inputs.values()))
        return {name: tensor.numpy() for name, tensor in found.items()}

    return extra[KEY], run
