"""Draw the two figures of the method: ``python docs/images/draw_method.py [FOLDER]``.

Writes ``training.svg`` and ``generation.svg``, by default beside this file. They are equal from run
to run with one version of matplotlib.
"""

import argparse
from itertools import pairwise
from pathlib import Path

import matplotlib

matplotlib.use('Agg')
import matplotlib.pyplot as plt
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch

DATA, FROZEN, TRAINED, LOSS = '#ffffff', '#dfe5ec', '#cfe8cf', '#f6dcc4'
INK = '#26313d'


class Figure:
    """A canvas in units of boxes, with boxes that know their edges."""

    def __init__(self, width, height):
        self.figure, self.axes = plt.subplots(figsize=(width, height))
        self.axes.set_xlim(0, width)
        self.axes.set_ylim(0, height)
        self.axes.set_aspect('equal')
        self.axes.axis('off')

    def box(self, x, y, text, colour, width=1.7, height=0.72):
        """Draw a box around (x, y); return its middle and its half sizes."""
        self.axes.add_patch(
            FancyBboxPatch(
                (x - width / 2, y - height / 2),
                width,
                height,
                boxstyle='round,pad=0,rounding_size=0.1',
                facecolor=colour,
                edgecolor=INK,
                linewidth=1.1,
            )
        )
        self.axes.text(x, y, text, ha='center', va='center', fontsize=9, color=INK)
        return x, y, width / 2, height / 2

    def arrow(self, start, end):
        """Draw an arrow from the edge of a box to the edge of another one."""
        begin, finish = _edges(start, end)
        self.axes.add_patch(
            FancyArrowPatch(
                begin, finish, arrowstyle='-|>', mutation_scale=11, linewidth=1.1, color=INK
            )
        )

    def note(self, x, y, text):
        """Write a line that belongs to no box."""
        self.axes.text(x, y, text, ha='left', va='center', fontsize=8, color=INK)

    def legend(self, x, y):
        """Say what the colours mean."""
        for number, (colour, text) in enumerate(
            ((FROZEN, 'frozen network'), (TRAINED, 'trained by ADDP'), (DATA, 'data'))
        ):
            self.box(x + 2.3 * number, y, '', colour, 0.3, 0.2)
            self.note(x + 2.3 * number + 0.25, y, text)

    def save(self, path):
        """Write the figure without a date, so that it is equal from run to run."""
        self.figure.savefig(path, metadata={'Date': None}, bbox_inches='tight', pad_inches=0.05)
        plt.close(self.figure)


def _edges(start, end):
    """Points where a straight line between two boxes leaves the one and meets the other."""
    (x0, y0, w0, h0), (x1, y1, w1, h1) = start, end
    if abs(x1 - x0) >= w0 + w1:
        sign = 1 if x1 > x0 else -1
        return (x0 + sign * w0, y0), (x1 - sign * w1, y1)
    sign = 1 if y1 > y0 else -1
    return (x0, y0 + sign * h0), (x1, y1 - sign * h1)


def draw_training(path):
    """One training step: an unreliable picture is made, and its better tokens are predicted."""
    figure = Figure(15.2, 3.1)
    columns = [0.95 + 2.2 * number for number in range(7)]
    top, bottom = 2.5, 1.1
    image = figure.box(columns[0], top, 'picture $x_0$', DATA)
    encode = figure.box(columns[1], top, 'tokenizer\nencodes', FROZEN)
    ids = figure.box(columns[2], top, 'token ids $z_0$', DATA)
    guess = figure.box(columns[3], top, 'token predictor,\nmore ids hidden', FROZEN)
    latent = figure.box(columns[4], top, 'unreliable\nlatent', DATA)
    decode = figure.box(columns[5], top, 'tokenizer\ndecodes', FROZEN)
    seen = figure.box(columns[6], top, 'unreliable\npicture $x_t$', DATA)
    better = figure.box(columns[2], bottom, 'token predictor,\nfewer ids hidden', FROZEN)
    target = figure.box(columns[3], bottom, 'target: guess of\nthe hidden ids', DATA)
    loss = figure.box(columns[4], bottom, 'cross-entropy', LOSS)
    decoder = figure.box(columns[5], bottom, 'decoder\nand head', TRAINED)
    encoder = figure.box(columns[6], bottom, 'encoder (ViT),\nsees pixels only', TRAINED)
    upper = (image, encode, ids, guess, latent, decode, seen, encoder, decoder, loss)
    for start, end in (*pairwise(upper), (ids, better), (better, target), (target, loss)):
        figure.arrow(start, end)
    figure.legend(0.3, 0.25)
    figure.save(path)


def draw_generation(path):
    """One step of generation: pixels, tokens, pixels."""
    figure = Figure(11.6, 2.9)
    image = figure.box(1.1, 2.2, 'picture $x_t$', DATA)
    network = figure.box(3.7, 2.2, 'encoder, decoder,\nhead', TRAINED, 2.0)
    ids = figure.box(6.5, 2.2, 'draw ids for all\nhidden positions', DATA, 2.1)
    keep = figure.box(9.5, 2.2, 'keep the most\nconfident ones', DATA, 2.1)
    latent = figure.box(9.5, 0.85, 'codes, and their mean\nwhere still hidden', DATA, 2.4)
    decode = figure.box(5.6, 0.85, 'tokenizer\ndecodes', FROZEN)
    following = figure.box(1.1, 0.85, 'picture $x_{t-1}$', DATA)
    for start, end in pairwise((image, network, ids, keep, latent, decode, following, image)):
        figure.arrow(start, end)
    figure.note(1.25, 1.53, 'next step, fewer hidden')
    figure.legend(0.3, 0.15)
    figure.save(path)


def main():
    """Draw both figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('folder', nargs='?', type=Path, default=Path(__file__).parent)
    folder = parser.parse_args().folder
    plt.rcParams['svg.hashsalt'] = 'mmaddp'
    draw_training(folder / 'training.svg')
    draw_generation(folder / 'generation.svg')


if __name__ == '__main__':
    main()
