"""The ids that the embedding tables of ADDP and MAGE know."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Vocabulary:
    """Layout of an embedding table: codes first, then class ids, then the mask id.

    The released models keep 1000 class ids that nothing ever trains (a legacy of MAGE's JAX
    checkpoint); only one of them, ``class_id``, is used, as the constant in the class slot.

    Args:
        num_codes (int): Codes of the tokenizer, K. Their ids are ``0 .. K - 1``.
        num_class_ids (int): Class ids behind the codes. Defaults to 1000.
    """

    num_codes: int
    num_class_ids: int = 1000

    def __post_init__(self):
        if self.num_codes < 1 or self.num_class_ids < 1:
            raise ValueError(
                'A vocabulary needs at least one code and one class id, got '
                f'num_codes={self.num_codes}, num_class_ids={self.num_class_ids}.'
            )

    @property
    def class_id(self) -> int:
        """Id in the class slot: 1100 for the released K = 1024, K + 76 in general."""
        return self.num_codes + min(76, self.num_class_ids - 1)

    @property
    def mask_id(self) -> int:
        """Id of a masked position, the last one: 2024 for the released models."""
        return self.num_codes + self.num_class_ids

    def __len__(self) -> int:
        """Rows of the table, V: 2025 for the released models."""
        return self.num_codes + self.num_class_ids + 1
