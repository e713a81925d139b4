"""Say what installation and machine consist of, what is wrong, and which command mends it.

    python tools/analysis_tools/doctor.py
    python tools/analysis_tools/doctor.py --json     # for a bug report
    python tools/analysis_tools/doctor.py --hash     # also compare weights with what was released

Looks at versions, families of packages, operators, devices and their precisions, threads, shared
memory, disks, data folders and released weights. A line with "!" is broken, one with "?" could be
better; the command below it mends it. Nothing is sent and nothing is downloaded. Exits with 1 if
something without which nothing runs is broken.
"""

import argparse
import contextlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[2]))

from mmaddp.run.arguments import ToolParser
from mmaddp.run.user_errors import user_errors

MARKS = dict(fine=' ', advice='?', broken='!')


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = ToolParser(__doc__)
    parser.add_argument(
        '--json', action='store_true', help='print JSON, with ~ for the home folder'
    )
    parser.add_argument(
        '--hash', action='store_true', help='compare the SHA-256 of weights; seconds for each'
    )
    return parser.parse_args()


def findings(hash_weights: bool) -> Iterator:
    """What is found; what packages print when they are imported goes to the error stream."""
    from mmaddp.run.doctor import examine

    found = examine(hash_weights)
    while True:
        with contextlib.redirect_stdout(sys.stderr):
            finding = next(found, None)
        if finding is None:
            return
        yield finding


def show(hash_weights: bool) -> list[str]:
    """Print findings as they come; return the names of what is broken."""
    broken = []
    for finding in findings(hash_weights):
        print(f'{MARKS[finding.state]} {finding.name:24} {finding.value}', flush=True)
        if finding.remedy:
            print(f'  {"":24} -> {finding.remedy}', flush=True)
        broken += [finding.name] if finding.state == 'broken' else []
    return broken


def show_json(hash_weights: bool) -> list[str]:
    """Print all findings as one JSON object; return the names of what is broken."""
    found = [finding.as_dict() for finding in findings(hash_weights)]
    broken = [finding['name'] for finding in found if finding['state'] == 'broken']
    text = json.dumps(dict(broken=broken, findings=found), indent=1)
    print(text.replace(str(Path.home()), '~'))
    return broken


def main() -> int:
    """Run the tool."""
    args = parse_args()
    with user_errors('doctor', args.traceback):
        broken = (show_json if args.json else show)(args.hash)
    if broken:
        print(f'doctor: look at {", ".join(broken)}.', file=sys.stderr)
    return 1 if broken else 0


if __name__ == '__main__':
    sys.exit(main())
