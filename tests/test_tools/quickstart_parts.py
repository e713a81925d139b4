"""The quickstart's own modules, for the tests."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / 'tools' / 'quickstart'

sys.path.insert(0, str(FOLDER))
import digits  # noqa: E402, F401
import quickstart as main_script  # noqa: E402, F401
import stages  # noqa: E402, F401


def quickstart(folder, *arguments, python=sys.executable):
    """Run the quickstart in a folder as a command."""
    command = [python, FOLDER / 'quickstart.py', '--work-dir', folder, *arguments]
    return subprocess.run(list(map(str, command)), cwd=ROOT, capture_output=True, text=True)
