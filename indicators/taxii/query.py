"""The query string of a read: checked to the letter, then a selection of the feed."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeVar

from django.http import QueryDict

from indicators.store import feed
from indicators.taxii.errors import Refused

T = TypeVar("T")
_MOST_VALUES = 100
_WHOLE = re.compile(r"[0-9]{1,18}")
_TIMESTAMP = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?Z", re.ASCII)
_OBJECT_ID = re.compile(
    r"[a-z0-9-]{1,250}--[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
)
_TYPE = re.compile(r"[a-z0-9][a-z0-9-]{0,249}")
_SPEC_VERSION = re.compile(r"[0-9]\.[0-9]")

#: Which match fields each kind of read knows; others are ignored, as the standard says.
OBJECTS = ("id", "type", "version", "spec_version")
OBJECT = ("version", "spec_version")
VERSIONS = ("spec_version",)


@dataclass(frozen=True, slots=True)
class Query:
    """`bound_to` names what a cursor depends on: everything but the limit."""

    selection: feed.Selection
    added_after: datetime | None
    limit: int
    next: str | None
    bound_to: str

    @property
    def is_plain(self) -> bool:
        """No filter and no starting time: the pages that everybody reads."""
        return not (self._is_filtered or self.added_after)

    @property
    def is_whole(self) -> bool:
        """Whether who reads on to the end has seen the newest version of every object."""
        versions = self.selection.versions
        return not self._is_filtered and (versions.latest or versions.every)

    @property
    def _is_filtered(self) -> bool:
        selection = self.selection
        return bool(selection.ids or selection.types or selection.nothing)


def read_query(
    parameters: QueryDict, fields: tuple[str, ...], *, cap: int, what: str, stix_id: str = ""
) -> Query:
    """The query of one read (`what` names the endpoint). Raises Refused(400) naming the place."""
    given = _single_values(parameters, fields)
    match = {name: given[f"match[{name}]"] for name in fields if f"match[{name}]" in given}
    selection = _selection(match, every_version=what == "versions", stix_id=stix_id)
    added_after = timestamp("added_after", given["added_after"]) if "added_after" in given else None
    bound = [what, stix_id, given.get("added_after", "")]
    bound += [f"{name}={value}" for name, value in sorted(match.items())]
    return Query(
        selection=selection,
        added_after=added_after,
        limit=min(_limit(given.get("limit")), cap),
        next=given.get("next"),
        bound_to="\0".join(bound),
    )


def object_id(value: str) -> str:
    """A STIX id, or Refused(400)."""
    if not _OBJECT_ID.fullmatch(value):
        raise Refused(400, f"{value[:100]!r} is not a STIX id (type--UUID).")
    return value


def timestamp(name: str, value: str) -> datetime:
    """A TAXII timestamp; digits beyond the microsecond are dropped, which no comparison notices."""
    found = _TIMESTAMP.fullmatch(value)
    try:
        if found:
            moment = datetime.strptime(found[1], "%Y-%m-%dT%H:%M:%S").replace(tzinfo=UTC)
            return moment.replace(microsecond=int((found[2] or "").ljust(6, "0")[:6]))
    except ValueError:
        pass  # a date that no calendar has: refused below
    raise Refused(
        400, f"{name} is {value[:100]!r}, not a timestamp such as 2026-01-31T12:00:00.000000Z."
    )


def _single_values(parameters: QueryDict, fields: tuple[str, ...]) -> Mapping[str, str]:
    known = {"added_after", "limit", "next", *(f"match[{name}]" for name in fields)}
    given: dict[str, str] = {}
    for name, values in parameters.lists():
        if name not in known:
            continue
        if len(values) != 1:
            raise Refused(400, f"{name} is given {len(values)} times; give it once.")
        if not values[0] or "\0" in values[0]:
            raise Refused(400, f"{name} has no usable value; leave it out or give it one.")
        given[name] = values[0]
    return given


def _limit(value: str | None) -> int:
    if value is None:
        return 2**62
    if not _WHOLE.fullmatch(value) or int(value) == 0:
        raise Refused(400, f"limit is {value[:40]!r}; it must be a whole number above 0.")
    return int(value)


def _selection(match: Mapping[str, str], *, every_version: bool, stix_id: str) -> feed.Selection:
    ids = _values(match, "id", object_id)
    return feed.Selection(
        ids=(stix_id,) if stix_id else ids,
        types=_values(match, "type", _checked_type),
        versions=feed.Versions(every=True) if every_version else _versions(match),
        # All objects here are STIX 2.1; asking for the latest only (the default) is asking for it.
        nothing="spec_version" in match
        and "2.1" not in _values(match, "spec_version", _checked_spec_version),
    )


def _values(match: Mapping[str, str], name: str, check: Callable[[str], T]) -> tuple[T, ...]:
    if name not in match:
        return ()
    values = dict.fromkeys(part.strip() for part in match[name].split(","))
    if len(values) > _MOST_VALUES:
        raise Refused(
            400, f"match[{name}] has {len(values)} values; at most {_MOST_VALUES}: ask twice."
        )
    return tuple(check(value) for value in values)


def _checked_type(value: str) -> str:
    if not _TYPE.fullmatch(value):
        raise Refused(400, f"match[type] has {value[:100]!r}, which is not an object type.")
    return value


def _checked_spec_version(value: str) -> str:
    if not _SPEC_VERSION.fullmatch(value):
        raise Refused(400, f"match[spec_version] has {value[:40]!r}; such as 2.1 is meant.")
    return value


def _versions(match: Mapping[str, str]) -> feed.Versions:
    words = _values(match, "version", str)
    if not words:
        return feed.Versions()
    if "all" in words:
        if len(words) > 1:
            raise Refused(400, "match[version]=all includes every version; give it alone.")
        return feed.Versions(every=True)
    exact = (word for word in words if word not in ("first", "last"))
    return feed.Versions(
        latest="last" in words,
        first="first" in words,
        exact=tuple(timestamp("match[version]", word) for word in exact),
    )
