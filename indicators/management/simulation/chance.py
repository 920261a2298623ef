"""Chance without state: a draw is a hash of where it is made."""

from collections.abc import Sequence
from hashlib import blake2b
from typing import TypeVar

_Choice = TypeVar("_Choice")
_BASE36 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"


class Chance:
    """All draws of one simulation, or of one organization's side of it.

    Equal places give equal draws, in any order.
    """

    def __init__(self, seed: int, organization: str = "") -> None:
        self._key = b"%d" % seed
        if organization:
            self._key = blake2b(organization.encode(), key=self._key).digest()

    def number(self, limit: int, *place: object) -> int:
        """From 0 to `limit` - 1."""
        return int.from_bytes(self._draw(8, place), "big") % limit

    def ratio(self, low: float, high: float, *place: object) -> float:
        """Between `low` and `high`, with three places."""
        return round(low + (high - low) * self.number(1_000_000, *place) / 999_999, 3)

    def choice(self, choices: Sequence[_Choice], *place: object) -> _Choice:
        return choices[self.number(len(choices), *place)]

    def hex(self, length: int, *place: object) -> str:
        """Up to 128 hexadecimal digits."""
        return self._draw((length + 1) // 2, place).hex()[:length]

    def letters(self, length: int, *place: object) -> str:
        """Up to 48 digits and capital letters."""
        value, found = int.from_bytes(self._draw(64, place), "big"), ""
        for _ in range(length):
            value, rest = divmod(value, 36)
            found += _BASE36[rest]
        return found

    def shuffled(self, position: int, size: int, *place: object) -> int:
        """Where `position` of a list of `size` comes to lie, if the list is shuffled: no two meet.

        `size` must have no other prime factors than 2, 3, 5 and 11.
        """
        step = 30 * 11 * self.number(size, *place, "step") + 7
        return (position * step + self.number(size, *place, "start")) % size

    def _draw(self, length: int, place: tuple[object, ...]) -> bytes:
        return blake2b(repr(place).encode(), digest_size=length, key=self._key).digest()
