"""mmengine's loaders of checkpoints, replaced by one that never unpickles.

``init_cfg``, ``load_from`` and ``resume`` of every host go through them.
"""

from mmengine.runner import CheckpointLoader

from mmaddp.compat.resume import checked
from mmaddp.weights import addresses


def load_from_address(filename: str, map_location=None) -> dict:
    """Read a checkpoint as data; see :func:`mmaddp.weights.addresses.load_from_address`.

    Raises:
        ValueError: It cannot be read, or a Runner that resumes from it cannot use it.
    """
    return checked(addresses.load_from_address(filename, map_location))


def install() -> None:
    """Register :func:`load_from_address` for every kind of address."""
    for prefix in list(CheckpointLoader._schemes):
        CheckpointLoader.register_scheme(prefix, loader=load_from_address, force=True)
