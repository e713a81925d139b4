#!/usr/bin/env bash
# Makes a Python environment in which mmaddp runs, or finds that it is there already.
#
#   bash tools/setup/setup_env.sh             # .venv, with the forks of the OpenMMLab packages
#   bash tools/setup/setup_env.sh upstream    # .venv-upstream, with the originals
#
# Other scripts source it:
#
#   ensure_environment onedl .venv
#   ensure_environment upstream .venv-upstream
#   ensure_environment onedl none             # the Python on the path: installs what is missing
#
# Sets ENV_PYTHON. Nothing is compiled; nothing but the environment's folder is written.

REPOSITORY="$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)"
LEAST_PYTHON_MINOR=10
INSTALLED_GB=6.5 # with the torch of the package registry, which brings CUDA even without a GPU
FRESH_GB=11      # peak of a fresh installation: the unpacked packages and pip's downloads
SHARED_GB=2      # the same when torch is shared with an environment that is there
IMPORTS=(torch torchvision mmengine mmcv mmpretrain mmdet mmseg cv2 sklearn timm torch_fidelity
         safetensors pycocotools rich matplotlib onnx onnxruntime onnxscript openvino gradio trackio
         pytest hypothesis nbclient nbformat ipykernel playwright codespell_lib ruff mypy mmaddp)

say() { printf '[mmaddp] %s\n' "$*"; }
fail() { printf '[mmaddp] ERROR: %s\n' "$*" >&2; exit 1; }

is_new_enough() {
    "$1" -c "import sys; sys.exit(sys.version_info < (3, $LEAST_PYTHON_MINOR))" 2>/dev/null
}

find_base_python() {
    local candidate candidates=(python3 python python3.12 python3.11 python3.10)
    [ -z "${PYTHON:-}" ] || candidates=("$PYTHON")
    for candidate in "${candidates[@]}"; do
        if command -v "$candidate" >/dev/null && is_new_enough "$candidate"; then
            BASE_PYTHON="$(command -v "$candidate")"
            return
        fi
    done
    fail "Python 3.$LEAST_PYTHON_MINOR or newer is needed; ${PYTHON:-python3} is" \
        "$("${PYTHON:-python3}" --version 2>&1 || true). Name another: PYTHON=python3.11 bash ..."
}

require_space() {  # folder, GB
    local free_gb
    free_gb=$(($(df -Pk "$1" | awk 'NR == 2 {print $4}') / 1048576))
    [ "$free_gb" -ge "$2" ] || fail "Not enough disk space for the installation:" \
        "$2 GB needed in $1, $free_gb GB free. Free some, or bring your own environment (--no-venv)."
}

install() {  # what (for people), then pip's arguments
    local what="$1" log
    shift
    log="$(mktemp)"
    say "installing $what ..."
    # MMCV_WITH_OPS would make mmcv compile itself, which takes long and ties it to one torch.
    if ! env -u MMCV_WITH_OPS "$ENV_PYTHON" -m pip install --no-input --progress-bar off \
        --disable-pip-version-check "$@" >"$log" 2>&1 </dev/null; then
        tail -n 15 "$log" >&2
        say "the whole log: $log" >&2
        fail "could not install $what: $(grep -E '^ *ERROR' "$log" | tail -n 1 |
            sed 's/^ *ERROR: //' || true). Is a package registry reachable?"
    fi
    rm -f "$log"
}

requirements_file() { [ "$1" = upstream ] && echo openmmlab || echo onedl; }

