"""The suites by name: which parts they have."""

from collections.abc import Iterator
from dataclasses import replace

from mmaddp.run.benchmark.settings import PLAIN, PLAIN_AMP, TORCHVISION, VITSAM, Settings
from mmaddp.run.benchmark.suite import Part, benchmark, golden_check

TOY = 'toy'
AMP = 'bf16'
CONFIGS = dict(
    base=dict(
        pretrain='addp/addp_vit-base-p16_8xb512-amp-coslr-1600e_in1k-256px.py',
        tokens='addp/addp_vit-base-p16_8xb512-amp-coslr-1600e_in1k-256px-tokens.py',
        finetune='classification/vit-base-p16_addp-1600e-pre_8xb128-amp-coslr-100e_in1k-256px.py',
        detect='detection/mask-rcnn_addp-vit-base-p16_64xb1-amp-184375i_coco-1024px.py',
        segment='segmentation/addp-vit-base-p16_upernet_8xb2-amp-160k_ade20k-512px.py',
    ),
    large=dict(
        pretrain='addp/addp_vit-large-p16_8xb512-amp-coslr-800e_in1k-256px.py',
        finetune='classification/vit-large-p16_addp-800e-pre_8xb128-amp-coslr-50e_in1k-256px.py',
        detect='detection/mask-rcnn_addp-vit-large-p16_64xb1-amp-184375i_coco-1024px.py',
        segment='segmentation/addp-vit-large-p16_upernet_8xb2-amp-160k_ade20k-512px.py',
    ),
    toy=dict(
        pretrain='toy/addp-vit-w16-p8_1xb8-3e_digits-32px.py',
        finetune='toy/classifier-vit-w16-p8_scratch_1xb8-3e_digits-32px.py',
        detect='toy/mask-rcnn-vit-w16-p8_1xb2-12i_digit-scenes.py',
        segment='toy/upernet-vit-w16-p8_1xb2-12i_digit-scenes.py',
    ),
)


def parts_of(suite: str, device: str) -> list[Part]:
    """Parts of a suite, most important ones first.

    Args:
        suite (str): 'gpu', or 'toy', which tries the machinery.
        device (str): Where they run.
    """
    if suite == TOY:
        base = Settings('', device, rounds=1, warmup=0)
        return [*_size('toy', base, batch=2), *_rest('toy', base)]
    base = Settings('', device, rounds=10, warmup=2)
    large, small = (list(_size(size, base, batch=64)) for size in ('large', 'base'))
    return [*large, *small, *_rest('base', base), *_growth(base)]


def _size(size: str, base: Settings, batch: int) -> Iterator[Part]:
    """What is measured of a network of one size."""
    files = {name: f'mmaddp::{file}' for name, file in CONFIGS[size].items()}
    pretrain = replace(base, config=files['pretrain'], batch=batch)
    few = replace(pretrain, batch=max(batch // 4, 1), rounds=min(base.rounds, 5))
    yield Part(f'{size}: recorded values', golden_check(size), replace(pretrain, batch=2))
    yield Part(
        f'{size}: recorded values, {AMP}',
        golden_check(size),
        replace(pretrain, batch=2, precision=AMP),
    )
    work = benchmark('pretrain')
    against = PLAIN_AMP if base.torch_device.type == 'cuda' else PLAIN
    yield Part(
        f'{size}: pre-training, {AMP}', work, replace(pretrain, precision=AMP, against=against)
    )
    yield Part(f'{size}: pre-training, fp32', work, replace(few, against=PLAIN))
    if 'tokens' in files:
        tokens = replace(pretrain, config=files['tokens'], precision=AMP, against=against)
        yield Part(f'{size}: pre-training on tokens, {AMP}', work, tokens)
    work = benchmark('generate')
    generate = replace(few, batch=max(batch // 8, 1), rounds=min(base.rounds, 2), warmup=0)
    yield Part(f'{size}: generation, fp32', work, replace(generate, against=PLAIN), limit_s=60)
    generate = replace(generate, precision=AMP)
    yield Part(f'{size}: generation, {AMP}', work, replace(generate, against=PLAIN), limit_s=60)
    if size != TOY:
        alone = replace(generate, batch=batch)
        yield Part(f'{size}: generation of {batch}, {AMP}', work, alone)
    finetune = replace(base, config=files['finetune'], batch=batch, precision=AMP)
    yield Part(
        f'{size}: fine-tuning, {AMP}', benchmark('finetune'), replace(finetune, against=against)
    )
    detect = replace(base, config=files['detect'], batch=min(batch, 4), precision=AMP)
    yield Part(f'{size}: ViTDet, {AMP}', benchmark('detect'), replace(detect, against=VITSAM))
    segment = replace(base, config=files['segment'], batch=min(batch, 8), precision=AMP)
    yield Part(f'{size}: UperNet, {AMP}', benchmark('segment'), replace(segment, against=PLAIN))


def _rest(size: str, base: Settings) -> Iterator[Part]:
    """What does not depend on the size of the encoder, or is worth less."""
    files = {name: f'mmaddp::{file}' for name, file in CONFIGS[size].items()}
    pretrain = replace(base, config=files['pretrain'], batch=2 if size == 'toy' else 64)
    for precision in ('fp32', AMP):
        tokenize = replace(pretrain, precision=precision, against=PLAIN)
        yield Part(f'tokenizer, {precision}', benchmark('tokenize'), tokenize)
    pictures = 'mmaddp::' + CONFIGS['base']['pretrain']
    load = replace(pretrain, config=pictures, device='cpu', against=TORCHVISION)
    yield Part('loading of pictures', benchmark('load-data'), load)
    if size == 'toy':
        return
    compiled = replace(pretrain, precision=AMP, compile=True)
    yield Part(f'pre-training, {AMP}, compiled', benchmark('pretrain'), compiled, limit_s=90)
    compiled = replace(compiled, batch=16, rounds=3, against=PLAIN)
    yield Part(f'generation, {AMP}, compiled', benchmark('generate'), compiled, limit_s=90)
    start = replace(pretrain, config='mmaddp::' + CONFIGS['toy']['pretrain'], rounds=2, warmup=0)
    yield Part('start-up', benchmark('start-up'), start, limit_s=60)


def _growth(base: Settings) -> Iterator[Part]:
    """How time and memory grow with pictures and with tokens."""
    files = {name: f'mmaddp::{file}' for name, file in CONFIGS['base'].items()}
    for batch in (8, 16, 32):
        settings = replace(base, config=files['pretrain'], batch=batch, precision=AMP, rounds=3)
        yield Part(f'growth: pre-training, {batch} pictures', benchmark('pretrain'), settings)
    for side in (512, 1024, 2048):
        settings = replace(
            base, config=files['detect'], batch=1, size=side, precision=AMP, rounds=3
        )
        yield Part(f'growth: ViTDet, {side} pixels', benchmark('detect'), settings)
