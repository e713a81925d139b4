#!/usr/bin/env bash
# Runs the whole chain on small real images: data, tokenizer, token predictor, ADDP, generation,
# scores, classification, detection, segmentation, and writes a report.
#
#   bash tools/quickstart.sh [--smoke | --full] [--from STAGE | --only STAGE] [--work-dir DIR]
#                            [--no-venv]
#
# --smoke         a few iterations of every stage: does everything run here?
# --full          three seeds, for mean and spread
# --from STAGE    run again from this stage on: data, tokenizer, predictor, addp, generate, judge,
#                 scores, classification, detection, segmentation or report
# --only STAGE    run this stage again, and no other
# --work-dir DIR  an empty or new folder, or that of an earlier run (work_dirs/quickstart)
# --no-venv       use the Python on the path (or $PYTHON); otherwise .venv is made or reused
#
# A stage whose result exists is left as it is. Where a figure misses its limit the run ends, the
# report is written, and the exit status is 1.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/setup/setup_env.sh"

FOLDER=.venv
ARGUMENTS=()
while [ $# -gt 0 ]; do
    case "$1" in
        --no-venv) FOLDER=none ;;
        --smoke | --full | --traceback) ARGUMENTS+=("$1") ;;
        --from | --only)
            [ $# -gt 1 ] || fail "$1 needs a value"
            ARGUMENTS+=("$1" "$2")
            shift
            ;;
        --work-dir)
            [ $# -gt 1 ] || fail "$1 needs a value"
            # Relative to where the script was called.
            case "$2" in
                /* | '~'*) ARGUMENTS+=("$1" "$2") ;;
                *) ARGUMENTS+=("$1" "$PWD/$2") ;;
            esac
            shift
            ;;
        *)
            sed -n '2,/^set/{/^#/p}' "${BASH_SOURCE[0]}" | sed 's/^# \{0,1\}//'
            [ "$1" = --help ] || [ "$1" = -h ] || fail "unknown argument: $1"
            exit 0
            ;;
    esac
    shift
done

ensure_environment onedl "$FOLDER"
cd "$REPOSITORY"
exec "$ENV_PYTHON" tools/quickstart/quickstart.py ${ARGUMENTS[@]+"${ARGUMENTS[@]}"}
