"""What frozen features know of classes: by layer, and by what the encoder is shown."""

from collections.abc import Callable, Iterator
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor

from mmaddp.apis.image_files import load_images, picture_reader
from mmaddp.engine.insight.figures import knn_accuracy, probe_accuracy
from mmaddp.models.backbones import ADDPViT
from mmaddp.models.selfsup import ADDP
from mmaddp.models.token_predictors import MAGEPredictor
from mmaddp.utils.listing import list_pictures
from mmaddp.visualization.target_pictures import target_images

BATCH = 250
# Pictures whose features are classified, evenly spaced: of the training and of the test pictures.
MOST = dict(train=10_000, val=10_000)
# What an encoder is shown -> share of the tokens that is unreliable, or None: the picture itself.
INPUTS = dict(picture=None, reconstruction=0.0, x_t=0.65)
Layers = Callable[[Tensor], Iterator[Tensor]]


def layers_of_vit(backbone: ADDPViT, pixel_mean: float, pixel_std: float) -> Layers:
    """Features of pictures in [0, 1], (B, 1, H, W), after each block, each (B, 1 + L, C)."""

    def layers(images: Tensor) -> Iterator[Tensor]:
        tokens, grid = backbone.embed((images - pixel_mean) / pixel_std)
        for layer in backbone.layers:
            tokens = backbone.run_layer(layer, tokens, grid)
            yield tokens

    return layers


def layers_of_mage(predictor: MAGEPredictor, tokenize: Callable[[Tensor], Tensor]) -> Layers:
    """The same of MAGE's encoder, which sees the tokens of a picture, none of them hidden."""

    def layers(images: Tensor) -> Iterator[Tensor]:
        ids = F.pad(tokenize(images), (1, 0), value=predictor.vocabulary.class_id)
        tokens = predictor.token_embed(ids)
        for layer in predictor.layers:
            tokens = layer(tokens)
            yield tokens

    return layers


def load_shown(pictures: Path, addp: ADDP) -> dict[str, tuple[dict[str, Tensor], list[int]]]:
    """Pictures of each split as the encoders are shown them, and their labels.

    Args:
        pictures (Path): Holds train and val, each with a folder per class.
        addp (ADDP): Its target generator makes reconstructions and x_t.
    """
    reader, size = picture_reader(addp), tuple(addp.backbone.img_size)
    found = {}
    for split, most in MOST.items():
        files = list_pictures(pictures / split, say=False).paths()
        files = files[:: max(1, len(files) // most)]
        images = load_images(files, size, reader)
        shown = {
            name: images if ratio is None else unreliable(addp, images, ratio)
            for name, ratio in INPUTS.items()
        }
        found[split] = shown, [int(file.parent.name) for file in files]
    return found


def unreliable(addp: ADDP, images: Tensor, ratio: float) -> Tensor:
    """The pictures x_t of the images at a ratio of unreliable tokens; 0: reconstructions."""
    return torch.cat([target_images(addp, part, [ratio])[0] for part in images.split(BATCH)])


@torch.no_grad()
def layer_figures(layers: Layers, shown: dict) -> dict[str, float]:
    """k-NN and linear probe of the mean patch after each block, for each kind of input.

    Returns:
        dict[str, float]: ``{knn|probe}_{input}_{block}``, in [0, 1].
    """
    found = {}
    for name in INPUTS:
        features = {
            split: block_means(layers, images[name]) for split, (images, _) in shown.items()
        }
        labels = {split: numbers for split, (_, numbers) in shown.items()}
        for number, (train, val) in enumerate(zip(features['train'], features['val']), 1):
            both = (train, labels['train'], val, labels['val'])
            found[f'knn_{name}_{number}'] = knn_accuracy(*both)
            found[f'probe_{name}_{number}'] = probe_accuracy(*both)
    return found


def block_means(layers: Layers, images: Tensor) -> list[Tensor]:
    """Mean of the patches after each block, each (N, C)."""
    parts = [[tokens[:, 1:].mean(dim=1) for tokens in layers(part)] for part in images.split(BATCH)]
    return [torch.cat(block) for block in zip(*parts)]
