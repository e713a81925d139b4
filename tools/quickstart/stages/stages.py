"""All stages of the quickstart, in order. A new one is a module beside this one and a line here."""

from .chain import CHAIN
from .classification import CLASSIFICATION
from .detection import DETECTION
from .scores import SCORES
from .segmentation import SEGMENTATION

STAGES = (*CHAIN, *SCORES, *CLASSIFICATION, *DETECTION, *SEGMENTATION)
