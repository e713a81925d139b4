"""Stages of the chain: data, tokenizer, token predictor, ADDP, generation."""

from pathlib import Path

from PIL import Image
from run import Run

from mmaddp.own.stage import Figure, Picture, Stage, cfg_options

TOKENIZER = 'configs/quickstart/vqgan-f8_1xb32-7e_digits-32px.py'
PREDICTOR = 'configs/quickstart/mage-w96_1xb64-80e_digit-tokens.py'
ADDP = 'configs/quickstart/addp-vit-w96-p8_1xb64-40e_digit-tokens.py'


def make_data(run: Run) -> dict:
    """Write images and scenes."""
    scenes = ('--train-scenes', 20, '--val-scenes', 4) if run.smoke else ()
    target = run.data / 'digits'
    run.call('data', 'dataset_converters/prepare_digits.py', '--out', target, *scenes)
    return dict(train_images=len(list((target / 'classification' / 'train').glob('*/*.png'))))


def train_tokenizer(run: Run) -> dict:
    """Train the VQGAN and encode the training set."""
    digits = run.data / 'digits' / 'classification'
    roots = {f'{split}_dataloader.dataset.dataset.data_root': digits for split in ('train', 'val')}
    if run.smoke:
        roots['model.quantize_start'] = 10
    scalars = run.train('tokenizer', TOKENIZER, **roots)
    checkpoint = run.checkpoint('tokenizer')
    cache = run.folder('tokenizer') / 'tokens'
    views = ('--num-views', 2 if run.smoke else 4)
    root = cfg_options({'train_dataloader.dataset.dataset.data_root': digits})
    arguments = (TOKENIZER, checkpoint, '--out', cache, *views, *root)
    run.call('tokenizer', 'dataset_converters/cache_tokens.py', *arguments)
    return {name: scalars[f'tokenizer/{name}'] for name in ('psnr', 'codebook_usage')}


def cached_tokens(run: Run) -> dict:
    """Setting that gives a training the token cache of the tokenizer stage."""
    return {'train_dataloader.dataset.dataset.data_root': run.folder('tokenizer') / 'tokens'}


def train_predictor(run: Run) -> dict:
    """Train MAGE on the tokens."""
    digits = run.data / 'digits' / 'classification'
    options = {
        'val_dataloader.dataset.dataset.data_root': digits,
        'model.tokenizer.init_cfg.checkpoint': run.checkpoint('tokenizer'),
    }
    scalars = run.train('predictor', PREDICTOR, **cached_tokens(run), **options)
    return {name: scalars[f'masked_token/{name}'] for name in ('acc_50', 'acc_90')}


def frozen_parts(run: Run) -> dict:
    """Settings that give an ADDP model the tokenizer and predictor of the stages before."""
    part = 'model.target_generator.{}.init_cfg.checkpoint'
    return {
        part.format('tokenizer'): run.checkpoint('tokenizer'),
        part.format('token_predictor'): run.checkpoint('predictor'),
    }


def train_addp(run: Run) -> dict:
    """Pre-train ADDP."""
    scalars = run.train('addp', ADDP, **cached_tokens(run), **frozen_parts(run))
    return dict(masked_acc=scalars['masked_acc'], loss=scalars['loss'])


def generate(run: Run) -> dict:
    """Generate, complete and draw."""
    folder = run.folder('generate')
    number = 16 if run.smoke else 512
    options = ('--num-images', number, '--batch-size', 128)
    trained = run.checkpoint('addp')
    out = ('--out', folder / 'trained', '--seed', run.seed)
    run.call('generate', 'generate.py', ADDP, trained, *options, *out, '--trajectory', 1)
    digits = run.data / 'digits' / 'classification' / 'val'
    shown = [sorted(folder.glob('*.png'))[run.seed] for folder in sorted(digits.iterdir())]
    arguments = (ADDP, trained, *shown, '--out', folder, '--zoom', 2)
    run.call('generate', 'analysis_tools/visualize_addp.py', *arguments)
    _inpaint(run, trained, shown)
    return dict(images=number)


def _inpaint(run: Run, checkpoint: Path, files: list[Path]) -> None:
    """Hide the middle half of digits and let the model complete them."""
    folder = run.folder('generate')
    mask = Image.new('L', (32, 32))
    mask.paste(255, (0, 8, 32, 24))
    mask.save(folder / 'mask.png')
    options = ('--mask', folder / 'mask.png', '--versions', 6, '--seed', run.seed, '--zoom', 2)
    out = ('--out', folder / 'inpainted')
    run.call('generate', 'edit.py', ADDP, checkpoint, *files, *options, *out)


CHAIN = (
    Stage('data', make_data, dict(train_images=Figure('training images', '{:.0f}'))),
    Stage(
        'tokenizer',
        train_tokenizer,
        dict(
            psnr=Figure('PSNR of held-out digits, dB', '{:.1f}', at_least=18),
            codebook_usage=Figure('codes in use', '{:.0%}', at_least=0.5),
        ),
    ),
    Stage(
        'predictor',
        train_predictor,
        dict(
            acc_50=Figure('held-out tokens guessed with half of them hidden', '{:.1%}'),
            acc_90=Figure('with 90 % hidden', '{:.1%}'),
        ),
    ),
    Stage(
        'addp',
        train_addp,
        dict(masked_acc=Figure('masked-token accuracy', '{:.1%}'), loss=Figure('loss', '{:.3f}')),
    ),
    Stage(
        'generate',
        generate,
        dict(images=Figure('images', '{:.0f}')),
        (
            Picture(
                'Generated digits', 'generate/trained/grid.png', 'Not chosen: the first 64 seeds.'
            ),
            Picture(
                'Generation, step by step',
                'generate/steps.png',
                'One digit per row, one step per column; the last column is the result.',
            ),
            Picture(
                'One digit in detail',
                'generate/trained/trajectories/000000.png',
                'Each step from left to right: the decoded picture; in grey what is still masked; '
                'the probability with which each token was drawn, dark for 0 and yellow for 1 or '
                'known before.',
            ),
            Picture(
                'Completed digits',
                'generate/inpainted/sheet.png',
                'One held-out digit per row, not chosen: the digit, what the model is shown of it, '
                'six completions from six seeds.',
            ),
            Picture(
                'What the encoder sees',
                'generate/targets.png',
                'First row: held-out digits. Below: the decoded images x_t that the encoder is '
                'trained on, with 50, 65, 80 and 95 % of the tokens unreliable.',
            ),
            Picture(
                'Reconstructions',
                'generate/reconstructions.png',
                'Held-out digits above, what the tokenizer keeps of them below.',
            ),
        ),
    ),
)
