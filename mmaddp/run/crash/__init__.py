"""Kills trainings and compares what becomes of them with trainings that nothing disturbed."""
