"""Training and testing a classifier through the Runner: what stops it, and one exact step."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from mmengine.config import Config
from mmengine.runner import Runner
from PIL import Image
from torch.nn import functional
from toy_classification import save_weights, toy_config, write_images

from mmaddp.evaluation.parity.recording import Recording, build_classifier
from mmaddp.run.dry_run import dry_run
from mmaddp.weights.official_keys import ENCODER_KEYS

REFERENCE = Path(__file__).parents[1] / 'data' / 'reference'


@pytest.fixture
def root(tmp_path):
    return write_images(tmp_path / 'data')


@pytest.fixture
def config(root, tmp_path):
    def make(**options):
        return toy_config(root, tmp_path / 'work', **options)

    return make


def run(cfg):
    runner = Runner.from_cfg(cfg)
    runner.train()
    return runner


def test_learns_brightness(config):
    """Three classes that differ by brightness alone are told apart after a short training."""
    runner = run(config(**{'train_cfg.max_epochs': 15, 'optim_wrapper.optimizer.lr': 3e-3}))
    assert runner.val_loop.run()['accuracy/top1'] == 100


def test_class_count_of_data_and_head(config):
    options = {'model.head.num_classes': 4, 'data_preprocessor.num_classes': 4}
    with pytest.raises(ValueError, match=r'3 classes \(cat, dog, owl\).*num_classes is 4'):
        run(config(**options))


def test_label_beyond_the_head(config, root):
    (root / 'list.txt').write_text('cat/0.png 0\ndog/0.png 3\n' * 2)
    with pytest.raises(ValueError, match=r'list\.txt.*labels up to 3, but .*num_classes is 3'):
        run(config(**{'train_dataloader.dataset.dataset.ann_file': 'list.txt'}))


def test_head_of_other_classes_is_dropped_only_when_asked(config, tmp_path):
    weights = save_weights(config(), tmp_path / 'three.pth')
    (tmp_path / 'data' / 'train' / 'yak').mkdir()
    for split in ('train', 'val'):
        folder = tmp_path / 'data' / split / 'yak'
        folder.mkdir(exist_ok=True)
        Image.new('RGB', (32, 32)).save(folder / '0.png')
    four = {'model.head.num_classes': 4, 'data_preprocessor.num_classes': 4}
    four['load_from'] = str(weights)
    with pytest.raises(ValueError, match=r"(?s)head\.fc\.weight.*drop=\['head\.fc'\]"):
        run(config(**four))
    runner = run(config(**four, **{'default_hooks.strict_load.drop': ['head.fc']}))
    assert runner.model.head.fc.weight.shape[0] == 4


def test_broken_image_is_named(config, root):
    (root / 'train' / 'dog' / '1.png').write_bytes(b'\x89PNG cut off')
    with pytest.raises(ValueError, match=r'dog/1\.png.*skip_broken'):
        run(config(**{'train_dataloader.drop_last': False}))


@pytest.mark.parametrize('workers', [0, 2])
def test_broken_images_are_skipped_and_counted_on_request(config, root, workers, monkeypatch):
    (root / 'train' / 'dog' / '1.png').write_bytes(b'\x89PNG cut off')
    (root / 'train' / 'owl' / '2.png').unlink()
    (root / 'train' / 'owl' / '2.png').write_bytes(b'')
    cfg = config(**{'train_dataloader.num_workers': workers, 'train_dataloader.drop_last': False})
    cfg.train_dataloader.dataset.dataset.pipeline[0].skip_broken = True
    runner = Runner.from_cfg(cfg)
    lines = []
    monkeypatch.setattr(runner.logger, 'warning', lambda text, *_: lines.append(text))
    runner.train()
    (line,) = [line for line in lines if 'unreadable' in line]
    assert runner.iter == 4
    # Both of them once, and again whenever one is drawn as the replacement.
    assert int(line.split()[0]) >= 2 and f'{int(line.split()[0])} in all' in line


def reference_config(root, tmp_path, reference):
    """Fine-tuning from the official file, without dropout and augmentation, for one step."""
    folder = Path(__file__).parents[2] / 'configs' / 'classification'
    (file,) = folder.glob('vit-base-p16_*_8xb128-*.py')
    cfg = Config.fromfile(file)
    width = reference.config['embed_dim']
    arch = dict(
        embed_dims=width,
        num_layers=reference.config['depth'],
        num_heads=reference.config['num_heads'],
        feedforward_channels=4 * width,
    )
    loader = dict(batch_size=2, num_workers=0, persistent_workers=False)
    data = dict(
        type='mmaddp.CustomDataset', data_root=str(root), data_prefix='train', ann_file='list.txt'
    )
    cfg.train_dataloader.dataset.dataset = dict(data, pipeline=cfg.test_pipeline)
    cfg.val_dataloader = cfg.val_evaluator = cfg.val_cfg = None
    cfg.test_dataloader = cfg.test_evaluator = cfg.test_cfg = None
    checkpoint = str(REFERENCE / 'addp-official-layout.pth')
    cfg.merge_from_dict(
        {
            **{f'train_dataloader.{key}': value for key, value in loader.items()},
            'train_dataloader.collate_fn': dict(type='default_collate'),
            'model.backbone.drop_path_rate': 0.0,
            'model.backbone.init_cfg.checkpoint': checkpoint,
            'model.head.in_channels': width,
            'model.head.num_classes': 10,
            'data_preprocessor.num_classes': 10,
            'param_scheduler.warmup': 0,
            'train_cfg': dict(by_epoch=True, max_epochs=1),
            'work_dir': str(tmp_path / 'work'),
            'log_level': 'WARNING',
            'experiment_name': 'one_step',
            'default_hooks.checkpoint.save_best': None,
        }
    )
    cfg.model.train_cfg = None
    cfg.model.backbone.arch = arch
    cfg.optim_wrapper.type = 'OptimWrapper'
    for key in ('dtype', 'loss_scale'):
        cfg.optim_wrapper.pop(key)
    return cfg


def test_one_step_of_fine_tuning_equals_adamw_by_hand(tmp_path):
    """From the official file, with the official classifier's rates, decay and loss.

    In float64, because AdamW turns the rounding of a vanishing gradient (the bias of the keys)
    into a whole step.
    """
    reference = Recording.load(REFERENCE)
    images, labels = reference.tensors['classify.256.input'], torch.tensor([3, 7])
    folder = tmp_path / 'data' / 'train'
    folder.mkdir(parents=True)
    for index, (image, label) in enumerate(zip(images, labels)):
        Image.fromarray(image.permute(1, 2, 0).numpy()).save(folder / f'{index}.png')
        with (tmp_path / 'data' / 'list.txt').open('a') as file:
            file.write(f'{index}.png {label}\n')
    runner = Runner.from_cfg(reference_config(tmp_path / 'data', tmp_path, reference))
    model = runner.model
    model.head.init_weights = lambda: set_head(model.head.fc, reference)
    model.double().backbone.register_forward_pre_hook(lambda _, args: (args[0].double(),))
    runner.train()
    found = {name: p.detach() for name, p in model.named_parameters()}

    expected = by_hand(reference, images, labels)
    assert found.keys() == expected.keys()
    for name, value in expected.items():
        torch.testing.assert_close(found[name], value, rtol=0, atol=1e-6, msg=name)


@torch.no_grad()
def set_head(head, reference):
    """Start from the recorded head: a head near zero would hide the encoder's gradient."""
    head.weight.copy_(reference.tensors['classify.256.head.weight'])
    head.bias.copy_(reference.tensors['classify.256.head.bias'])


