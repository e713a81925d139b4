#!/usr/bin/env bash
# What dist_*.sh and slurm_*.sh share; not a command of its own.

TOOLS="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
PREEMPTED=75  # how a training ends that was asked to stop and has saved
TOO_EARLY=138 # 128 + SIGUSR1: how it ends if there was nothing to save yet
export PYTHONPATH="$TOOLS/..${PYTHONPATH:+:$PYTHONPATH}"

show_usage() {  # the comment at the head of the script
    sed -n '2,/^set/{/^#/p}' "$0" | sed 's/^# \{0,1\}//'
}

# Shows help where it is asked for, and ends with status 2 where arguments are missing.
need_arguments() {  # number, then the script's arguments
    local least=$1 argument
    shift
    for argument in "$@"; do
        case "$argument" in -h | --help) show_usage; exit 0 ;; esac
    done
    if [ $# -lt "$least" ]; then
        echo "$(basename "$0"): $least arguments are needed, got $#" >&2
        show_usage >&2
        exit 2
    fi
}

# Prints a port of this machine if it is free, and any free one if it is 0.
free_port() {
    "${PYTHON:-python}" - "$1" <<'PY'
import socket
import sys

with socket.socket() as probe:
    probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        probe.bind(('', int(sys.argv[1])))
    except (OSError, OverflowError, ValueError) as error:
        sys.exit(f'Port {sys.argv[1]} cannot be used ({error}): set PORT to another number.')
    print(probe.getsockname()[1])
PY
}

run_with_torchrun() {  # processes, then the command
    local port="${PORT:-29500}"
    if [ "${NNODES:-1}" = 1 ]; then
        # Nobody else must know the port, and two jobs on a machine must not share one.
        port="$(free_port "${PORT:-0}")" || exit 1
    elif [ "${NODE_RANK:-0}" = 0 ]; then
        port="$(free_port "$port")" || exit 1
    fi
    # What asks a training to save and stop is handed on to its processes, and they get the time.
    export PET_SIGNALS_TO_HANDLE="${PET_SIGNALS_TO_HANDLE:-SIGTERM,SIGINT,SIGHUP,SIGQUIT,SIGUSR1}"
    export TORCH_ELASTIC_SHUTDOWN_TIMEOUT="${TORCH_ELASTIC_SHUTDOWN_TIMEOUT:-120}"
    exec "${PYTHON:-python}" -m torch.distributed.run \
        --nnodes="${NNODES:-1}" \
        --node_rank="${NODE_RANK:-0}" \
        --master_addr="${MASTER_ADDR:-127.0.0.1}" \
        --master_port="$port" \
        --nproc_per_node="$1" \
        "${@:2}"
}

# Sets SRUN to what starts the tasks, as the variables say or, in a batch job, as it was allocated.
set_srun() {  # partition, name of the job
    local gpus=${GPUS:-${SLURM_NTASKS:-8}}
    local per_node=${GPUS_PER_NODE:-${SLURM_NTASKS_PER_NODE:-$((gpus < 8 ? gpus : 8))}}
    local gres=${GRES-gpu:$per_node}
    # shellcheck disable=SC2206  # SRUN_ARGS holds several arguments
    SRUN=(srun -p "$1"
        --job-name="$2"
        ${gres:+"--gres=$gres"}
        --ntasks="$gpus"
        --ntasks-per-node="$per_node"
        --cpus-per-task="${CPUS_PER_TASK:-${SLURM_CPUS_PER_TASK:-5}}"
        --kill-on-bad-exit=1
        ${SRUN_ARGS:-})
}

run_with_srun() {  # partition, name of the job, then the command
    set_srun "$1" "$2"
    # shellcheck disable=SC2086  # PY_ARGS holds several arguments
    exec "${SRUN[@]}" "${PYTHON:-python}" -u "${@:3}" ${PY_ARGS:-}
}

job_says() {  # KEY=VALUE
    [ -n "${SLURM_JOB_ID:-}" ] && [ -z "${SLURM_STEP_ID:-}" ] &&
        scontrol show job -o "$SLURM_JOB_ID" | grep -q " $1 "
}

requeue() {
    echo "$(basename "$0"): job $SLURM_JOB_ID was asked to stop and goes back into the queue"
    scontrol requeue "$SLURM_JOB_ID" ||
        echo "$(basename "$0"): Slurm refuses; submit the job again, with --resume" >&2
}

# As run_with_srun; a batch job that was asked to stop puts itself back into the queue.
train_with_srun() {  # partition, name of the job, then the command
    local status=0 task
    job_says BatchFlag=1 || run_with_srun "$@"
    set_srun "$1" "$2"
    # The first task runs on this machine.
    export MASTER_PORT="${MASTER_PORT:-$(free_port 0)}"
    local again=()
    [ "${SLURM_RESTART_COUNT:-0}" = 0 ] || again=(--resume)
    # shellcheck disable=SC2086  # PY_ARGS holds several arguments
    "${SRUN[@]}" "${PYTHON:-python}" -u "${@:3}" ${PY_ARGS:-} ${again[@]+"${again[@]}"} &
    task=$!
    # Slurm may tell this script alone.
    trap 'kill -USR1 "$task" || :' USR1 TERM
    wait "$task" || status=$?
    while kill -0 "$task" 2>/dev/null; do  # that was the end of waiting, not of the training
        status=0
        wait "$task" || status=$?
    done
    trap - USR1 TERM
    case "$status" in
        "$PREEMPTED" | "$TOO_EARLY") ! job_says JobState=RUNNING || requeue ;;
    esac
    exit "$status"
}
