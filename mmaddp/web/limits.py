"""What users of the page may ask for."""

from typing import NamedTuple


class Limits(NamedTuple):
    """Bounds of what one user can ask for at once, and of what one can upload.

    Attributes:
        pictures (int): Most pictures that are made at once.
        megapixels (float): Most pixels of an upload, in millions.
        megabytes (int): Largest upload, in MiB.
        steps (int): Most steps of a generation.
        waiting (int): Most requests that wait for the network; others are refused.
        training_pictures (int): Pictures of a training that an upload is compared with.
    """

    pictures: int = 16
    megapixels: float = 24.0
    megabytes: int = 32
    steps: int = 64
    waiting: int = 32
    training_pictures: int = 2000