def by_hand(reference, images, labels):
    """One AdamW step at the peak rate, each parameter with its recorded scale and decay."""
    tensors = dict(reference.tensors)
    width = reference.config['embed_dim']
    tensors['classify.256.fc_norm.weight'] = torch.ones(width)  # a new norm
    tensors['classify.256.fc_norm.bias'] = torch.zeros(width)
    backbone = build_classifier(replace(reference, tensors=tensors), 256).double()
    head = torch.nn.Linear(width, 10)
    set_head(head, reference)
    head.double()
    mean = torch.tensor((123.675, 116.28, 103.53)).view(-1, 1, 1)
    std = torch.tensor((58.395, 57.12, 57.375)).view(-1, 1, 1)
    logits = head(backbone(((images - mean) / std).double())[-1])
    functional.cross_entropy(logits, labels, label_smoothing=0.1).backward()
    parameters = {f'backbone.{name}': p for name, p in backbone.named_parameters()}
    parameters |= {f'head.fc.{name}': p for name, p in head.named_parameters()}
    recorded = json.loads((REFERENCE / 'reference.json').read_text())['classify_param_groups']
    for official, group in recorded.items():
        part, _, rest = official.partition('.')
        name = dict(fc_norm=f'backbone.ln2.{rest}', head=f'head.fc.{rest}').get(part)
        parameter = parameters[name or f'backbone.{ENCODER_KEYS.rename(official)}']
        adam_step(parameter, 4e-3 * group['lr_scale'], group['weight_decay'])
    return {name: p.detach() for name, p in parameters.items()}


@torch.no_grad()
def adam_step(parameter, lr, weight_decay, eps=1e-8):
    """AdamW's first step: both moments, corrected for their start at zero, are the gradient."""
    gradient = parameter.grad
    parameter.mul_(1 - lr * weight_decay)
    parameter.sub_(lr * gradient / (gradient.square().sqrt() + eps))


def test_dry_run_without_data_and_weights(config):
    """Random images are of two classes, whatever the head is for."""
    cfg = config(**{'train_dataloader.dataset.dataset.data_root': 'absent'})
    cfg.model.backbone.init_cfg = dict(
        type='Pretrained', _scope_='mmaddp', checkpoint='absent.pth', prefix='backbone.'
    )
    cfg.train_dataloader.dataset.dataset.pipeline = [
        dict(type='mmaddp.LoadRGBImage'),
        dict(type='RandomResizedCrop', scale=32),
        dict(type='PackInputs'),
    ]
    report = dry_run(cfg)
    assert len(report.seconds_per_step) == 2 and set(report.parameters) == {'backbone', 'head'}
    assert any('absent.pth' in line for line in report.replaced)
