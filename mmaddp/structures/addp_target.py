"""What one ADDP training step learns from."""

from dataclasses import dataclass

from torch import Tensor


@dataclass(frozen=True)
class ADDPTarget:
    """Input and target of the ADDP network for one batch; none of it carries a gradient.

    Attributes:
        x_t (Tensor): Image decoded at step t, RGB, shape (B, 3, H, W). Not clamped: values may lie
            outside [0, 1].
        token_ids (Tensor): Codes of the clean image, long, shape (B, L).
        mask_t (Tensor): Positions that are unreliable at step t, bool, shape (B, L), True = masked.
        num_visible (Tuple[int, ...]): Visible positions of each sample, known to the host so that
            no step waits for the device.
        target_probs (Tensor): Distribution over the codes that the network has to predict, shape
            (B, L, K); meaningless at positions that are not masked.
    """

    x_t: Tensor
    token_ids: Tensor
    mask_t: Tensor
    num_visible: tuple[int, ...]
    target_probs: Tensor
