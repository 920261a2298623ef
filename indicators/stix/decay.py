"""How much of an indicator's confidence is left as it ages (extension token-indicator)."""

from datetime import timedelta


def remaining(age: timedelta, lifetime_days: float | None, speed: float = 1) -> float:
    """The share that is left after `age`: `1 - (age / lifetime)^(1 / speed)`, from 1 to 0.

    Without a lifetime nothing is lost; what is not born yet has lost nothing.
    """
    if lifetime_days is None or age <= timedelta():
        return 1.0
    spent = min(age / timedelta(days=1) / lifetime_days, 1.0)
    left: float = 1 - spent ** (1 / speed)
    return left
