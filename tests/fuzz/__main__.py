"""Feed damaged files to every door for a while, and say what was not answered by a message.

    python tests/fuzz [--minutes 60] [--seed 0] [--only NAME ...]

Each case damages a sound file (a checkpoint, a token cache, a COCO file, a picture, a label map,
statistics) and opens it as the tools do. A case is good if it succeeds or raises ``ValueError`` or
``OSError``, which every tool turns into one line. Anything else is kept in ``--out`` and reported;
so is a process that needs more than 4 GiB, or a case of more than a minute. Exit status 1 then.
"""

import argparse
import logging
import multiprocessing
import os
import queue
import random
import resource
import shutil
import sys
import tempfile
import time
import traceback
import warnings
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parent), str(Path(__file__).resolve().parents[1])]

from targets import TARGETS  # noqa: E402, found by the line above

MEMORY_GIB = 4
SECONDS = 60
CASES_PER_PROCESS = 200


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('--minutes', type=float, default=60, help='how long, default 60')
    parser.add_argument('--seed', type=int, default=0, help='of the first case, default 0')
    parser.add_argument('--only', nargs='+', choices=sorted(TARGETS), help='doors; default all')
    parser.add_argument(
        '--out', type=Path, default=Path('work_dirs/fuzz'), help='folder of what failed'
    )
    return parser.parse_args()


def run_cases(name: str, seeds: range, out: Path, results) -> None:
    """Run cases in a process of their own; hand back (cases, refused, failures)."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    logging.disable(logging.CRITICAL)
    warnings.simplefilter('ignore')
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    refused, failures = 0, []
    with tempfile.TemporaryDirectory() as folder:
        target = TARGETS[name](Path(folder))
        done = 0
        for seed in seeds:
            done += 1
            results.put(('at', name, seed))
            case = Path(folder) / f'case{seed}'
            case.mkdir()
            start = time.monotonic()
            try:
                target(case, random.Random(f'{name} {seed}'))
            except (ValueError, OSError) as error:
                refused += 1
                if not str(error).strip():
                    failures.append((seed, f'{type(error).__name__} without a message'))
            except BaseException:
                failures.append((seed, traceback.format_exc()))
            if time.monotonic() - start > SECONDS:
                failures.append((seed, f'took {time.monotonic() - start:.0f} s'))
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
            if peak > MEMORY_GIB:
                failures.append((seed, f'{peak:.1f} GiB'))
            if failures and failures[-1][0] == seed:
                shutil.copytree(case, out / f'{name}-{seed}', dirs_exist_ok=True)
                (out / f'{name}-{seed}' / 'what_happened.txt').write_text(failures[-1][1])
            shutil.rmtree(case, ignore_errors=True)
            if peak > MEMORY_GIB:
                break
    results.put(('done', name, (done, refused, failures)))


def main() -> None:
    args = parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    context = multiprocessing.get_context('fork')
    names = args.only or list(TARGETS)
    totals = {name: [0, 0, 0] for name in names}
    end, seed, turn = time.monotonic() + 60 * args.minutes, args.seed, 0
    failed = False
    while time.monotonic() < end:
        name = names[turn % len(names)]
        turn += 1
        if turn % len(names) == 0:
            seed += CASES_PER_PROCESS
        batch = max(5, int(CASES_PER_PROCESS * min(1, args.minutes / 30)))
        results = context.Queue()
        process = context.Process(
            target=run_cases, args=(name, range(seed, seed + batch), args.out, results)
        )
        process.start()
        kind, at = '', None
        while kind != 'done':
            try:
                kind, _, at = results.get(timeout=5)
            except queue.Empty:
                if not process.is_alive():
                    break
        process.join()
        if kind == 'done':
            cases, refused, failures = at
        else:
            cases, refused, failures = 1, 0, [(at, f'the process died ({process.exitcode})')]
        totals[name] = [
            old + new for old, new in zip(totals[name], (cases, refused, len(failures)))
        ]
        for case, text in failures:
            failed = True
            print(f'{name}, case {case}: {text.strip().splitlines()[-1]}', flush=True)
    for name, (cases, refused, failures) in totals.items():
        print(f'{name:<16}{cases:>7} cases {refused:>7} refused {failures:>4} failed')
    sys.exit(failed)


if __name__ == '__main__':
    main()
