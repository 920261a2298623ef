"""Counts with how exact they are, and their sums. Pure."""

from collections.abc import Iterable

import msgspec

#: How exact a count is, before it.
SIGNS = {
    "gt": "> ", "ge": "≥ ", "lt": "< ", "le": "≤ ", "approx": "about ",
    "order-of-magnitude": "in the order of ",
}  # fmt: skip
_UNITS = ((10**9, " bn"), (10**6, " M"))
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


def short(count: Count | None) -> str:
    """For headings and labels: "> 16.55 M"; "" for none. What is cut off is never much."""
    if count is None:
        return ""
    sign = SIGNS.get(count.qualifier, "")
    for size, unit in _UNITS:
        if count.value >= size:
            return f"{sign}{_trimmed(f'{count.value / size:,.2f}')}{unit}"
    return f"{sign}{count.value:,}"


def _trimmed(number: str) -> str:
    return number.rstrip("0").rstrip(".")


def _weakest(qualifiers: set[str]) -> str:
    lower, upper = qualifiers & _LOWER, qualifiers & _UPPER
    if "order-of-magnitude" in qualifiers or (lower and upper):
        return "order-of-magnitude"
    for bounds, strict, loose in ((lower, "gt", "ge"), (upper, "lt", "le")):
        if bounds:
            return strict if strict in bounds else loose
    return "approx" if "approx" in qualifiers else "exact"
