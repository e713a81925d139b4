"""How far an exported network is from the model, over random shapes."""

from dataclasses import dataclass

import numpy as np
import torch

from .formats import Arrays, Run
from .network import Network

NUM_SHAPES = 20
TOLERANCE = 1e-4


@dataclass(frozen=True)
class Difference:
    """The largest difference that was found.

    Attributes:
        value (float): Largest absolute difference of an output over the larger of 1 and the
            largest absolute value of the model's output.
        output (str): Name of the output.
        sizes (dict[str, int]): Sizes for which it was found, by axis.
    """

    value: float
    output: str
    sizes: dict[str, int]

    def __str__(self) -> str:
        sizes = ', '.join(f'{name} {size}' for name, size in self.sizes.items())
        return f'{self.value:.1e} in {self.output} ({sizes})'


def largest_difference(network: Network, run: Run, seed: int = 0) -> Difference:
    """Compare an exported network with the model over :data:`NUM_SHAPES` random shapes.

    Args:
        network (Network): The network; its model's parameters are on the CPU.
        run (Callable): The exported one.
        seed (int): Seed of shapes and inputs. Defaults to 0.

    Returns:
        Difference: The largest one; infinite where shapes differ or something is not finite.
    """
    generator = torch.Generator().manual_seed(seed)
    found = []
    for _ in range(NUM_SHAPES):
        sizes = {
            name: int(torch.randint(axis.tried[0], axis.tried[1] + 1, (), generator=generator))
            for name, axis in network.free_axes.items()
        }
        inputs = network.draw(sizes, generator)
        expected = {name: out.numpy() for name, out in network.reference(**inputs).items()}
        exported = run({name: inputs[name].numpy() for name in network.axes})
        value, output = max(_differences(expected, exported))
        found.append(Difference(value, output, sizes))
    return max(found, key=lambda difference: difference.value)


def _differences(expected: Arrays, exported: Arrays) -> list[tuple[float, str]]:
    """Relative difference of each output."""
    return [(_difference(array, exported[name]), name) for name, array in expected.items()]


def _difference(expected: np.ndarray, exported: np.ndarray) -> float:
    if expected.shape != exported.shape or not np.isfinite(exported).all():
        return float('inf')
    largest = float(np.abs(exported - expected).max(initial=0))
    return largest / max(1.0, float(np.abs(expected).max(initial=0)))
