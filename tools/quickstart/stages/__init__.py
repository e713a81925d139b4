"""The stages of the quickstart, in order. A new one is a module here and a name below."""

from .chain import CHAIN
from .classification import CLASSIFICATION
from .detection import DETECTION
from .judge import JUDGE
from .scores import SCORES
from .segmentation import SEGMENTATION

STAGES = (*CHAIN, JUDGE, SCORES, CLASSIFICATION, DETECTION, SEGMENTATION)
