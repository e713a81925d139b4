"""A Runner small enough for every test: two numbers in, one number out."""

import itertools

import torch
from mmengine.config import Config
from mmengine.dataset import BaseDataset
from mmengine.model import BaseModel
from mmengine.registry import DATASETS, MODELS
from mmengine.runner import Runner
from mmengine.structures import BaseDataElement
from torch import nn

_count = itertools.count()


@MODELS.register_module(force=True)
class ToyModel(BaseModel):
    """The mean square of a linear map of the inputs."""

    def __init__(self, width=2):
        super().__init__()
        self.linear = nn.Linear(width, 1)

    def forward(self, inputs, data_samples=None, mode='tensor'):
        out = self.linear(torch.stack(inputs))
        return dict(loss=out.square().mean(), max_out=out.max().detach())


@DATASETS.register_module(force=True)
class ToyDataset(BaseDataset):
    """Eight samples; those in ``bad`` are NaN."""

    def __init__(self, bad=()):
        self.bad = bad
        super().__init__(serialize_data=False, metainfo=dict(classes=('a', 'b')))

    def load_data_list(self):
        return [dict(index=index) for index in range(8)]

    def __getitem__(self, index):
        value = float('nan') if index in self.bad else 1.0 + index
        sample = BaseDataElement(metainfo=dict(img_path=f'{index}.png'))
        return dict(inputs=torch.tensor([value, 1.0]), data_samples=sample)


def make_toy_runner(work_dir, bad=(), max_epochs=2, seeded=False, **kwargs):
    """Build a Runner of the toy; keyword arguments replace top-level keys of its config.

    With ``seeded`` it has our loop and sampler.
    """
    kind = dict(type='mmaddp.EpochBasedTrainLoop') if seeded else dict(by_epoch=True)
    sampler = 'mmaddp.SeededSampler' if seeded else 'DefaultSampler'
    cfg = dict(
        model=dict(type='ToyModel'),
        work_dir=str(work_dir),
        train_dataloader=dict(
            dataset=dict(type='ToyDataset', bad=bad),
            batch_size=2,
            num_workers=0,
            sampler=dict(type=sampler, shuffle=True),
        ),
        train_cfg=dict(max_epochs=max_epochs, **kind),
        optim_wrapper=dict(optimizer=dict(type='AdamW', lr=0.1), clip_grad=dict(max_norm=3.0)),
        param_scheduler=dict(
            type='mmaddp.WarmupCosineLR', warmup=1, end=4, convert_to_iter_based=True
        ),
        default_hooks=dict(
            plain_message_hub=dict(type='mmaddp.PlainMessageHubHook'),
            strict_load=dict(type='mmaddp.StrictLoadHook'),
        ),
        randomness=dict(seed=3),
        experiment_name=f'toy{next(_count)}',
        log_level='WARNING',
    )
    return Runner.from_cfg(Config({**cfg, **kwargs}))
