"""The convolutional VQGAN tokenizer."""

from collections.abc import Sequence
from typing import NamedTuple, Optional, Union

from mmengine.model import BaseModule
from torch import Tensor

from mmaddp.models.utils import in_autocast
from mmaddp.registry import MODELS

from .encoder_decoder import VQGANDecoder, VQGANEncoder
from .quantizer import Quantizer, straight_through


class VQGANOutput(NamedTuple):
    """What a forward pass of :class:`VQGAN` yields, for the training losses."""

    recon: Tensor  # (B, 3, H, W), not clamped
    token_ids: Tensor  # (B, L) long
    latent: Tensor  # (B, D, h, w), encoder output before quantisation
    codes: Tensor  # (B, D, h, w), the nearest codes


@MODELS.register_module()
class VQGAN(BaseModule):
    """VQGAN without attention, as MAGE and ADDP use it.

    Parameters carry the names of the released file ``vqgan_jax_strongaug.ckpt``, for which the
    default arguments are made.

    Args:
        base_channels (int): Channels at full resolution. Defaults to 128.
        channel_multipliers (Sequence[int]): Channels per level over ``base_channels``; there is
            one halving of the resolution between two levels. Defaults to (1, 1, 2, 2, 4).
        num_res_blocks (int): Residual blocks per level, in encoder and decoder. Defaults to 2.
        num_codes (int): Size of the codebook, K. Defaults to 1024.
        code_dims (int): Width of a code, D. Defaults to 256.
        num_groups (int): Groups of all group norms; must divide ``base_channels``. Defaults to 32.
        num_channels (int): Channels of the images: 1 for grey, 3 for RGB, or others. Defaults to 3.
        init_cfg (dict, optional): Initialisation or pretrained weights. Defaults to None.

    Raises:
        ValueError: If a size is not positive or the groups do not divide the channels.
    """

    def __init__(
        self,
        base_channels: int = 128,
        channel_multipliers: Sequence[int] = (1, 1, 2, 2, 4),
        num_res_blocks: int = 2,
        num_codes: int = 1024,
        code_dims: int = 256,
        num_groups: int = 32,
        num_channels: int = 3,
        init_cfg: Optional[Union[dict, list]] = None,
    ):
        super().__init__(init_cfg=init_cfg)
        sizes = dict(
            base_channels=base_channels,
            num_res_blocks=num_res_blocks,
            num_codes=num_codes,
            code_dims=code_dims,
            num_groups=num_groups,
            num_channels=num_channels,
            channel_multipliers=min(channel_multipliers, default=0),
        )
        for name, size in sizes.items():
            if size < 1:
                raise ValueError(f'VQGAN needs a positive {name}, got {size}.')
        self.num_codes = num_codes
        self.code_dims = code_dims
        self.stride = 2 ** (len(channel_multipliers) - 1)
        widths = (base_channels, channel_multipliers, num_res_blocks, code_dims, num_groups)
        self.num_channels = num_channels
        self.encoder = VQGANEncoder(*widths, num_channels)
        self.decoder = VQGANDecoder(*widths, num_channels)
        self.quantize = Quantizer(num_codes, code_dims)

    def encode_latent(self, images: Tensor) -> Tensor:
        """Encode images to the latent before quantisation.

        Args:
            images (Tensor): RGB in [0, 1], shape (B, 3, H, W).

        Returns:
            Tensor: Shape (B, D, H / stride, W / stride).

        Raises:
            ValueError: If the stride does not divide the image size.
        """
        height, width = images.shape[-2:]
        if height % self.stride or width % self.stride:
            raise ValueError(
                f'Images of {height} x {width} pixels cannot be tokenised: the tokenizer needs '
                f'multiples of its stride, {self.stride}. Resize or crop the images, or change '
                'the number of channel_multipliers (stride 2 ** (levels - 1)).'
            )
        return in_autocast(self.encoder, images.device.type)(images)

    def encode(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Tokenise images.

        Args:
            images (Tensor): RGB in [0, 1], shape (B, 3, H, W).

        Returns:
            tuple[Tensor, Tensor]: Token ids, long, shape (B, L), row-major; and the codes that
            they stand for, shape (B, D, h, w).

        Raises:
            ValueError: If the stride does not divide the image size.
        """
        return self.quantize(self.encode_latent(images))

    def embed(self, token_ids: Tensor) -> Tensor:
        """Look codes up: ids (B, L), long, to codes (B, L, D)."""
        return self.quantize.embedding(token_ids)

    def expect(self, probs: Tensor) -> Tensor:
        """Probability-weighted mean of the codes: (B, L, K), rows summing to 1, to (B, L, D)."""
        return probs @ self.quantize.embedding.weight

    def decode(self, z: Tensor) -> Tensor:
        """Decode a latent (B, D, h, w) to RGB (B, 3, H, W), around [0, 1], not clamped."""
        return in_autocast(self.decoder, z.device.type)(z)

    def forward(self, images: Tensor, quantized: bool = True) -> VQGANOutput:
        """Reconstruct images through the codebook, with a straight-through gradient.

        Args:
            images (Tensor): RGB in [0, 1], shape (B, 3, H, W).
            quantized (bool): Whether the decoder sees the codes; if not, it sees the latent.
                Defaults to True.

        Returns:
            VQGANOutput: Reconstruction, ids, latent and codes. The gradient of the reconstruction
            reaches the encoder as if nothing had been quantised, and does not reach the codebook.
        """
        latent = self.encode_latent(images)
        token_ids, codes = self.quantize(latent)
        recon = self.decode(straight_through(latent, codes) if quantized else latent)
        return VQGANOutput(recon, token_ids, latent, codes)
