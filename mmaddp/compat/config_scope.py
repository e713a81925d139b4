"""Our configs keep the scope of their host when another project inherits them."""

from mmengine.config import Config


def install() -> None:
    """Let ``_base_ = 'mmaddp::...'`` build host classes in the host's scope.

    mmengine stamps the package of an inherited config on everything that is built from it. Our
    configs name host classes without a prefix and our own with one, under the host's
    ``default_scope``; with our stamp, ``PackInputs`` would be looked up in our registries, which
    do not have it.
    """
    original = Config._get_cfg_path

    def get_cfg_path(cfg_path: str, filename: str) -> tuple:
        path, scope = original(cfg_path, filename)
        return path, None if scope == 'mmaddp' else scope

    Config._get_cfg_path = staticmethod(get_cfg_path)
