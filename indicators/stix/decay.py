"""How much of an indicator's confidence is left as it ages (extension token-indicator)."""

from datetime import datetime, timedelta

#: STIX says nothing of an indicator without a confidence: neither sure nor unsure.
UNSAID_CONFIDENCE = 50


def remaining(age: timedelta, lifetime_days: float | None, speed: float = 1) -> float:
    """The share that is left after `age`: `1 - (age / lifetime)^(1 / speed)`, from 1 to 0.

    Without a lifetime nothing is lost; what is not born yet has lost nothing.
    """
    if lifetime_days is None or age <= timedelta():
        return 1.0
    spent = min(age / timedelta(days=1) / lifetime_days, 1.0)
    left: float = 1 - spent ** (1 / speed)
    return left


def end_of(
    confidence: int | None,
    decay: tuple[float | None, float, int],
    since: datetime,
    valid_until: datetime | None,
) -> datetime | None:
    """When an indicator is no lead any more, None for never.

    decay: lifetime in days, speed, the score (0 to 100) below which it counts as revoked. What is
    left of the confidence after a time t is `1 - (t / lifetime)^(1 / speed)` of it.
    """
    lifetime, speed, revoke_score = decay
    if lifetime is None:
        return valid_until
    stated = UNSAID_CONFIDENCE if confidence is None else confidence
    left = revoke_score / stated if stated > revoke_score else float(revoke_score > 0)
    try:
        ends = since + timedelta(days=lifetime * (1 - left) ** speed)
    except OverflowError:  # beyond what a calendar has
        return valid_until
    return ends if valid_until is None else min(ends, valid_until)
