"""OpenVINO without its telemetry."""

import sys
from types import ModuleType


def import_openvino() -> ModuleType:
    """Import OpenVINO so that it reports nothing.

    Otherwise every import sends an event over the network, unless its user has declined that once.

    Returns:
        ModuleType: The package.

    Raises:
        ModuleNotFoundError: It is not installed.
    """
    sys.modules.setdefault('openvino_telemetry', None)  # type: ignore[arg-type]
    import openvino

    return openvino
