"""What the hosts spend half of the time of the tests on, and no test is about."""

import gc
from functools import cache

import mmengine.config.config
import mmengine.config.utils
import yapf.yapflib.yapf_api


def install() -> None:
    """Log settings as they are, not in a beautiful form, and read each list of models once."""
    for module in (yapf.yapflib.yapf_api, mmengine.config.config):  # who imports it, and when
        module.FormatCode = lambda text, *args, **kwargs: (text, False)
    mmengine.config.utils.load = cache(mmengine.config.utils.load)


def freeze() -> None:
    """Let garbage collections pass over all that there is: each new data set makes one."""
    gc.collect()
    gc.freeze()
