"""Weights: reading them safely, loading them completely, and turning them into other layouts."""
