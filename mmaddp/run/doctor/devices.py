"""GPUs and processor, and the precisions in which they are fast."""

from collections.abc import Iterator
from pathlib import Path

from mmaddp.run.doctor.finding import Finding
from mmaddp.utils.processor import cpu_name, instructions

# Of the kernel's driver: there is a GPU, whatever torch says.
DRIVER = Path('/proc/driver/nvidia/version')
AMPERE = (8, 0)


def devices() -> Iterator[Finding]:
    """Name every device, and say which precision is fast on it."""
    yield Finding('CPU', f'{cpu_name()}; {", ".join(instructions()) or "instructions unknown"}')
    try:
        import torch

        from mmaddp.utils.precision import has_fast_bf16
    except Exception as error:  # among others a library of the system that is missing
        remedy = 'pip install --force-reinstall torch torchvision'
        yield Finding('GPUs', f'{type(error).__name__}: {error}', False, remedy)
        return
    fast = has_fast_bf16('cpu')
    said = 'bf16 is faster than float32' if fast else 'bf16 is not faster than float32'
    how = 'auto takes it for wide networks' if fast else 'auto takes float32'
    yield Finding('precision on the CPU', f'{said}; --precision {how}')
    count = torch.cuda.device_count()
    if not count:
        yield _no_gpu(torch.version.cuda)
    for index in range(count):
        yield _gpu(torch, index)


def _no_gpu(built_for: str) -> Finding:
    """Without a GPU, or with one that torch does not see."""
    if not DRIVER.exists():
        return Finding('GPUs', 'none: everything runs on the CPU')
    if built_for is None:
        remedy = 'pip install --force-reinstall torch torchvision'
        return Finding('GPUs', 'there is one, but torch was built for CPUs alone', True, remedy)
    said = f'there is a driver, but torch (built for CUDA {built_for}) sees no GPU'
    return Finding('GPUs', said, True, 'nvidia-smi; echo "$CUDA_VISIBLE_DEVICES"')


def _gpu(torch, index: int) -> Finding:
    about = torch.cuda.get_device_properties(index)
    capability = (about.major, about.minor)
    bf16 = 'bf16' if capability >= AMPERE else 'fp16, no fast bf16'
    said = (
        f'{about.name}, {about.total_memory / 2**30:.0f} GiB, capability '
        f'{about.major}.{about.minor}, CUDA {torch.version.cuda}; {bf16}'
    )
    built = [name for name in torch.cuda.get_arch_list() if name.startswith('sm_')]
    oldest = min((int(name[3:].rstrip('af')) for name in built), default=0)
    if about.major * 10 + about.minor < oldest:
        remedy = 'install an older torch that still supports it: https://pytorch.org'
        return Finding(f'GPU {index}', f'{said}; this torch has no code for it', False, remedy)
    return Finding(f'GPU {index}', said)
