"""Say what the installation consists of: versions, devices, operators, weights.

    python tools/analysis_tools/doctor.py

Exits with 1 if something without which nothing runs is missing or broken; its line is marked.
"""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[2]))

from mmaddp.run.arguments import ToolParser
from mmaddp.run.user_errors import ENVIRONMENT, user_errors


def main() -> int:
    """Run the tool."""
    args = ToolParser(__doc__).parse_args()
    broken = []
    with user_errors('doctor', args.traceback):
        from mmaddp.run.doctor import examine

        for finding in examine():
            mark = ' ' if finding.is_sound else '!'
            print(f'{mark} {finding.name:22} {finding.value}', flush=True)
            broken += [] if finding.is_sound else [finding.name]
    if broken:
        print(f'doctor: look at {", ".join(broken)}. {ENVIRONMENT}', file=sys.stderr)
    return 1 if broken else 0


if __name__ == '__main__':
    sys.exit(main())
