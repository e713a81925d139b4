"""Which parameters are exempt from weight decay: one rule for all constructors."""

from collections.abc import Iterator, Sequence

from torch import nn
from torch.nn.modules.batchnorm import _NormBase

# Batch and instance norms of every kind, group norm.
NORMS = (_NormBase, nn.GroupNorm)


def spared_or_not(
    model: nn.Module,
    no_decay_vectors: bool = False,
    no_decay_norms: bool = False,
    no_decay_names: Sequence[str] = (),
) -> Iterator[tuple[str, nn.Parameter, bool]]:
    """Go through the trainable parameters and tell which are exempt from weight decay.

    Args:
        model (nn.Module): The model, without a wrapper.
        no_decay_vectors (bool): Exempt one-dimensional parameters and those named ``bias``.
            Defaults to False.
        no_decay_norms (bool): Exempt the parameters of normalisation layers, except LayerNorms
            over the channels of a map, as detectron2 does. Defaults to False.
        no_decay_names (Sequence[str]): Exempt parameters of these names, as in ``'pos_embed'``;
            the part after the last dot counts. Defaults to none.

    Yields:
        tuple: Name, parameter, and whether it is exempt.
    """
    norms = {id(p) for p in _norm_parameters(model)} if no_decay_norms else frozenset()
    for name, parameter in model.named_parameters():
        if not parameter.requires_grad:
            continue
        own_name = name.rpartition('.')[2]
        is_vector = parameter.dim() == 1 or own_name == 'bias'
        yield (
            name,
            parameter,
            (no_decay_vectors and is_vector)
            or id(parameter) in norms
            or own_name in no_decay_names,
        )


def _norm_parameters(model: nn.Module) -> Iterator[nn.Parameter]:
    for module in model.modules():
        # detectron2 counts torch's own LayerNorm as a norm, not its LayerNorm over channels
        # (solver/build.py); ours over channels is a subclass.
        if isinstance(module, NORMS) or type(module) is nn.LayerNorm:
            yield from module.parameters(recurse=False)
