"""Alternating Denoising Diffusion Process."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from functools import lru_cache, partial
from typing import Optional

import torch
from mmpretrain.models.selfsup import BaseSelfSupervisor
from mmpretrain.structures import DataSample
from torch import Tensor

from mmaddp.models.task_modules import GenerationState, SampleNoise
from mmaddp.models.utils import masked_rows
from mmaddp.registry import MODELS, TASK_UTILS
from mmaddp.structures import ADDPTarget


@MODELS.register_module()
class ADDP(BaseSelfSupervisor):
    """Pre-trains an encoder by predicting tokens from partially decoded images, and generates.

    Implements `ADDP: Learning General Representations for Image Recognition and Generation with
    Alternating Denoising Diffusion Process <https://arxiv.org/abs/2306.05423>`_.

    Args:
        backbone (dict): Config of the encoder, with ``out_type='raw'``.
        neck (dict): Config of the decoder; ``num_tokens``, ``num_codes`` and ``num_class_ids``
            come from the target generator.
        head (dict): Config of the output layer; ``num_codes`` and ``num_class_ids`` come from the
            target generator.
        target_generator (dict): Config of the target generator.
        sampler (dict, optional): Config of the generation process, needed in 'predict' mode only.
            Defaults to the paper's: :class:`AlternatingSampler` with 20 steps, or as many as
            there are positions if these are fewer.
        pixel_mean (Sequence[float]): Mean of the encoder's input in [0, 1], per channel or one for
            all. Defaults to (0.485, 0.456, 0.406), that of ImageNet's RGB.
        pixel_std (Sequence[float]): Its standard deviation. Defaults to (0.229, 0.224, 0.225).
        value_range (Sequence, optional): For pictures of more than 8 bits: the samples that stand
            for 0 and 1, see :class:`mmaddp.LoadChannels`. Pictures are read and written by it; the
            networks do without. Defaults to None, 8 bits.
        data_preprocessor (dict, optional): Defaults to
            ``dict(type='mmaddp.ADDPDataPreprocessor')``.
        init_cfg (dict, optional): Initialisation config. Defaults to None.

    Raises:
        ValueError: A size in the config of a part differs from that of the other parts, or the
            sampler takes more steps than there are positions.
    """

    def __init__(
        self,
        backbone: dict,
        neck: dict,
        head: dict,
        target_generator: dict,
        sampler: Optional[dict] = None,
        pixel_mean: Sequence[float] = (0.485, 0.456, 0.406),
        pixel_std: Sequence[float] = (0.229, 0.224, 0.225),
        value_range: Optional[Sequence] = None,
        data_preprocessor: Optional[dict] = None,
        init_cfg: Optional[dict] = None,
    ):
        # The encoder first, so that a seed initialises it alike whatever else is built.
        encoder = MODELS.build(backbone)
        generator = MODELS.build(target_generator)
        vocabulary = asdict(generator.vocabulary)
        super().__init__(
            backbone=encoder,
            neck={'num_tokens': generator.num_tokens, **vocabulary, **neck},
            head={**vocabulary, **head},
            target_generator=generator,
            data_preprocessor=data_preprocessor or dict(type='mmaddp.ADDPDataPreprocessor'),
            init_cfg=init_cfg,
        )
        steps = min(20, self.neck.num_tokens)
        default_sampler = dict(type='mmaddp.AlternatingSampler', num_steps=steps)
        self.sampler = TASK_UTILS.build(sampler or default_sampler)
        self.value_range = value_range
        self._start_logits: Optional[dict[int, Tensor]] = None
        for name, value in (('pixel_mean', pixel_mean), ('pixel_std', pixel_std)):
            self.register_buffer(name, torch.tensor(value).view(-1, 1, 1), persistent=False)
        self._check_sizes()

    def _check_sizes(self) -> None:
        generator = self.target_generator
        num_channels = generator.tokenizer.num_channels
        for name, found, expected in (
            ('backbone grid', tuple(self.backbone.patch_resolution), generator.grid_size),
            ('backbone.in_channels', self.num_channels, num_channels),
            ('neck.num_tokens', self.neck.num_tokens, generator.num_tokens),
            ('neck.num_codes', self.neck.vocabulary.num_codes, generator.vocabulary.num_codes),
            ('head vocabulary', self.head.vocabulary, self.neck.vocabulary),
        ):
            if found != expected:
                raise ValueError(
                    f'{name} is {found}, but the other parts of the model need {expected}: '
                    'img_size, patch_size, channels, num_tokens, num_codes and grid_size must '
                    'agree.'
                )
        if len(self.pixel_mean) not in (1, num_channels):
            raise ValueError(
                f'pixel_mean and pixel_std are those of {len(self.pixel_mean)} channels, but the '
                f'pictures have {num_channels}: give as many, or one for all.'
            )
        if self.sampler.num_steps > generator.num_tokens:
            raise ValueError(
                f'num_steps is {self.sampler.num_steps}, but a grid of {generator.grid_size} has '
                f'{generator.num_tokens} positions to fix: take at most as many steps.'
            )

    @property
    def num_channels(self) -> int:
        """Channels of the pictures."""
        return self.backbone.patch_embed.projection.in_channels

    def encode(self, images: Tensor) -> Tensor:
        """Encode RGB images (B, 3, H, W), clamped to [0, 1], to latents (B, 1 + L, C)."""
        return self.backbone((images.clamp(0, 1) - self.pixel_mean) / self.pixel_std)[-1]

    def extract_feat(self, inputs: Tensor) -> tuple[Tensor]:
        """Features (B, 1 + L, C) of RGB images (B, 3, H, W) in [0, 1], class token first."""
        return (self.encode(inputs),)

    def forward(
        self,
        inputs: Optional[Tensor],
        data_samples: Optional[list[DataSample]] = None,
        mode: str = 'tensor',
    ):
        """Run a mode: 'tensor' and 'loss' of the base class, or 'predict'."""
        if mode == 'predict':
            return self.predict(data_samples)
        return super().forward(inputs, data_samples, mode)

    def loss(self, inputs: Tensor, data_samples: Optional[list[DataSample]]) -> dict[str, Tensor]:
        """One training step.

        Args:
            inputs (Tensor): RGB images in [0, 1], shape (B, 3, H, W), or token ids, long, (B, L).
            data_samples (list[DataSample], optional): Hold ``sample_seed`` if masks are drawn per
                sample.

        Returns:
            dict[str, Tensor]: ``loss`` and ``masked_acc``.
        """
        seeds = [sample.get('sample_seed') for sample in data_samples or []]
        return self.loss_of(self.target_generator(inputs, None if None in seeds else seeds or None))

    def loss_of(self, target: ADDPTarget) -> dict[str, Tensor]:
        """Loss of one target: see :meth:`ADDPHead.loss`."""
        rows = masked_rows(target.mask_t, target.num_visible, self.neck.length_multiple)
        feats = self.neck(
            self.encode(target.x_t), target.token_ids, target.mask_t, target.num_visible, rows
        )
        return self.head.loss(feats, self.neck.token_embed, target, rows)

    def denoise(
        self,
        images: Optional[Tensor],
        token_ids: Tensor,
        mask: Tensor,
        num_visible: int,
        encode: Optional[Callable[[Tensor], Tensor]] = None,
    ) -> Tensor:
        """Score the codes of every position.

        Args:
            images (Tensor, optional): RGB images, shape (B, 3, H, W). Not read if nothing is
                visible, because then no position holds anything of them. None: the mask token
                stands for the encoder's features, so that only the tokens speak.
            token_ids (Tensor): Ids, long, shape (B, L).
            mask (Tensor): bool, shape (B, L), True = masked.
            num_visible (int): Visible positions, the same in every sample.
            encode (Callable, optional): Stands for :meth:`encode`. Defaults to it.

        Returns:
            Tensor: Logits over the codes in float32, shape (B, L, K).
        """
        seen = images is not None and num_visible
        latent = (encode or self.encode)(images) if seen else None
        feats = self.neck(latent, token_ids, mask, [num_visible] * len(mask))
        image_feats = feats[:, 1 : 1 + self.neck.num_tokens]
        num_codes = self.neck.vocabulary.num_codes
        return self.head(image_feats, self.neck.token_embed, num_codes).float()

    @contextmanager
    def reuse_start(self) -> Iterator[None]:
        """Compute the output for an all-masked grid once per batch size, and cache it.

        While everything is masked the logits depend on nothing but the weights. They are kept for
        a whole batch, because its rows may differ in their last bits: this way, reusing them
        changes nothing. Weights, device and precision must stay as they are within the context.
        """
        kept = self._start_logits
        self._start_logits = {} if kept is None else kept
        try:
            yield
        finally:
            self._start_logits = kept

    def _denoise(
        self, kept: dict[int, Tensor], encode, images, token_ids, mask, num_visible
    ) -> Tensor:
        """As :meth:`denoise`, with the logits of the all-masked grid taken from ``kept``."""
        if num_visible:
            return self.denoise(images, token_ids, mask, num_visible, encode)
        if len(mask) not in kept:
            kept[len(mask)] = self.denoise(images, token_ids, mask, num_visible)
        return kept[len(mask)]

    @torch.no_grad()
    def generate(
        self,
        seeds: Sequence[int],
        start: Optional[GenerationState] = None,
        lengths: Optional[Sequence[int]] = None,
        every_image: bool = True,
    ) -> Iterator[GenerationState]:
        """Generate one image per seed; an image depends on its seed and its start alone.

        Args:
            seeds (Sequence[int]): Seeds of the images, B of them.
            start (GenerationState, optional): Where to start. Defaults to a fully masked state.
            lengths (Sequence[int], optional): See :meth:`AlternatingSampler.iterate`.
            every_image (bool): See :meth:`AlternatingSampler.iterate`. Defaults to True.

        Yields:
            GenerationState: After each step; the images of the last one are the result.
        """
        num_tokens = self.neck.num_tokens
        device = self.neck.mask_token.device
        if start is None:
            start = GenerationState.blank(len(seeds), num_tokens, device)
        kept = {} if self._start_logits is None else self._start_logits
        yield from self.sampler.iterate(
            start,
            # Light steps see the same picture again.
            denoise=partial(self._denoise, kept, lru_cache(maxsize=1)(self.encode)),
            decode=self.target_generator.decode,
            draw_noise=SampleNoise(seeds, num_tokens, device).draw,
            lengths=lengths,
            every_image=every_image,
            grid_size=self.target_generator.grid_size,
        )

    def predict(self, data_samples: list[DataSample]) -> list[DataSample]:
        """Generate the image of every data sample's ``seed``.

        Args:
            data_samples (list[DataSample]): Hold ``seed`` (int).

        Returns:
            list[DataSample]: The same, with ``pred_image``, RGB, shape (3, H, W), in [0, 1], and
            ``pred_token_ids``, long, shape (L,).
        """
        for state in self.generate([sample.seed for sample in data_samples], every_image=False):
            last = state
        images = last.images.float().clamp(0, 1)
        for sample, image, token_ids in zip(data_samples, images, last.token_ids):
            sample.set_field(image, 'pred_image')
            sample.set_field(token_ids, 'pred_token_ids')
        return data_samples
