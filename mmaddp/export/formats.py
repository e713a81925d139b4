"""The kinds of files: how each is written, and how it is opened again and run."""

import json
import logging
import warnings
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import torch
from torch.export import ExportedProgram

from .names import METADATA
from .openvino import import_openvino

Arrays = dict[str, np.ndarray]
Run = Callable[[Arrays], Arrays]

# Protocol buffers, and so ONNX files, end at 2 GiB; the graph itself takes little.
MOST_BYTES = 2**31 - 2**26
OPSET = 18


class Format(ABC):
    """A kind of file.

    Attributes:
        packages (tuple[str, ...]): What it needs beside PyTorch, by the name of the import.
        endings (tuple[str, ...]): Of the files of a network; the first is the one to open.
    """

    packages: tuple[str, ...] = ()
    endings: tuple[str, ...]

    def require_packages(self) -> None:
        """Raise ValueError if a package is not installed, and say what to install."""
        missing = [name for name in self.packages if find_spec(name) is None]
        if missing:
            raise ValueError(
                f'{", ".join(missing)} cannot be imported; the extra has all that is needed: '
                "pip install 'mmaddp[export]'."
            )

    @abstractmethod
    def write(
        self, program: ExportedProgram, outputs: Sequence[str], file: Path, metadata: Mapping
    ) -> None:
        """Write a traced network, its outputs by these names, and metadata, which become JSON."""

    @abstractmethod
    def open(self, file: Path, outputs: Sequence[str]) -> Run:
        """Open a file; the result maps inputs to outputs by name, in fp32, on the CPU."""


class Onnx(Format):
    """ONNX, run by ONNX Runtime."""

    packages = ('onnx', 'onnxscript', 'onnxruntime')
    endings = ('.onnx',)

    def write(
        self, program: ExportedProgram, outputs: Sequence[str], file: Path, metadata: Mapping
    ) -> None:
        """Write one file, which holds the weights too.

        Raises:
            ValueError: The weights are too large for that.
        """
        size = sum(tensor.nbytes for tensor in program.state_dict.values())
        if size > MOST_BYTES:
            raise ValueError(
                f'The weights have {size / 2**30:.1f} GiB, and an ONNX file holds less than 2: '
                'take another kind of file.'
            )
        with _quiet():
            onnx = torch.onnx.export(
                program,
                dynamo=True,
                output_names=list(outputs),
                opset_version=OPSET,
                verbose=False,
            )
        assert onnx is not None
        onnx.model.metadata_props[METADATA] = json.dumps(metadata)
        onnx.save(str(file), external_data=False)

    def open(self, file: Path, outputs: Sequence[str]) -> Run:
        """Open a file with ONNX Runtime."""
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = torch.get_num_threads()
        session = onnxruntime.InferenceSession(
            str(file), options, providers=['CPUExecutionProvider']
        )
        taken = {each.name for each in session.get_inputs()}

        def run(inputs: Arrays) -> Arrays:
            given = {name: array for name, array in inputs.items() if name in taken}
            return dict(zip(outputs, session.run(list(outputs), given)))

        return run


class OpenVino(Format):
    """OpenVINO's own format, made from the ONNX graph."""

    packages = ('onnx', 'onnxscript', 'openvino')
    endings = ('.xml', '.bin')

    def write(
        self, program: ExportedProgram, outputs: Sequence[str], file: Path, metadata: Mapping
    ) -> None:
        """Write the graph, and the weights beside it in fp32."""
        openvino = import_openvino()
        onnx = file.with_suffix('.onnx')
        Onnx().write(program, outputs, onnx, metadata)
        model = openvino.Core().read_model(str(onnx))
        model.set_rt_info(json.dumps(metadata), [METADATA])
        openvino.save_model(model, str(file), compress_to_fp16=False)
        del model
        onnx.unlink()

    def open(self, file: Path, outputs: Sequence[str]) -> Run:
        """Open a file; the CPU would otherwise choose bf16 where it has it."""
        openvino = import_openvino()
        settings = {
            'INFERENCE_PRECISION_HINT': 'f32',
            'INFERENCE_NUM_THREADS': torch.get_num_threads(),
        }
        compiled = openvino.Core().compile_model(str(file), 'CPU', settings)
        taken = {name for each in compiled.inputs for name in each.names}

        def run(inputs: Arrays) -> Arrays:
            found = compiled({name: array for name, array in inputs.items() if name in taken})
            return {name: np.array(found[name]) for name in outputs}

        return run


class Torch(Format):
    """A program of ``torch.export``, which runs where PyTorch alone is installed."""

    endings = ('.pt2',)

    def write(
        self, program: ExportedProgram, outputs: Sequence[str], file: Path, metadata: Mapping
    ) -> None:
        """Write one file."""
        torch.export.save(program, str(file), extra_files={METADATA: json.dumps(metadata)})

    def open(self, file: Path, outputs: Sequence[str]) -> Run:
        """Load a file."""
        module = torch.export.load(str(file)).module()

        def run(inputs: Arrays) -> Arrays:
            with torch.no_grad():
                found = module(*(torch.from_numpy(array) for array in inputs.values()))
            return {name: found[name].numpy() for name in outputs}

        return run


FORMATS: dict[str, Format] = dict(onnx=Onnx(), openvino=OpenVino(), torch=Torch())


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep the exporter from telling about its own matters."""
    loggers = [logging.getLogger(name) for name in ('torch.onnx', 'onnxscript', 'onnx_ir')]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter('ignore')
            yield
    finally:
        for logger, level in zip(loggers, levels):
            logger.setLevel(level)
