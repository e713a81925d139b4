#!/usr/bin/env bash
# Train on several GPUs (or, without one, CPU processes) of one or more machines:
#
# usage: bash tools/dist_train.sh CONFIG GPUS [arguments of tools/train.py]
#
# GPUS is the number of processes on this machine. On several machines, the same command on each
# of them, with
#   NNODES       number of machines (1)
#   NODE_RANK    number of this machine, from 0 (0)
#   MASTER_ADDR  address of machine 0 (127.0.0.1)
#   PORT         a free port of machine 0 (29500; on one machine any free one is found)
# PYTHON names another Python than the first on the path.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/launch.sh"

need_arguments 2 "$@"
run_with_torchrun "$2" "$TOOLS/train.py" "$1" --launcher pytorch "${@:3}"
