"""Who stands behind a joint cluster: organizations that saw it themselves, each counted once.

A claim counts for its origin, whoever brought it here: relayed by ten peers it is one. What was
derived from others' words, and what only repeats tokens that others said before, adds nobody.
"""

from collections.abc import Hashable, Iterable, Mapping
from enum import StrEnum
from typing import TypeVar

_Origin = TypeVar("_Origin", bound=Hashable)
_Token = TypeVar("_Token", bound=Hashable)


class Standing(StrEnum):
    """What a claim rests on."""

    FIRST_PARTY = "first-party"
    DERIVED = "derived"
    ECHO = "echo"

    @property
    def weight(self) -> int:
        """What the claim counts for, in corroboration and in confidence."""
        return 1 if self is Standing.FIRST_PARTY else 0


def standing_of(*, is_first_party: bool, is_echo: bool) -> Standing:
    """An echo is one whatever it says of its basis."""
    if is_echo:
        return Standing.ECHO
    return Standing.FIRST_PARTY if is_first_party else Standing.DERIVED


def echoed(
    origin: _Origin, tokens: Iterable[_Token], said_before: Mapping[_Token, Iterable[_Origin]]
) -> set[_Origin]:
    """The origins that a new claim of these tokens only repeats; empty if it is no echo.

    said_before: by token, who had said it when the claim arrived. `echoes.echoes` asks the tables
    the same.
    """
    others: set[_Origin] = set()
    for token in tokens:
        before = set(said_before.get(token, ())) - {origin}
        if not before:
            return set()
        others |= before
    return others


def corroborating(claims: Iterable[tuple[str, Standing]]) -> tuple[str, ...]:
    """The distinct origins of first-party claims, in order. claims: (origin, standing)."""
    return tuple(sorted({origin for origin, standing in claims if standing.weight}))
