"""A name that packages offer means one thing."""

from importlib import import_module
from pkgutil import walk_packages

import mmaddp


def test_every_offered_name_has_one_meaning():
    meanings = {}
    for package in walk_packages(mmaddp.__path__, 'mmaddp.'):
        if not package.ispkg or package.name.startswith('mmaddp..mim'):
            continue
        module = import_module(package.name)
        for name in getattr(module, '__all__', ()):
            known = meanings.setdefault(name, getattr(module, name))
            assert known is getattr(module, name), f'{name} of {package.name} is another elsewhere'
    assert {'build_model', 'extract_features', 'generate', 'Reference'} <= meanings.keys()


def test_functions_of_images_are_called_alike():
    from inspect import signature

    from mmaddp import apis

    for name in ('classify', 'extract_features', 'detect', 'segment'):
        parameters = list(signature(getattr(apis, name)).parameters)
        assert parameters[:3] == ['images', 'model', 'checkpoint'] and parameters[-1] == 'device'
    assert list(signature(apis.generate).parameters)[:2] == ['model', 'checkpoint']
