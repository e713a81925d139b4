from .check_label_maps_hook import CheckLabelMapsHook
from .non_finite_loss_hook import NonFiniteLossHook
from .plain_message_hub_hook import PlainMessageHubHook
from .strict_load_hook import StrictLoadHook

__all__ = ['CheckLabelMapsHook', 'NonFiniteLossHook', 'PlainMessageHubHook', 'StrictLoadHook']
