"""Training of the VQGAN tokenizer."""

from typing import Optional, Union

import torch
from mmengine.logging import MessageHub
from mmengine.model import BaseModel
from mmengine.optim import OptimWrapper, OptimWrapperDict
from mmpretrain.structures import DataSample
from torch import Tensor
from torch.nn import functional as F

from mmaddp.registry import MODELS
from mmaddp.utils.wrappers import unwrap

from .codebook_care import CodeRevival, kmeans_codebook
from .discriminator import adaptive_weight, discriminator_loss, generator_loss
from .figures import image_psnr
from .vqgan import VQGANOutput


@MODELS.register_module()
class VQGANTraining(BaseModel):
    """Trains a VQGAN: reconstruction, codebook, commitment, perceptual and adversarial losses.

    Without a discriminator any single optimiser wrapper will do. With one, the config needs
    ``optim_wrapper=dict(constructor='mmaddp.AdversarialOptimWrapperConstructor',
    generator=..., discriminator=...)`` and, for distributed runs,
    ``model_wrapper_cfg=dict(type='mmaddp.SeparateDistributedDataParallel')``.

    Iterations are those of the Runner, so a resumed run continues where it stopped.

    Args:
        tokenizer (dict): Config of the VQGAN.
        discriminator (dict, optional): Config of the discriminator. Defaults to None, no
            adversarial loss.
        perceptual_loss (dict, optional): Config of the perceptual loss. Defaults to None, off.
        codebook_weight (float): Weight of the loss that pulls codes towards latents. Defaults to 1.
        commitment_weight (float): Weight of the loss that pulls latents towards codes. Defaults to
            0.25 (VQ-VAE, arXiv 1711.00937).
        perceptual_weight (float): Weight of the perceptual loss. Defaults to 1.
        adversarial_weight (float): Factor on the adaptive weight of the adversarial loss.
            Defaults to 0.8 (VQGAN).
        adversarial_start (int): First iteration with the discriminator. Defaults to 0.
        quantize_start (int, optional): First iteration with quantised latents; there k-means over
            the latents of all processes initialises the codebook. Before it a plain autoencoder is
            trained. None keeps the tokenizer's own codebook, for continuing a trained
            one. Defaults to 0.
        revival_interval (int, optional): Iterations after which codes that no process has used
            are replaced by latents of the batch. Defaults to None, no revival.
        data_preprocessor (dict, optional): Its type defaults to ``mmaddp.ADDPDataPreprocessor``,
            which yields RGB in [0, 1].
        init_cfg (dict, optional): Initialisation. Defaults to None.
    """

    def __init__(
        self,
        tokenizer: dict,
        discriminator: Optional[dict] = None,
        perceptual_loss: Optional[dict] = None,
        codebook_weight: float = 1.0,
        commitment_weight: float = 0.25,
        perceptual_weight: float = 1.0,
        adversarial_weight: float = 0.8,
        adversarial_start: int = 0,
        quantize_start: Optional[int] = 0,
        revival_interval: Optional[int] = None,
        data_preprocessor: Optional[dict] = None,
        init_cfg: Optional[Union[dict, list]] = None,
    ):
        data_preprocessor = {'type': 'mmaddp.ADDPDataPreprocessor', **(data_preprocessor or {})}
        super().__init__(data_preprocessor=data_preprocessor, init_cfg=init_cfg)
        self.tokenizer = MODELS.build(tokenizer)
        self.discriminator = None if discriminator is None else MODELS.build(discriminator)
        self.perceptual_loss = None if perceptual_loss is None else MODELS.build(perceptual_loss)
        self.code_revival = (
            None
            if revival_interval is None
            else CodeRevival(self.tokenizer.num_codes, revival_interval)
        )
        self.codebook_weight = codebook_weight
        self.commitment_weight = commitment_weight
        self.perceptual_weight = perceptual_weight
        self.adversarial_weight = adversarial_weight
        self.adversarial_start = adversarial_start
        self.quantize_start = quantize_start

    @property
    def iteration(self) -> int:
        """Iteration of the Runner, 0 where there is none."""
        return MessageHub.get_current_instance().get_info('iter', 0)

    def forward(
        self, inputs: Tensor, data_samples: Optional[list] = None, mode: str = 'tensor'
    ) -> Union[Tensor, dict, list]:
        """Run one of three modes on images.

        Args:
            inputs (Tensor): RGB in [0, 1], shape (B, 3, H, W).
            data_samples (list[DataSample], optional): One per image. Defaults to None.
            mode (str): 'tensor' gives the reconstruction (B, 3, H, W), 'loss' the losses without
                the adversarial part, 'predict' the data samples of :meth:`predict`. Defaults to
                'tensor'.
        """
        if mode == 'tensor':
            return self.tokenizer(inputs).recon
        if mode == 'loss':
            return self.loss(inputs, data_samples)
        if mode == 'predict':
            return self.predict(inputs, data_samples)
        raise ValueError(f"Unknown mode {mode!r}: use 'tensor', 'loss' or 'predict'.")

    def train_step(
        self, data: Union[dict, tuple, list], optim_wrapper: Union[OptimWrapper, OptimWrapperDict]
    ) -> dict[str, Tensor]:
        """Update the tokenizer and, when there is one, the discriminator.

        Args:
            data (dict or tuple or list): A batch of the data loader.
            optim_wrapper (OptimWrapper or OptimWrapperDict): With a discriminator, a dictionary
                with the keys ``generator`` and ``discriminator``.

        Returns:
            dict[str, Tensor]: Losses and metrics for the log.

        Raises:
            ValueError: If there is a discriminator but only one optimiser wrapper.
        """
        if self.discriminator is None:
            return super().train_step(data, optim_wrapper)
        if not isinstance(optim_wrapper, OptimWrapperDict):
            raise ValueError(
                'Training with a discriminator needs two optimisers, got '
                f"{type(optim_wrapper).__name__}: set optim_wrapper=dict(constructor='mmaddp."
                "AdversarialOptimWrapperConstructor', generator=dict(...), "
                'discriminator=dict(...)), or discriminator=None.'
            )
        adversarial = self.iteration >= self.adversarial_start
        generator = optim_wrapper['generator']
        with generator.optim_context(self.tokenizer):
            images = self.data_preprocessor(data, True)['inputs']
            recon, losses = self.reconstruct(images)
            if adversarial:
                losses.update(self.adversarial_losses(recon, losses))
        total, log_vars = self.parse_losses(losses)
        generator.update_params(total)
        if adversarial:
            judge = optim_wrapper['discriminator']
            with judge.optim_context(self.discriminator):
                # One call for both, because a distributed wrapper allows one per backward pass.
                logits = self.discriminator(torch.cat([images, recon.detach().to(images)]))
                loss = discriminator_loss(*logits.float().chunk(2))
            judge.update_params(loss)
            log_vars['loss_discriminator'] = loss.detach()
        return log_vars

    def loss(self, inputs: Tensor, data_samples: Optional[list] = None) -> dict[str, Tensor]:
        """Losses without the adversarial one, and the metrics ``psnr`` and ``codebook_usage``.

        Args:
            inputs (Tensor): RGB in [0, 1], shape (B, 3, H, W).
            data_samples (list, optional): Not used.

        Returns:
            dict[str, Tensor]: Scalars.
        """
        return self.reconstruct(inputs)[1]

    def reconstruct(self, images: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
        """Reconstruct images and score the result.

        Args:
            images (Tensor): RGB in [0, 1], shape (B, 3, H, W).

        Returns:
            tuple[Tensor, dict]: Reconstruction (B, 3, H, W), float32, and the scalars of
            :meth:`loss`.
        """
        if self.training and self.iteration == self.quantize_start:
            with torch.no_grad():
                latent = unwrap(self.tokenizer).encode_latent(images)
                kmeans_codebook(unwrap(self.tokenizer).quantize, self.as_vectors(latent))
        quantized = self.quantize_start is None or self.iteration >= self.quantize_start
        output = self.tokenizer(images, quantized=quantized)
        recon, latent, codes = output.recon.float(), output.latent.float(), output.codes.float()
        losses = dict(
            loss_recon=F.l1_loss(recon, images),
            loss_codebook=self.codebook_weight * F.mse_loss(codes, latent.detach()),
        )
        if quantized:
            losses['loss_commitment'] = self.commitment_weight * F.mse_loss(latent, codes.detach())
            if self.training and self.code_revival is not None:
                self.revive_codes(output)
        if self.perceptual_loss is not None:
            distance = self.perceptual_loss(recon, images)
            losses['loss_perceptual'] = self.perceptual_weight * distance
        losses.update(self.figures(output, images))
        return recon, losses

    def adversarial_losses(self, recon: Tensor, losses: dict[str, Tensor]) -> dict[str, Tensor]:
        """The generator's adversarial loss, balanced against the reconstruction.

        Args:
            recon (Tensor): Reconstruction in the graph of the tokenizer, shape (B, 3, H, W).
            losses (dict): With ``loss_recon`` and perhaps ``loss_perceptual``.

        Returns:
            dict[str, Tensor]: The loss and its weight.
        """
        discriminator = unwrap(self.discriminator)
        discriminator.requires_grad_(False)
        adversarial = generator_loss(discriminator(recon).float())
        discriminator.requires_grad_(True)
        weight = adaptive_weight(
            losses['loss_recon'] + losses.get('loss_perceptual', 0),
            adversarial,
            unwrap(self.tokenizer).decoder.conv_out.weight,
            scale=recon.numel() ** 0.5,
        )
        return dict(
            loss_adversarial=self.adversarial_weight * weight * adversarial,
            adaptive_weight=weight,
        )

    def revive_codes(self, output: VQGANOutput) -> None:
        """Count the codes of a batch and replace dead ones when their interval ends."""
        self.code_revival(
            unwrap(self.tokenizer).quantize,
            self.as_vectors(output.latent),
            output.token_ids,
            due=(self.iteration + 1) % self.code_revival.interval == 0,
        )

    @torch.no_grad()
    def figures(self, output: VQGANOutput, images: Tensor) -> dict[str, Tensor]:
        """Mean PSNR in dB and the share of the codebook that the batch of this process uses."""
        used = torch.zeros(unwrap(self.tokenizer).num_codes, device=images.device)
        used[output.token_ids.flatten()] = 1
        return dict(psnr=image_psnr(output.recon, images).mean(), codebook_usage=used.mean())

    @staticmethod
    def as_vectors(latent: Tensor) -> Tensor:
        """Latent (B, D, h, w) as vectors (B, h, w, D), without gradient."""
        return latent.detach().permute(0, 2, 3, 1)

    def predict(self, inputs: Tensor, data_samples: Optional[list] = None) -> list[DataSample]:
        """Reconstruct images.

        Args:
            inputs (Tensor): RGB in [0, 1], shape (B, 3, H, W).
            data_samples (list[DataSample], optional): One per image. Defaults to None.

        Returns:
            list[DataSample]: Those given or new ones, with the fields ``image`` (3, H, W) in
            [0, 1], ``recon`` (3, H, W) not clamped, ``token_ids`` (L,) long, and
            ``num_codes``, int.
        """
        output = self.tokenizer(inputs)
        if data_samples is None:
            data_samples = [DataSample() for _ in inputs]
        num_codes = unwrap(self.tokenizer).num_codes
        for sample, image, recon, ids in zip(data_samples, inputs, output.recon, output.token_ids):
            for name, value in dict(image=image, recon=recon, token_ids=ids).items():
                sample.set_field(value, name)
            sample.set_field(num_codes, 'num_codes', field_type='metainfo')
        return data_samples
