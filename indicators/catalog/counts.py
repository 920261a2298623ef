"""Counts with how exact they are, and their sums. Pure."""

from collections.abc import Iterable

import msgspec

_LOWER, _UPPER = frozenset({"gt", "ge"}), frozenset({"lt", "le"})


class Count(msgspec.Struct, frozen=True):
    """`{value, qualifier, as_reported}` as our extensions write it."""

    value: int | float
    qualifier: str = "exact"
    as_reported: str = ""


def total(counts: Iterable[Count | None]) -> Count | None:
    """The sum with the weaker qualifier: "> 16.55 M", never "16.55 M"; None without any.

    What only has a bound makes the sum one. Bounds of both sides make it a mere estimate.
    """
    stated = [each for each in counts if each is not None]
    if not stated:
        return None
    return Count(sum(each.value for each in stated), _weakest({each.qualifier for each in stated}))


def _weakest(qualifiers: set[str]) -> str:
    lower, upper = qualifiers & _LOWER, qualifiers & _UPPER
    if "order-of-magnitude" in qualifiers or (lower and upper):
        return "order-of-magnitude"
    for bounds, strict, loose in ((lower, "gt", "ge"), (upper, "lt", "le")):
        if bounds:
            return strict if strict in bounds else loose
    return "approx" if "approx" in qualifiers else "exact"
