"""Print a config with all that it inherits, or the differences of two, by dotted key.

    python tools/analysis_tools/print_config.py CONFIG
    python tools/analysis_tools/print_config.py CONFIG --part model.backbone
    python tools/analysis_tools/print_config.py CONFIG OTHER

CONFIG is a file, or mmaddp::FOLDER/FILE. Of two, a line that begins with "-" is in the first one
alone, and one with "+" in the second. Exits with 0 also where they differ.
"""

import argparse
import json
import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[2]))

from mmaddp.run.argument_types import address
from mmaddp.run.arguments import ToolParser, add_options_argument
from mmaddp.run.user_errors import user_errors


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = ToolParser(__doc__)
    parser.add_argument('config', type=address, help='configuration file, or mmaddp::FOLDER/FILE')
    parser.add_argument('other', type=address, nargs='?', help='a second one, to compare with')
    parser.add_argument('--part', default='', metavar='KEY', help='only this setting, as in a.b.0')
    parser.add_argument(
        '--as-run', action='store_true', help='completed as for a training: hooks, defaults'
    )
    parser.add_argument('--json', action='store_true', help='print the differences as JSON')
    add_options_argument(parser)
    return parser.parse_args()


def main() -> None:
    """Run the tool."""
    args = parse_args()
    with user_errors('print_config', args.traceback):
        from mmaddp.run.analysis.config_text import differences, resolved, text_of

        if args.json and not args.other:
            raise ValueError('--json is for the differences of two configs.')
        first = resolved(args.config, args.cfg_options, args.as_run)
        if not args.other:
            print(text_of(first, args.part).rstrip())
            return
        second = resolved(args.other, args.cfg_options, args.as_run)
        found = differences(first, second, args.part)
        if args.json:
            print(json.dumps([each._asdict() for each in found], indent=1))
        else:
            print('\n'.join(map(str, found)) or 'no difference')


if __name__ == '__main__':
    main()
