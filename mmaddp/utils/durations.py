"""Times in words."""


def duration(seconds: float) -> str:
    """Seconds as hours, minutes and seconds; of the last two, what matters."""
    minutes, rest = divmod(round(seconds), 60)
    if minutes >= 60:
        return f'{minutes // 60} h {minutes % 60} min'
    return f'{minutes} min {rest} s' if minutes else f'{rest} s'
