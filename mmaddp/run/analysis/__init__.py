"""Analysis of configs and of trained models, behind ``mmaddp config`` and ``mmaddp analyze``."""
