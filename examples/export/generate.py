"""Generate pictures with an exported ADDP; no PyTorch, no mmaddp.

    pip install numpy pillow onnxruntime
    python examples/export/generate.py work_dirs/exported --num-images 4 --out generated

The folder holds ``denoise`` and ``decode`` of one kind. Picture i of a seed is the one that
``mmaddp generate`` makes of it, but for rounding.
"""

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from exported import Exported
from PIL import Image


def main() -> None:
    """Run the example."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('folder', type=Path)
    parser.add_argument('--num-images', type=int, default=4)
    parser.add_argument('--seed', type=int, default=0)
    parser.add_argument('--ending', default='.onnx', choices=('.onnx', '.xml', '.pt2'))
    parser.add_argument('--precision', default='fp32', help='bf16 or fp16 with OpenVINO')
    parser.add_argument('--out', type=Path, default=Path('generated'))
    args = parser.parse_args()
    denoise, decode = (
        Exported(args.folder / (name + args.ending), args.precision)
        for name in ('denoise', 'decode')
    )
    args.out.mkdir(parents=True, exist_ok=True)
    for index in range(args.num_images):
        *_, (images, _) = generate(denoise, decode, [image_seed(args.seed, index)])
        pixels = (np.clip(images[0], 0, 1) * 255).astype(np.uint8)
        Image.fromarray(pixels.transpose(1, 2, 0)).save(args.out / f'{index:06}.png')
    print(f'{args.num_images} pictures in {args.out}')


def image_seed(seed: int, index: int) -> int:
    """Seed of picture ``index`` of a set."""
    words = np.random.SeedSequence((seed, 0, index)).generate_state(4, np.uint64)
    return int(words[0]) >> 1


def generate(
    denoise: Exported, decode: Exported, seeds: Sequence[int]
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Generate one picture per seed, step by step.

    Yields:
        tuple[np.ndarray, np.ndarray]: Pictures (B, 3, H, W), RGB, about [0, 1], and token ids
        (B, L), after each step; those of the last are the result.
    """
    sampler = denoise.metadata['sampler']
    batch, num_tokens = len(seeds), sampler['num_tokens']
    # PyTorch's generator and NumPy's old one are the same, and are seeded in the same way.
    streams = [np.random.RandomState(seed & 0xFFFFFFFF) for seed in seeds]
    seen = np.zeros((batch, 3, *sampler['size']), np.float32)  # not read while nothing is visible
    token_ids = np.zeros((batch, num_tokens), np.int64)
    mask = np.ones((batch, num_tokens), bool)
    steps = enumerate(zip(sampler['masked_after'], sampler['temperature']), start=1)
    for step, (num_masked, temperature) in steps:
        visible = np.nonzero(~mask)[1].reshape(batch, -1)
        inputs = dict(images=seen, token_ids=token_ids, mask=mask, visible=visible)
        probs = softmax(denoise(**inputs)['logits'])
        uniform, gumbel = draw_noise(streams, num_tokens)
        token_ids = np.where(mask, draw_ids(probs, uniform, sampler), token_ids)
        mask = least_confident(probs, token_ids, mask, temperature * gumbel, num_masked)
        images = decode(token_ids=token_ids, probs=probs, mask=mask)['images']
        if not visible.size or step % sampler['decode_every'] == 0:
            seen = images
        yield images, token_ids


def softmax(logits: np.ndarray) -> np.ndarray:
    """Softmax over the last axis."""
    powers = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True)


def draw_noise(streams: list, num_tokens: int) -> tuple[np.ndarray, np.ndarray]:
    """Uniform noise in [0, 1) and Gumbel noise, each (B, L)."""
    shape = (2, num_tokens, 2)
    words = [stream.randint(0, 2**32, shape, dtype=np.uint32) for stream in streams]
    words = np.stack(words).astype(np.uint64)
    bits = (words[..., 0] << np.uint64(32) | words[..., 1]) & np.uint64(2**53 - 1)
    uniform, other = (bits * 2.0**-53).swapaxes(0, 1)
    gumbel = -np.log(-np.log(np.maximum(other, np.finfo(np.float64).tiny)))
    return uniform, gumbel.astype(np.float32)


def draw_ids(probs: np.ndarray, uniform: np.ndarray, sampler: dict) -> np.ndarray:
    """Draw ids (B, L) by inverting the cumulative distribution of (B, L, K)."""
    top_k, top_p = sampler['top_k'], sampler['top_p']
    order = np.argsort(-probs, axis=-1, kind='stable')
    if top_k is not None:
        kept = np.zeros_like(probs, bool)
        np.put_along_axis(kept, order[..., :top_k], True, axis=-1)
        probs = probs * kept
        probs = probs / probs.sum(axis=-1, keepdims=True)
    if top_p < 1:
        ordered = np.take_along_axis(probs, order, axis=-1)
        inside = np.cumsum(ordered, axis=-1) - ordered < top_p
        inside[..., 0] = True
        kept = np.zeros_like(inside)
        np.put_along_axis(kept, order, inside, axis=-1)
        probs = probs * kept
    cumulative = np.cumsum(probs.astype(np.float64), axis=-1)
    threshold = uniform * cumulative[..., -1]
    ids = (cumulative <= threshold[..., None]).sum(axis=-1)
    return np.minimum(ids, probs.shape[-1] - 1)


def least_confident(
    probs: np.ndarray, token_ids: np.ndarray, mask: np.ndarray, noise: np.ndarray, num_masked: int
) -> np.ndarray:
    """Of the masked positions, choose those that stay masked."""
    chosen = np.take_along_axis(probs, token_ids[..., None], axis=-1)[..., 0]
    with np.errstate(divide='ignore'):
        confidence = np.where(mask, np.log(chosen), np.inf) + noise
    order = np.argsort(confidence, axis=-1, kind='stable')
    stays = np.zeros_like(mask)
    np.put_along_axis(stays, order[:, :num_masked], True, axis=-1)
    return stays


if __name__ == '__main__':
    main()