fingerprint() {  # family
    (cd "$REPOSITORY" && cat setup.py requirements/*.txt tools/setup/setup_env.sh \
        tools/setup/share_torch.py && python_version "$BASE_PYTHON" &&
        echo "$1 $REPOSITORY") | cksum
}

has_all_imports() {
    # From the root folder: this one would hide that mmaddp is not installed.
    (cd / && "$ENV_PYTHON" - "${IMPORTS[@]}") <<'PY'
import importlib.util
import sys

missing = [name for name in sys.argv[1:] if importlib.util.find_spec(name) is None]
if missing:
    print('[mmaddp] missing here: ' + ', '.join(missing))
sys.exit(bool(missing))
PY
}

install_packages() {  # family
    local family constraints
    family="$(requirements_file "$1")"
    constraints="$(mktemp)"
    # torch and torchvision stay as they are: the newest, or what the user brought.
    grep -vE '^(torch|torchvision)==' "$REPOSITORY/requirements/constraints-$family.txt" \
        >"$constraints"
    install "the OpenMMLab packages ($1) and what mmaddp needs" \
        -r "$REPOSITORY/requirements/$family.txt" -r "$REPOSITORY/requirements/runtime.txt" \
        -r "$REPOSITORY/requirements/tests.txt" -r "$REPOSITORY/requirements/optional.txt" \
        -r "$REPOSITORY/requirements/export.txt" -r "$REPOSITORY/requirements/channels.txt" \
        -r "$REPOSITORY/requirements/web.txt" -r "$REPOSITORY/requirements/trackio.txt" \
        -c "$constraints"
    install "mmaddp (editable)" --no-deps -e "$REPOSITORY"
    rm -f "$constraints"
    prefer_headless_opencv
}

prefer_headless_opencv() {
    # opencv-python needs libGL and shares its folder with the headless package: the last wins.
    local version
    version="$("$ENV_PYTHON" -c 'from importlib.metadata import version
print(version("opencv-python-headless"))')"
    install "opencv-python-headless $version (last, so that no libGL is needed)" \
        --force-reinstall --no-deps "opencv-python-headless==$version"
}

use_own_python() {  # family
    ENV_PYTHON="$(command -v "${PYTHON:-python3}" || command -v python)" ||
        fail "no Python on the path"
    BASE_PYTHON="$ENV_PYTHON"
    is_new_enough "$ENV_PYTHON" || fail "Python 3.$LEAST_PYTHON_MINOR or newer is needed," \
        "$ENV_PYTHON is $("$ENV_PYTHON" --version 2>&1)"
    if has_all_imports && [ -e "$REPOSITORY/mmaddp/.mim" ] &&
        "$ENV_PYTHON" -c 'import cv2' 2>/dev/null; then
        say "using $ENV_PYTHON as it is"
        return
    fi
    say "installing what is missing into $ENV_PYTHON"
    require_space "$("$ENV_PYTHON" -c 'import sys; print(sys.prefix)')" "$FRESH_GB"
    has_torch || install "torch and torchvision (minutes)" torch torchvision
    install_packages "$1"
}

python_version() { "$1" -c 'import sys; print(sys.version)' 2>/dev/null || echo none; }

has_torch() { "$ENV_PYTHON" -c 'import torch, torchvision.ops' 2>/dev/null; }

remove_own() {  # folder
    if [ -e "$1" ] && [ ! -e "$1/made-by-mmaddp" ] && [ -n "$(ls -A "$1")" ]; then
        fail "$1 is there, not as it is needed, and not made by this script: remove it, or use" \
            "your own environment (--no-venv)"
    fi
    rm -rf "$1"
}

make_environment() {  # folder
    if [ "$(python_version "$ENV_PYTHON")" = "$(python_version "$BASE_PYTHON")" ]; then
        say "bringing $1 up to date"
        return
    fi
    remove_own "$1"
    "$BASE_PYTHON" -m venv "$1" || fail "could not make a virtual environment with $BASE_PYTHON" \
        "(on Debian and Ubuntu: apt-get install python3-venv)"
    touch "$1/made-by-mmaddp"
}

get_torch() {  # family, folder
    local donor="$REPOSITORY/.venv"
    if [ "$1" = upstream ] && [ -e "$donor/complete" ]; then
        require_space "$REPOSITORY" "$SHARED_GB"
        "$donor/bin/python" "$REPOSITORY/tools/setup/share_torch.py" "$2" &&
            install "numpy and pillow, which torchvision needs" numpy pillow \
                -c "$REPOSITORY/requirements/constraints-openmmlab.txt"
        if has_torch; then
            say "sharing torch with $donor"
            return
        fi
        say "torch cannot be shared with $donor: installing it again"
        rm -f "$2"/lib*/python3.*/site-packages/shared_torch.pth
    fi
    require_space "$REPOSITORY" "$FRESH_GB"
    say "$2 will take $INSTALLED_GB GB, most of it for torch, which comes with CUDA also where there" \
        "is no GPU"
    install "torch and torchvision (minutes)" torch torchvision
}

ensure_environment() {  # family (onedl or upstream), folder or "none"
    local folder stamp started=$SECONDS
    if [ "$2" = none ]; then
        use_own_python "$1"
        return
    fi
    folder="$REPOSITORY/$2"
    ENV_PYTHON="$folder/bin/python"
    find_base_python
    stamp="$(fingerprint "$1")"
    if [ "$(cat "$folder/complete" 2>/dev/null)" = "$stamp" ] && has_all_imports; then
        say "$2 is as it should be"
        return
    fi
    make_environment "$folder"
    has_torch || get_torch "$1" "$folder"
    install_packages "$1"
    has_all_imports || fail "the installation is not complete"
    echo "$stamp" >"$folder/complete"
    say "$2 is ready: $((SECONDS - started)) s, $(du -sh "$folder" | cut -f1)"
}

# Called, not sourced.
if [ "${BASH_SOURCE[0]}" = "$0" ]; then
    set -euo pipefail
    case "${1:-onedl}" in
        onedl) ensure_environment onedl .venv ;;
        upstream) ensure_environment upstream .venv-upstream ;;
        *)
            sed -n '2,/^$/{/^#/p}' "$0" | sed 's/^# \{0,1\}//'
            [ "$1" = --help ] || [ "$1" = -h ] || fail "unknown argument: $1"
            exit 0
            ;;
    esac
    say "next: source $(printf %q "${ENV_PYTHON%/python}/activate")"
fi
