"""One line of the report."""

from typing import Any, NamedTuple


class Finding(NamedTuple):
    """What was found about one thing.

    Attributes:
        name (str): What was looked at.
        value (str): What was found.
        is_sound (bool): Whether work is possible with it. Defaults to True.
        remedy (str): Command that mends what is wrong, or not as good as it could be. Defaults to
            '': there is nothing to mend.
    """

    name: str
    value: str
    is_sound: bool = True
    remedy: str = ''

    @property
    def state(self) -> str:
        """'broken', 'advice' for what works but could be better, or 'fine'."""
        if not self.is_sound:
            return 'broken'
        return 'advice' if self.remedy else 'fine'

    def as_dict(self) -> dict[str, Any]:
        """The finding for a JSON file."""
        return dict(name=self.name, value=self.value, state=self.state, remedy=self.remedy)
