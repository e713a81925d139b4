"""From labelled pictures and a pre-trained encoder to a classifier, a detector or a segmentor."""
