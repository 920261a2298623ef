"""Lists in pages along the primary key, the newest first: as fast at the end as at the start."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from django.db.models import Model, QuerySet
from django.http import HttpRequest

_MOST_DIGITS = 18


class Beside(NamedTuple):
    """The query strings of the pages beside one, "" for none."""

    newer: str = ""
    older: str = ""


@dataclass(frozen=True, slots=True)
class Page:
    """Rows, and the query strings of the pages beside, "" for none."""

    rows: Sequence[Any]
    newer: str
    older: str


def asked(request: HttpRequest, name: str) -> int | None:
    """An id from the address; None for none, or for what is no id."""
    text = request.GET.get(name, "")
    return int(text) if text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS else None


def beside(request: HttpRequest, newer: int | None, older: int | None) -> Beside:
    """The query strings that go on from these ids, with everything else that was asked."""
    return Beside(_query(request, after=newer), _query(request, before=older))


def page(request: HttpRequest, rows: QuerySet[Any, Any], limit: int) -> Page:
    """What comes `before` or `after` an id, or the newest."""
    before, after = asked(request, "before"), asked(request, "after")
    if after is not None:
        found = list(rows.filter(pk__gt=after).order_by("pk")[: limit + 1])
        return _page(request, found[:limit][::-1], len(found) > limit, True)
    if before is not None:
        rows = rows.filter(pk__lt=before)
    found = list(rows.order_by("-pk")[: limit + 1])
    return _page(request, found[:limit], before is not None, len(found) > limit)


def _page(request: HttpRequest, rows: list[Model], has_newer: bool, has_older: bool) -> Page:
    newer = rows[0].pk if rows and has_newer else None
    older = rows[-1].pk if rows and has_older else None
    return Page(rows, *beside(request, newer, older))


def _query(request: HttpRequest, **place: int | None) -> str:
    if None in place.values():
        return ""
    kept = request.GET.copy()
    for name in ("before", "after"):
        kept.pop(name, None)
    kept.update({name: str(number) for name, number in place.items()})
    return kept.urlencode()
