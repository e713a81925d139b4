"""The quickstart's own modules, for the tests."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / 'tools' / 'quickstart'

sys.path.insert(0, str(FOLDER))
import quickstart as main_script  # noqa: E402, F401
from run import MAKER, Run  # noqa: E402, F401
from stages import STAGES  # noqa: E402, F401

from mmaddp.own.stage import Figure, Stage  # noqa: E402, F401


def quickstart(folder, *arguments):
    """Run the quickstart in a folder as a command."""
    command = [sys.executable, FOLDER / 'quickstart.py', '--work-dir', folder, *arguments]
    return subprocess.run(list(map(str, command)), cwd=ROOT, capture_output=True, text=True)
