"""What an installation and a machine consist of, what they lack, and the commands that mend it."""

from .examination import examine
from .finding import Finding
from .packages import HOSTS

__all__ = ['HOSTS', 'Finding', 'examine']
