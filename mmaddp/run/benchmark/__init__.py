"""Measurements of speed and memory, alone or against what the official code does."""
