"""What can be exported, and as what; no host is imported here."""

TARGETS = ('onnx', 'openvino', 'torch')
"""Kinds of files."""

TASKS = ('classify', 'segment', 'detect', 'features', 'generate')
"""What an exported model does, named as the methods of ``mmaddp.load``'s model."""

METADATA = 'mmaddp'
"""Key of the metadata in an exported file."""
