#!/usr/bin/env bash
# What dist_*.sh and slurm_*.sh share; not a command of its own.

TOOLS="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
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
    exec "${PYTHON:-python}" -m torch.distributed.run \
        --nnodes="${NNODES:-1}" \
        --node_rank="${NODE_RANK:-0}" \
        --master_addr="${MASTER_ADDR:-127.0.0.1}" \
        --master_port="$port" \
        --nproc_per_node="$1" \
        "${@:2}"
}

run_with_srun() {  # partition, name of the job, then the command
    local gpus=${GPUS:-8}
    local per_node=${GPUS_PER_NODE:-$((gpus < 8 ? gpus : 8))}
    # shellcheck disable=SC2086  # SRUN_ARGS holds several arguments
    exec srun -p "$1" \
        --job-name="$2" \
        --gres="gpu:$per_node" \
        --ntasks="$gpus" \
        --ntasks-per-node="$per_node" \
        --cpus-per-task="${CPUS_PER_TASK:-5}" \
        --kill-on-bad-exit=1 \
        ${SRUN_ARGS:-} \
        "${PYTHON:-python}" -u "${@:3}"
}
