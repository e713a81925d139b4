"""What the hosts need mended: configurations by package name, and missing compiled operators."""

from .config_scope import keep_host_scope
from .ops_hook import install_ops_hook
from .package_table import mend_package_table

__all__ = ['install_ops_hook', 'keep_host_scope', 'mend_package_table']
