"""Run a notebook in a folder, and keep it there with what it shows, as ``executed.ipynb``.

    python tests/run_notebook.py NOTEBOOK FOLDER

``mmaddp`` is a Python whose imports are done (:mod:`ready_python`), and its plans are made as if
steps took longer than they do. So trainings are short, on a machine of any speed.
"""

import os
import sys
import tempfile
from pathlib import Path

import nbformat
from jupyter_client import AsyncKernelManager
from nbclient import NotebookClient
from ready_python import serve

# Seconds of a step of which a budget of three minutes holds little more than the fewest.
COMMAND = """
import sys
from mmaddp.cli import main
from mmaddp.own import pretrain
from mmaddp.own.finetuning import finetune

seconds = dict(tokenizer=0.38, predictor=0.45, addp=1.2)
pretrain.measure = lambda stage, *rest: pretrain.Cost(seconds[stage], 0.5)
finetune.measure = lambda *rest: finetune.Cost(1.0, 0.01, 1.0, 0.5)
sys.exit(main())
"""


def write_command(folder: Path, python: Path) -> None:
    """Write a command ``mmaddp``."""
    (folder / 'command.py').write_text(COMMAND)
    command = folder / 'mmaddp'
    command.write_text(f'#!/bin/sh\nexec {python} {folder / "command.py"} "$@"\n')
    command.chmod(0o755)


def run(source: Path, folder: Path, short: Path) -> None:
    """Run all cells; an error in one of them is shown like any output, and the others run."""
    notebook = nbformat.read(source, as_version=4)
    # Sockets in a folder need no network.
    kernel = AsyncKernelManager(transport='ipc', ip=str(short / 'kernel'))
    metadata = dict(metadata=dict(path=str(folder)))
    client = NotebookClient(notebook, kernel, timeout=600, allow_errors=True, resources=metadata)
    client.execute()
    nbformat.write(notebook, folder / 'executed.ipynb')


def main() -> None:
    source, folder = map(Path, sys.argv[1:])
    with tempfile.TemporaryDirectory(prefix='tour-') as short, serve(Path(short)) as python:
        write_command(Path(short), python)
        os.environ['PATH'] = f'{short}:{os.environ["PATH"]}'
        run(source, folder, Path(short))


if __name__ == '__main__':
    main()
