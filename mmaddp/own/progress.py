"""What the screen shows of a training's log."""

import re

# A line of mmengine's logger: position, remaining time, seconds per step.
_TRAIN = re.compile(
    r'Epoch\(train\)\s+\[\s*(\d+)\]\[\s*(\d+)/\s*(\d+)\]'
    r'.*?\beta: ([\d:days, ]+\d)\s.*?\btime: ([\d.]+)'
)
_LOSS = re.compile(r'\bloss: ([\d.]+|nan)')
_FIGURE = re.compile(r'(?:tokenizer|masked_token)/(\w+): ([\d.]+)')


def shorten(line: str) -> str:
    """The gist of a line of a log: epoch, speed, remaining time, loss; figures of a validation."""
    train = _TRAIN.search(line)
    if train:
        epoch, step, steps, left, seconds = train.groups()
        loss = _LOSS.search(line)
        shown = f', loss {float(loss[1]):.3g}' if loss else ''
        rate = 1 / max(float(seconds), 1e-6)
        return f'epoch {epoch}, step {step} of {steps}: {rate:.3g} steps/s, {left} left{shown}'
    figures = _FIGURE.findall(line)
    if figures:
        return 'held-out pictures: ' + ', '.join(f'{name} {value}' for name, value in figures)
    return line.rpartition(' - ')[2].strip()
