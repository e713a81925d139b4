"""Pictures: what the encoder sees, steps of a generation, samples with their annotations."""
