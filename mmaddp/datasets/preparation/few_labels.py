"""Lists with a few labelled pictures of each class."""

import random
from collections import defaultdict
from pathlib import Path

from mmaddp.utils.atomic import write_text


def choose_few(listed: Path, chosen: Path, number: int, seed: int) -> None:
    """Write a list with some lines ``path class`` of each class, drawn with a seed.

    Args:
        listed (Path): Text file of all lines.
        chosen (Path): File to write; its folder is made.
        number (int): Lines of each class, at most as many as there are.
        seed (int): Of the draw.

    Raises:
        ValueError: A class has fewer lines.
    """
    classes = defaultdict(list)
    for line in listed.read_text().splitlines():
        classes[line.rpartition(' ')[2]].append(line)
    for label, lines in classes.items():
        if len(lines) < number:
            raise ValueError(
                f'{listed} has {len(lines)} lines of class {label}, fewer than {number}.'
            )
    draw_lines = random.Random(seed).sample
    lines = [line for label in sorted(classes) for line in draw_lines(classes[label], number)]
    chosen.parent.mkdir(parents=True, exist_ok=True)
    write_text(chosen, '\n'.join(lines) + '\n')
