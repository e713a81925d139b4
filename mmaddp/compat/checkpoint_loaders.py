"""mmengine's loaders of checkpoints, replaced by one that never unpickles.

``init_cfg``, ``load_from`` and ``resume`` of every host go through them.
"""

from mmengine.runner import CheckpointLoader

from mmaddp.weights.addresses import load_from_address


def install() -> None:
    """Register :func:`load_from_address` for every kind of address."""
    for prefix in list(CheckpointLoader._schemes):
        CheckpointLoader.register_scheme(prefix, loader=load_from_address, force=True)
