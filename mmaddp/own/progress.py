"""What the screen shows of a training's log."""

import re

# A line of mmengine's logger: position, remaining time, seconds per step.
_TRAIN = re.compile(
    r'Epoch\(train\)\s+\[\s*(\d+)\]\[\s*(\d+)/\s*(\d+)\]'
    r'.*?\beta: ([\d:days, ]+\d)\s.*?\btime: ([\d.]+)'
)
_ITERATION = re.compile(
    r'Iter\(train\)\s+\[\s*(\d+)/\s*(\d+)\].*?\beta: ([\d:days, ]+\d)\s.*?\btime: ([\d.]+)'
)
_LOSS = re.compile(r'\bloss: ([\d.]+|nan)')
_FIGURE = re.compile(r'(?:tokenizer|masked_token)/(\w+): ([\d.]+)')


def shorten(line: str) -> str:
    """The gist of a line of a log: place, speed, remaining time, loss; figures of a validation."""
    train, iteration = _TRAIN.search(line), _ITERATION.search(line)
    if train:
        epoch, step, steps, *speed = train.groups()
        return f'epoch {epoch}, step {step} of {steps}: {_speed(line, *speed)}'
    if iteration:
        step, steps, *speed = iteration.groups()
        return f'step {step} of {steps}: {_speed(line, *speed)}'
    figures = _FIGURE.findall(line)
    if figures:
        return 'held-out pictures: ' + ', '.join(f'{name} {value}' for name, value in figures)
    return line.rpartition(' - ')[2].strip()


def _speed(line: str, left: str, seconds: str) -> str:
    """Steps per second, remaining time and, if the line has one, the loss."""
    loss = _LOSS.search(line)
    shown = f', loss {float(loss[1]):.3g}' if loss else ''
    return f'{1 / max(float(seconds), 1e-6):.3g} steps/s, {left} left{shown}'
