"""Run a Python file that ends when the process that started it is gone.

python start_tool.py PARENT TOOL [ARGUMENT ...]
"""

import runpy
import sys
from pathlib import Path


def main() -> None:
    """Run the tool."""
    parent, tool, *arguments = sys.argv[1:]
    sys.argv = [tool, *arguments]
    sys.path[0] = str(Path(tool).resolve().parent)
    sys.path.append(str(Path(__file__).resolve().parents[2]))

    from mmaddp.utils.processes import end_with_parent

    end_with_parent(int(parent))
    runpy.run_path(tool, run_name='__main__')


if __name__ == '__main__':
    main()
