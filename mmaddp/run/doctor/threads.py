"""Threads of the libraries against the cores that the process may use, and memory."""

import os
from collections.abc import Iterator

from mmaddp.run.doctor.finding import Finding
from mmaddp.utils.processor import allowed_cores, cpu_quota, memory_limit, usable_cores

# What decides the number of threads, and which devices are seen.
VARIABLES = (
    *('OMP_NUM_THREADS', 'MKL_NUM_THREADS', 'CUDA_VISIBLE_DEVICES', 'PYTORCH_CUDA_ALLOC_CONF'),
    *('TORCH_FORCE_WEIGHTS_ONLY_LOAD', 'HF_HUB_OFFLINE', 'PYTHONPATH'),
)
LITTLE_MEMORY = 4 * 2**30


def threads() -> Iterator[Finding]:
    """Compare threads with cores, and say which variables of the environment play a part."""
    allowed, usable, quota = allowed_cores(), usable_cores(), cpu_quota()
    limit = f', limited to the time of {quota:g} by the container' if quota is not None else ''
    yield Finding('cores', f'{os.cpu_count()} in the machine, {allowed} allowed{limit}')
    yield _threads_of_torch(usable)
    given = [f'{name}={os.environ[name]}' for name in VARIABLES if os.environ.get(name)]
    yield Finding('environment', ' '.join(given) or 'no variable that plays a part')
    yield _memory()


def _threads_of_torch(usable: int) -> Finding:
    try:
        import torch
    except Exception as error:
        return Finding('threads', f'{type(error).__name__}: {error}', False, 'pip install torch')
    number = torch.get_num_threads()
    said = f'{number} of torch for {usable} usable cores'
    if number > usable:
        said += ': more threads than cores wait for one another'
        return Finding('threads', said, True, f'export OMP_NUM_THREADS={usable}')
    if number < usable and 'OMP_NUM_THREADS' in os.environ:
        said += ': right for several processes on this machine, slow for a single one'
        return Finding('threads', said, True, f'export OMP_NUM_THREADS={usable}')
    return Finding('threads', said)


def _memory() -> Finding:
    limit = memory_limit()
    size = None
    if hasattr(os, 'sysconf') and 'SC_PHYS_PAGES' in os.sysconf_names:
        size = os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES')
    known = [number for number in (limit, size) if number is not None]
    if not known:
        return Finding('memory', 'unknown')
    said = f'{min(known) / 2**30:.1f} GiB'
    if limit is not None and limit == min(known):
        said += ', the limit of the container'
    if min(known) < LITTLE_MEMORY:
        remedy = 'mmaddp train CONFIG --with-cp --cfg-options train_dataloader.batch_size=8'
        return Finding('memory', f'{said}: little for training', True, remedy)
    return Finding('memory', said)
