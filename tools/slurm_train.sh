#!/usr/bin/env bash
# Train under Slurm, on one or more machines:
#
# usage: bash tools/slurm_train.sh PARTITION JOB_NAME CONFIG [WORK_DIR] [arguments of tools/train.py]
#
# In a batch job, that is, in a script for sbatch, a training that SIGTERM or SIGUSR1 asked to stop
# saves, and the job puts itself back into the queue; the next time it runs with --resume.
#
# The allocation is described by
#   GPUS           processes, one for each GPU (8; in a batch job, its tasks)
#   GPUS_PER_NODE  of them on one machine (8, or GPUS if these are fewer)
#   GRES           what a machine provides (gpu:GPUS_PER_NODE); empty where Slurm knows no GPUs
#   CPUS_PER_TASK  cores for each process (5; in a batch job, those of its tasks)
#   SRUN_ARGS      more arguments of srun ('')
#   PY_ARGS        more arguments of tools/train.py ('')
#   MASTER_PORT    port of the first machine (a free one; outside batch jobs one that
#                  comes from the number of the job)
# PYTHON names another Python than the first on the path.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/launch.sh"

need_arguments 3 "$@"
COMMAND=("$TOOLS/train.py" "$3")
REST=4
if [ $# -gt 3 ] && [ "${4#-}" = "$4" ]; then
    COMMAND+=(--work-dir "$4")
    REST=5
fi
train_with_srun "$1" "$2" "${COMMAND[@]}" --launcher slurm "${@:$REST}"
