"""What an exported file says about itself."""

from collections.abc import Sequence
from typing import Any, Optional

from mmengine.model import BaseModel

from mmaddp.models.selfsup import ADDP
from mmaddp.version import __version__

from .detection import describe_detector, has_regions
from .network import Network
from .preparation import describe_input

FORMAT = 1


def describe(
    model: BaseModel, task: str, networks: Sequence[Network], classes: Optional[Sequence[str]]
) -> dict[str, Any]:
    """Describe a model for a program that has nothing but its files; all of it becomes JSON.

    Args:
        model (BaseModel): From :func:`mmaddp.apis.build_model`.
        task (str): One of :data:`TASKS`.
        networks (Sequence[Network]): Its networks.
        classes (Sequence[str], optional): Names of the classes.

    Returns:
        dict: ``format`` 1, ``task``, ``model``, ``mmaddp`` (version), ``classes``, ``networks``
        (of each its inputs, of these the axes that are free, with their smallest size), ``input``
        of :func:`describe_input`; of a segmentor that slides ``sliding``; of Faster and
        Mask R-CNN ``detector``; of a generator ``sampler`` instead of ``input``. Each file adds
        ``network``, its own.
    """
    content: dict[str, Any] = dict(
        format=FORMAT,
        task=task,
        model=type(model).__name__,
        mmaddp=__version__,
        classes=None if classes is None else [str(name) for name in classes],
        networks={network.name: _axes(network) for network in networks},
    )
    if task == 'generate':
        return dict(content, sampler=_sampler(model))
    content['input'] = describe_input(model, model._config)
    if task == 'detect' and has_regions(model):
        content['detector'] = describe_detector(model)
    test_cfg = getattr(model, 'test_cfg', None) or {}
    if task == 'segment' and test_cfg.get('mode') == 'slide':
        window, stride = (list(map(int, test_cfg[name])) for name in ('crop_size', 'stride'))
        content['sliding'] = dict(window=window, stride=stride)
    return content


def _axes(network: Network) -> dict[str, Any]:
    return {
        name: {str(place): dict(name=axis.name, least=axis.least) for place, axis in axes.items()}
        for name, axes in network.axes.items()
    }


def _sampler(model: ADDP) -> dict[str, Any]:
    """The numbers of the loop: per step how many positions stay masked, and the temperature."""
    sampler, num_tokens = model.sampler, model.neck.num_tokens
    return dict(
        size=list(model.backbone.img_size),
        num_tokens=num_tokens,
        num_codes=model.neck.vocabulary.num_codes,
        masked_after=sampler.lengths(num_tokens),
        temperature=[sampler.temperature(step) for step in range(sampler.num_steps)],
        top_p=sampler.top_p,
        top_k=sampler.top_k,
        decode_every=sampler.decode_every,
    )
