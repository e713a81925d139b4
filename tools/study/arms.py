"""The arms of the study: their trainings, and what is measured of each encoder."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Optional

import torch
from base import CONFIGS, Base, StudyFolder
from features import INPUTS, Layers, layer_figures, layers_of_mage, layers_of_vit, load_shown
from finetuning import finetune
from mmengine.config import Config
from mmengine.model import BaseModel
from samples import score_samples

from mmaddp.own.stage import Figure, Stage, StageFailed
from mmaddp.weights.model import build_model

MAGE, ADDP = (
    'mage-w128_1xb64-2e_fashion-tokens.py',
    'addp-vit-w128-p4_1xb64-2e_fashion-tokens.py',
)
MAE = 'mae-vit-w128-p4_1xb64-2e_fashion-32px.py'
# In this order: ADDP needs MAGE's predictor, and so do the pictures x_t that all are shown.
TRAINED = dict(mage=MAGE, addp=ADDP, mae=MAE, mae_long=MAE)
ARMS = (*TRAINED, 'untrained')
# Epochs of MAE in the time of ADDP and its predictor, whose steps take 1.19 s, and MAE's 0.22.
LONG_EPOCHS = 11
BLOCKS = 4


@dataclass(frozen=True)
class Arm(StudyFolder):
    """One arm with one seed.

    Attributes:
        base (Base): What all share.
        seed (int): Of everything in the arm.
    """

    base: Base
    seed: int

    @property
    def name(self) -> str:
        """Name of the arm."""
        return self.out.name

    def of(self, name: str) -> 'Arm':
        """Another arm with the same seed."""
        return Arm(self.out.parent / name, self.fashion, self.smoke, self.base, self.seed)

    @property
    def weights(self) -> Optional[Path]:
        """Checkpoint of the arm's training, None if it has none."""
        return self.checkpoint('train') if self.name in TRAINED else None

    @property
    def predictor(self) -> Path:
        """What MAGE has trained with the same seed."""
        mage = self.of('mage')
        if not mage.result('train'):
            raise StageFailed(
                f'{self.name} needs the predictor of {mage.out}: run the arm mage first.'
            )
        return mage.checkpoint('train')

    @cached_property
    def model(self) -> BaseModel:
        """What was trained; of the untrained arm an ADDP before its training."""
        if self.weights is not None:
            return build_model(self.out / 'train' / TRAINED[self.name], self.weights, 'cpu')
        torch.manual_seed(self.seed)
        config = Config.fromfile(CONFIGS / ADDP)
        config.merge_from_dict(self.options('addp'))
        return build_model(config, device='cpu')

    def options(self, name: str) -> dict:
        """Settings of an arm's training: where its data are, and the seed."""
        found: dict = {'randomness.seed': self.seed}
        tokenizer = str(self.base.checkpoint('tokenizer'))
        if name in ('mage', 'addp'):
            found['train_dataloader.dataset.dataset.data_root'] = str(self.base.tokens)
        else:
            found |= self.base.data_options('train')
        if name == 'mage':
            found['model.tokenizer.init_cfg.checkpoint'] = tokenizer
        if name == 'addp':
            generator = 'model.target_generator.{}.init_cfg.checkpoint'
            found[generator.format('tokenizer')] = tokenizer
            found[generator.format('token_predictor')] = str(self.predictor)
        if name == 'mae_long':
            found['train_cfg.max_epochs'] = LONG_EPOCHS
        return found

    def layers(self) -> Layers:
        """The arm's encoder, block by block."""
        if self.name == 'mage':
            return layers_of_mage(self.model.token_predictor, self.model.tokenize)
        pixels = Config.fromfile(CONFIGS / 'parts_pixels.py')
        return layers_of_vit(self.model.backbone, pixels.pixel_mean, pixels.pixel_std)


def pretrain(arm: Arm) -> dict:
    """Train the arm."""
    return dict(loss=arm.train('train', TRAINED[arm.name], arm.options(arm.name))['loss'])


def measure_features(arm: Arm) -> dict:
    """k-NN and linear probes of frozen features."""
    shown = load_shown(arm.base.pictures, arm.of('untrained').model)
    return layer_figures(arm.layers(), shown)


def fine_tune(arm: Arm) -> dict:
    """Fine-tune with few labels and with all; of the untrained arm: from scratch."""
    return finetune(arm, arm.base, 'classifier', arm.weights)


def measure_samples(arm: Arm) -> dict:
    """Score generated pictures."""
    scores = score_samples(arm, arm.base, arm.model, 'samples', arm.seed)
    names = dict(fid='fid', precision='precision', recall='recall')
    return {name: scores[key] for name, key in names.items()}


FEATURES = {
    f'{kind}_{shown}_{block}': Figure(f'{kind}, {shown}, block {block}', '{:.1%}')
    for shown in INPUTS
    for block in range(1, BLOCKS + 1)
    for kind in ('knn', 'probe')
}
FINE_TUNED = dict(
    few=Figure('top-1 with ten labels per class', '{:.1%}'),
    all=Figure('with all labels', '{:.1%}'),
)
SAMPLES = dict(
    fid=Figure('Frechet distance of samples', '{:.1f}'),
    precision=Figure('precision', '{:.2f}'),
    recall=Figure('recall', '{:.2f}'),
)


def stages_of(name: str) -> tuple[Stage, ...]:
    """The stages of an arm. MAGE's encoder reads tokens, and is not fine-tuned on pictures."""
    chosen = [Stage('features', measure_features, FEATURES)]
    if name in TRAINED:
        chosen.insert(0, Stage('train', pretrain, dict(loss=Figure('loss', '{:.3f}'))))
    if name != 'mage':
        chosen.append(Stage('fine_tuning', fine_tune, FINE_TUNED))
    if name in ('addp', 'untrained'):
        chosen.append(Stage('samples', measure_samples, SAMPLES))
    return tuple(chosen)
