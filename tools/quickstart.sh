#!/usr/bin/env bash
# Runs the whole chain on small real images: data, tokenizer, tokens, token predictor, ADDP, samples,
# scores, classification, detection, segmentation, and writes a report.
#
#   bash tools/quickstart.sh [--smoke] [--seeds N ...] [--from STAGE | --only STAGE]
#                            [--work-dir DIR] [--no-venv]
#
# --smoke         a few iterations of every stage: does everything run here?
# --seeds N ...   a whole run for each, for mean and spread: --seeds 0 1 2; default 0
# --from STAGE    run again from this stage on: data, tokenizer, tokens, predictor, addp, report,
#                 judge, scores, classification, detection or segmentation
# --only STAGE    run this stage again, and no other
# --work-dir DIR  an empty or new folder, or that of an earlier run (work_dirs/quickstart)
# --no-venv       use the Python on the path (or $PYTHON); otherwise .venv is made or reused
#
# A stage whose result exists is left as it is. Where a figure misses its limit, the report says so,
# and the exit status is 1.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/setup/setup_env.sh"

FOLDER=.venv
ARGUMENTS=()
for argument in "$@"; do
    case "$argument" in
        --no-venv) FOLDER=none ;;
        -h | --help)
            sed -n '2,/^set/{/^#/p}' "${BASH_SOURCE[0]}" | sed 's/^# \{0,1\}//'
            exit 0
            ;;
        *) ARGUMENTS+=("$argument") ;;
    esac
done

ensure_environment onedl "$FOLDER"
exec "$ENV_PYTHON" "$REPOSITORY/tools/quickstart/quickstart.py" ${ARGUMENTS[@]+"${ARGUMENTS[@]}"}
