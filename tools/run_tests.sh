#!/usr/bin/env bash
# Installs what the tests need (into .venv, .venv-upstream and .venv-transformers) and runs linters
# and tests.
#
#   bash tools/run_tests.sh [--family onedl|upstream|both] [--no-venv] [-- PYTEST_ARGUMENT ...]
#
# onedl (default): the maintained forks of the OpenMMLab packages; upstream: the originals.
# --no-venv: use the Python on the path (or $PYTHON), with whichever family it has.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/setup/setup_env.sh"

usage() { sed -n '2,/^set/{/^#/p}' "${BASH_SOURCE[0]}" | sed 's/^# \{0,1\}//'; }

FAMILY=onedl
OWN_PYTHON=
while [ $# -gt 0 ]; do
    case "$1" in
        --family) FAMILY="${2:-}"; shift 2 || fail "--family needs a value" ;;
        --family=*) FAMILY="${1#*=}"; shift ;;
        --no-venv) OWN_PYTHON=1; shift ;;
        -h | --help) usage; exit 0 ;;
        --) shift; break ;;
        *) usage >&2; fail "unknown argument: $1 (pytest's arguments follow --)" ;;
    esac
done

case "$FAMILY" in
    onedl | upstream) FAMILIES=("$FAMILY") ;;
    both) FAMILIES=(onedl upstream) ;;
    *) fail "--family must be onedl, upstream or both, not '$FAMILY'" ;;
esac
if [ -n "$OWN_PYTHON" ] && [ "$FAMILY" = both ]; then
    fail "one Python cannot hold both families: --no-venv goes with one of them"
fi

run_linters() {
    local status=0
    say "ruff, codespell and mypy"
    "$ENV_PYTHON" -m ruff check . || status=1
    "$ENV_PYTHON" -m ruff format --check . || status=1
    "$ENV_PYTHON" -m codespell_lib || status=1
    "$ENV_PYTHON" -m mypy || status=1
    return $status
}

provide_transformers() {
    local folder="$REPOSITORY/.venv-transformers" stamp
    stamp="$(python_version "$ENV_PYTHON") $(cksum <"$REPOSITORY/requirements/transformers.txt")"
    if [ "$(cat "$folder/complete" 2>/dev/null)" != "$stamp" ]; then
        remove_own "$folder"
        mkdir "$folder"
        touch "$folder/made-by-mmaddp"
        install "transformers, in a folder of their own" --target "$folder" --no-deps \
            -r "$REPOSITORY/requirements/transformers.txt"
        echo "$stamp" >"$folder/complete"
    fi
    export TRANSFORMERS_FOLDER="$folder"
}

cd "$REPOSITORY"
FAILED=()
LINTED=
for family in "${FAMILIES[@]}"; do
    folder=.venv
    [ "$family" = upstream ] && folder=.venv-upstream
    [ -n "$OWN_PYTHON" ] && folder=none
    ensure_environment "$family" "$folder"
    if [ -z "$LINTED" ]; then
        run_linters || FAILED+=(linters)
        LINTED=1
    fi
    provide_transformers
    say "tests with the $family packages"
    started=$SECONDS
    # A process for each core: two with several threads each would wait for one another.
    OMP_NUM_THREADS=1 "$ENV_PYTHON" -m pytest -n auto --dist loadfile --no-loadscope-reorder "$@" ||
        FAILED+=("$family tests")
    say "tests with the $family packages took $((SECONDS - started)) s"
done

if [ ${#FAILED[@]} -gt 0 ]; then
    fail "failed: $(IFS=,; echo "${FAILED[*]}" | sed 's/,/, /g')"
fi
say "all passed: linters, ${FAMILIES[*]}"
