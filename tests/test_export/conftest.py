import mmaddp  # noqa: F401, before any host: it mends what they miss
