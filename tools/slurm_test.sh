#!/usr/bin/env bash
# Test under Slurm:
#
# usage: bash tools/slurm_test.sh PARTITION JOB_NAME CONFIG CHECKPOINT [arguments of tools/test.py]
#
# The allocation is described by
#   GPUS           processes, one for each GPU (8; in a batch job, its tasks)
#   GPUS_PER_NODE  of them on one machine (8, or GPUS if these are fewer)
#   GRES           what a machine provides (gpu:GPUS_PER_NODE); empty where Slurm knows no GPUs
#   CPUS_PER_TASK  cores for each process (5; in a batch job, those of its tasks)
#   SRUN_ARGS      more arguments of srun ('')
#   PY_ARGS        more arguments of tools/test.py ('')
#   MASTER_PORT    port of the first machine (one that comes from the number of the job)
# PYTHON names another Python than the first on the path.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/launch.sh"

need_arguments 4 "$@"
run_with_srun "$1" "$2" "$TOOLS/test.py" "$3" "$4" --launcher slurm "${@:5}"
