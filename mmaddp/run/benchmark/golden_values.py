"""Values of ``golden.py`` on a CPU in float32."""

GOLDEN: dict[str, dict[str, float]] = {}
