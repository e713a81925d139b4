"""Small and general: files, hashes, images, masks of pixels."""


def register_all_modules() -> None:
    """Fill all registries of mmaddp; mmengine's hub looks for this function here."""
    from mmengine.registry import Registry

    from mmaddp import registry

    for value in vars(registry).values():
        if isinstance(value, Registry) and value.scope == 'mmaddp':
            value.import_from_location()
