"""``python -m mmaddp COMMAND ...``, where the console command is not on the path."""

import sys

from mmaddp.cli import main

if __name__ == '__main__':
    sys.exit(main())
