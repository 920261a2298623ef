"""An indicator loses its confidence with age, as its author says."""

from datetime import timedelta

import pytest

from indicators.stix.decay import remaining

DAY = timedelta(days=1)


@pytest.mark.parametrize(
    ("age", "speed", "left"),
    [
        (0, 1, 1),
        (25, 1, 0.75),
        (90, 1, 0.1),
        (25, 2, 0.5),
        (50, 0.5, 0.75),
        (100, 1, 0),
        (900, 1, 0),
    ],
)
def test_it_follows_the_polynomial(age: int, speed: float, left: float) -> None:
    assert remaining(age * DAY, 100, speed) == pytest.approx(left)


def test_without_a_lifetime_nothing_is_lost() -> None:
    assert remaining(10_000 * DAY, None) == 1


def test_what_is_dated_ahead_has_lost_nothing() -> None:
    assert remaining(-DAY, 100, 0.3) == 1
