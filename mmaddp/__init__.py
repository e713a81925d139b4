from .compat import install_ops_hook, keep_host_scope, mend_package_table
from .version import __version__

mend_package_table()
keep_host_scope()
install_ops_hook()

__all__ = ['__version__']
