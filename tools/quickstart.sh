#!/usr/bin/env bash
# Runs the whole chain on small real images: data, tokenizer, token predictor, ADDP, generation.
#
#   bash tools/quickstart.sh [--smoke | --full] [--from STAGE | --only STAGE] [--no-venv]
#
# Makes .venv first, or reuses it. --no-venv: use the Python on the path (or $PYTHON).
# The other options are those of tools/quickstart/quickstart.py (--help lists them).
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/setup/setup_env.sh"

FOLDER=.venv
ARGUMENTS=()
while [ $# -gt 0 ]; do
    case "$1" in
        --no-venv) FOLDER=none ;;
        --smoke | --full) ARGUMENTS+=("$1") ;;
        --from | --only | --work-dir)
            ARGUMENTS+=("$1" "${2:?$1 needs a value}")
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
