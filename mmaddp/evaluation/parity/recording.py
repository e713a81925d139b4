"""A folder of recorded numbers, and our model at its widths."""

import json
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from mmaddp.models.selfsup import ADDP
from mmaddp.registry import MODELS
from mmaddp.weights.checkpoint import extract_state_dict, load_checkpoint_file
from mmaddp.weights.official_keys import ADDP_KEYS

FILES = dict(
    config='reference.json', tensors='reference.safetensors', weights='addp-official-layout.pth'
)
REQUIRED_INPUTS = (
    *('x0', 'pretrain.mask_t', 'pretrain.mask_t_next'),
    *(
        f'generate.{schedule}.0.{name}'
        for schedule in ('cosine', 'linear')
        for name in ('sampled_ids', 'gumbel')
    ),
)
"""Recorded tensors without which nothing can be recomputed."""


@dataclass(frozen=True)
class Recording:
    """Numbers that the official implementation produced.

    Attributes:
        config (dict): Widths, depths and strides (``reference.json``).
        tensors (dict[str, Tensor]): Recorded inputs and outputs (``reference.safetensors``).
        weights (dict[str, Tensor]): Checkpoint under its official names
            (``addp-official-layout.pth``).
    """

    config: dict
    tensors: dict[str, Tensor]
    weights: dict[str, Tensor]

    @classmethod
    def load(cls, folder: Path) -> 'Recording':
        """Read a folder.

        Raises:
            FileNotFoundError: If one of the three files is missing.
            ValueError: If the checkpoint has other names or shapes than ``reference.json`` says.
        """
        paths = {name: Path(folder) / file for name, file in FILES.items()}
        missing = [str(path) for path in paths.values() if not path.is_file()]
        if missing:
            raise FileNotFoundError(f'Not a reference folder, it lacks {", ".join(missing)}.')
        config = json.loads(paths['config'].read_text())
        weights = extract_state_dict(load_checkpoint_file(paths['weights']), str(paths['weights']))
        found = {name: list(tensor.shape) for name, tensor in weights.items()}
        odd = {
            name
            for name in found | config['state_dict']
            if found.get(name) != config['state_dict'].get(name)
        }
        if odd:
            raise ValueError(f'{paths["weights"]} and {paths["config"]} differ in {sorted(odd)}.')
        tensors = load_checkpoint_file(paths['tensors'])
        lost = sorted(set(REQUIRED_INPUTS) - set(tensors))
        if lost:
            raise ValueError(f'{paths["tensors"]} lacks the inputs {", ".join(lost)}.')
        return cls(config, tensors, weights)

    @property
    def grid_size(self) -> tuple[int, int]:
        """Token grid (h, w)."""
        side = self.config['image_size'] // 2 ** (len(self.config['vqgan_ch_mult']) - 1)
        return side, side

    @property
    def num_class_ids(self) -> int:
        """Class ids of the vocabulary."""
        rows = self.config['state_dict']['token_emb.weight'][0]
        return rows - self.config['codebook_size'] - 1


def encoder_config(recording: Recording, **kwargs) -> dict:
    """Config of our encoder at the widths of a recording."""
    config = recording.config
    width = config['embed_dim']
    arch = dict(
        embed_dims=width,
        num_layers=config['depth'],
        num_heads=config['num_heads'],
        feedforward_channels=4 * width,
    )
    return dict(type='mmaddp.ADDPViT', arch=arch, patch_size=config['patch_size'], **kwargs)


def _tokenizer_config(config: dict) -> dict:
    return dict(
        type='mmaddp.VQGAN',
        base_channels=config['vqgan_channels'],
        channel_multipliers=config['vqgan_ch_mult'],
        num_res_blocks=config['vqgan_num_res_blocks'],
        num_codes=config['codebook_size'],
        code_dims=config['vqgan_embed_dim'],
    )


def build_recorded_model(recording: Recording) -> ADDP:
    """Build our ADDP at the widths of a recording and load its checkpoint, strictly."""
    config = recording.config
    predictor_width = config['predictor_embed_dim']
    predictor = dict(
        type='mmaddp.MAGEPredictor',
        num_class_ids=recording.num_class_ids,
        embed_dims=predictor_width,
        num_layers=config['predictor_depth'],
        num_heads=config['predictor_num_heads'],
        decoder_embed_dims=predictor_width,
        decoder_num_layers=config['predictor_depth'],
        decoder_num_heads=config['predictor_num_heads'],
    )
    width = config['embed_dim']
    model = MODELS.build(
        dict(
            type='mmaddp.ADDP',
            backbone=encoder_config(recording, img_size=config['image_size'], out_type='raw'),
            neck=dict(
                type='mmaddp.ADDPDecoder',
                in_channels=width,
                embed_dims=width,
                num_layers=config['decoder_depth'],
                num_heads=config['decoder_num_heads'],
            ),
            head=dict(type='mmaddp.ADDPHead', embed_dims=width),
            target_generator=dict(
                type='mmaddp.ADDPTargetGenerator',
                tokenizer=_tokenizer_config(config),
                token_predictor=predictor,
                grid_size=recording.grid_size,
            ),
        )
    )
    model.load_state_dict(ADDP_KEYS.convert(recording.weights).mapped)
    return model.eval()


def build_classifier(recording: Recording, size: int) -> torch.nn.Module:
    """Build the official fine-tuning classifier: the encoder without its norms, then the mean.

    The weights of ``fc_norm`` come from the recorded tensors, the position table is resized to
    ``size`` pixels on load.
    """
    backbone = MODELS.build(
        encoder_config(
            recording, img_size=size, pre_norm=False, final_norm=False, out_type='avg_featmap'
        )
    )
    converted = ADDP_KEYS.convert(recording.weights).mapped
    prefix = 'backbone.'
    lost = ('pre_norm.', 'ln1.')
    state = {
        name.removeprefix(prefix): tensor
        for name, tensor in converted.items()
        if name.startswith(prefix) and not name.removeprefix(prefix).startswith(lost)
    }
    for part in ('weight', 'bias'):
        state[f'ln2.{part}'] = recording.tensors[f'classify.{size}.fc_norm.{part}']
    backbone.load_state_dict(state)
    return backbone.eval()
