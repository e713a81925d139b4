"""Learning rates that decrease towards the input, and exemptions from weight decay."""

from copy import deepcopy
from typing import Optional

from mmengine.logging import print_log
from mmengine.optim import OptimWrapper
from mmengine.registry import OPTIM_WRAPPERS, OPTIMIZERS
from torch import nn

from mmaddp.registry import OPTIM_WRAPPER_CONSTRUCTORS
from mmaddp.utils.wrappers import unwrap

from .weight_decay import spared_or_not

OPTIONS = frozenset({'layer_decay_rate', 'no_decay_vectors', 'no_decay_norms', 'no_decay_names'})


@OPTIM_WRAPPER_CONSTRUCTORS.register_module()
class LayerDecayConstructor:
    """Scales the learning rate of each layer of ``model.backbone``, for every task.

    With the layer l of a parameter and the number of layers n, both from
    ``model.backbone.get_layer_depth``, its rate is lr * decay ** (n - 1 - l). What follows the
    backbone is in the last layer, with the full rate. Parameters of equal scale and equal weight
    decay share one group, the last layer first, so there are at most two groups per layer. Frozen
    parameters are left out.

    Each task exempts different parameters from weight decay:

    - classification (official ADDP): ``no_decay_vectors=True``,
      ``no_decay_names=('pos_embed', 'cls_token')``;
    - detection (ViTDet): ``no_decay_norms=True``, ``no_decay_names=('pos_embed',)``, so that
      biases decay, and the norms of pyramid and heads, which are LayerNorms over channels;
    - segmentation (mmsegmentation's MAE): ``no_decay_vectors=True``, so that positions decay.

    Args:
        optim_wrapper_cfg (dict): Config of the optimiser wrapper, with ``optimizer``.
        paramwise_cfg (dict): The options of :func:`layer_decay_groups`.

    Raises:
        ValueError: An option is unknown, or ``layer_decay_rate`` is absent.
    """

    def __init__(self, optim_wrapper_cfg: dict, paramwise_cfg: Optional[dict] = None) -> None:
        options = dict(paramwise_cfg or {})
        unknown = options.keys() - OPTIONS
        if unknown or 'layer_decay_rate' not in options:
            raise ValueError(
                'optim_wrapper.paramwise_cfg of LayerDecayConstructor needs layer_decay_rate and '
                f'may hold {", ".join(sorted(OPTIONS))}; got {sorted(options) or "nothing"}.'
            )
        self.options = options
        self.cfg = deepcopy(dict(optim_wrapper_cfg))
        self.cfg.setdefault('type', 'OptimWrapper')

    def __call__(self, model: nn.Module) -> OptimWrapper:
        """Build the wrapper of one optimiser for all trainable parameters of ``model``.

        Raises:
            ValueError: The model has no backbone that knows its layers, or the optimiser has no
                learning rate.
        """
        cfg = deepcopy(self.cfg)
        optimizer = cfg.pop('optimizer')
        if 'lr' not in optimizer:
            raise ValueError(
                'LayerDecayConstructor scales optim_wrapper.optimizer.lr, which is not set.'
            )
        groups = layer_decay_groups(
            model, optimizer['lr'], optimizer.get('weight_decay', 0.0), **self.options
        )
        for group in groups:
            print_log(
                f'{len(group["params"])} parameters: lr {group["lr"]:.4g} '
                f'(x {group["lr_scale"]:.4g}), weight decay {group["weight_decay"]:g}',
                logger='current',
            )
        optimizer = OPTIMIZERS.build(dict(optimizer, params=groups))
        return OPTIM_WRAPPERS.build(cfg, default_args=dict(optimizer=optimizer))


def layer_decay_groups(
    model: nn.Module,
    base_lr: float,
    weight_decay: float,
    layer_decay_rate: float,
    **no_decay,
) -> list[dict]:
    """Parameter groups of a model with a backbone.

    Args:
        model (nn.Module): Its ``backbone`` has ``get_layer_depth(name, prefix)``.
        base_lr (float): Rate of the last layer.
        weight_decay (float): That of parameters that are not exempt.
        layer_decay_rate (float): Factor between neighbouring layers, in (0, 1].
        **no_decay: Which parameters are exempt from weight decay, see :func:`spared_or_not`.

    Returns:
        list[dict]: Groups with ``params``, ``lr``, ``weight_decay`` and ``lr_scale``, the
        largest scale first.

    Raises:
        ValueError: The rate is out of range, or the backbone does not know its layers.
    """
    model = unwrap(model)
    backbone = _layered_backbone(model)
    if not 0 < layer_decay_rate <= 1:
        raise ValueError(f'layer_decay_rate must be in (0, 1], got {layer_decay_rate}.')
    groups: dict[tuple[float, bool], list[nn.Parameter]] = {}
    for name, parameter, is_spared in spared_or_not(model, **no_decay):
        layer, num_layers = backbone.get_layer_depth(name, 'backbone.')
        scale = layer_decay_rate ** (num_layers - 1 - layer)
        groups.setdefault((scale, is_spared), []).append(parameter)
    return [
        dict(
            params=parameters,
            lr=base_lr * scale,
            lr_scale=scale,
            weight_decay=0.0 if is_spared else weight_decay,
        )
        for (scale, is_spared), parameters in sorted(
            groups.items(), key=lambda item: item[0], reverse=True
        )
    ]


def _layered_backbone(model: nn.Module) -> nn.Module:
    backbone = getattr(model, 'backbone', None)
    if not hasattr(backbone, 'get_layer_depth'):
        raise ValueError(
            f'Layer-wise learning rates need model.backbone with get_layer_depth; that of '
            f'{type(model).__name__} is a {type(backbone).__name__}.'
        )
    return backbone
