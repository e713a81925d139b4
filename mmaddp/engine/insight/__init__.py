"""What a model has learned so far: features of pictures and figures of them, at a bounded cost."""
