"""Matches as people go through them: filtered, a page at a time, the newest change first."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple
from uuid import UUID

from indicators.models import MatchState
from indicators.reconcile.leads import LEADS, Lead, as_lead
from indicators.store.sql import open_cursor

#: Matches that are looked at for one page: a rare filter makes several short pages, no slow one.
MOST_SEEN = 10_000

# matches_to_triage, read from a place in one direction: as many as may be looked at, of which the
# first that fit. All else are look-ups by primary key or one_held_a_match. What somebody decided a
# moment ago is no open lead.
_SEEN = """
    SELECT * FROM indicators_match
    WHERE retired_at IS NULL AND state = %(state)s
      AND changed_at {beyond}= %(changed_at)s
      AND (changed_at, uuid) {beyond} (%(changed_at)s, %(uuid)s)
    ORDER BY changed_at {order}, uuid {order} LIMIT %(most)s
"""
_FITTING = """
SELECT m.* FROM ({seen}) m
WHERE (%(origin)s::uuid IS NULL OR EXISTS (
        SELECT FROM indicators_knownindicator k
        WHERE k.stix_id = m.stix_id AND k.origin_id = %(origin)s))
  AND (%(detector)s::uuid IS NULL OR EXISTS (
        SELECT FROM indicators_cluster c
        WHERE c.id = m.cluster_id AND c.detector_id = %(detector)s))
  AND (%(cluster)s::bigint IS NULL OR m.cluster_id = %(cluster)s)
  AND (%(semantics)s = '' OR m.semantics = %(semantics)s)
  AND m.token_count >= %(strength)s
  AND NOT EXISTS (
        SELECT FROM indicators_helddecision h WHERE h.match_id = m.id AND h.failure = '')
ORDER BY m.changed_at {order}, m.uuid {order} LIMIT %(limit)s
"""
# The place where the looking ended, if it ended before the matches did.
_END = "SELECT changed_at, uuid FROM ({seen}) m ORDER BY changed_at {last}, uuid {last} LIMIT 1"
_COUNT = "SELECT count(*) FROM ({seen}) m"
# matches_to_triage, a state at a time, and no further than is told.
_COUNTS = """
SELECT s.state, (
    SELECT count(*) FROM (
        SELECT FROM indicators_match WHERE retired_at IS NULL AND state = s.state LIMIT %(most)s
    ) m
) FROM unnest(%(states)s::text[]) AS s(state)
"""
#: Up to so many matches of a state are counted.
MOST_COUNTED = 1_000
_NEWEST = datetime.max.replace(tzinfo=UTC), UUID(int=2**128 - 1)


@dataclass(frozen=True, slots=True)
class Filter:
    """Which matches: all of what is set. `strength`: shared tokens at least."""

    state: MatchState = MatchState.OPEN
    origin: UUID | None = None
    detector: UUID | None = None
    cluster: int | None = None
    semantics: str = ""
    strength: int = 0


@dataclass(frozen=True, slots=True)
class Place:
    """Behind a match, in the direction of older ones or of newer ones."""

    changed_at: datetime
    uuid: UUID
    is_newer: bool = False

    def __str__(self) -> str:
        sign = "+" if self.is_newer else "-"
        return f"{sign}{self.changed_at.timestamp():.6f}_{self.uuid.hex}"

    @classmethod
    def read(cls, text: str) -> "Place":
        """From a URL; raises ValueError."""
        sign, rest = text[:1], text[1:]
        seconds, _, number = rest.partition("_")
        if sign not in ("+", "-"):
            raise ValueError("A place begins with + or -.")
        try:
            changed_at = datetime.fromtimestamp(float(seconds), UTC)
        except OverflowError as error:
            raise ValueError("No such time.") from error
        return cls(changed_at, UUID(hex=number), sign == "+")


class Counted(NamedTuple):
    """A count, and `gt` if there are more."""

    value: int
    qualifier: str | None


@dataclass(frozen=True, slots=True)
class Page:
    """`older` and `newer`: where to read on; None where there is nothing.

    `is_short`: there may be more that fit, further on than one page looks.
    """

    leads: tuple[Lead, ...]
    newer: Place | None
    older: Place | None
    is_short: bool


def counts() -> dict[MatchState, Counted]:
    """How many matches stand in each state, or that there are more than MOST_COUNTED."""
    asked = {"states": MatchState.values, "most": MOST_COUNTED + 1}
    with open_cursor() as cursor:
        rows = cursor.execute(_COUNTS, asked).fetchall()
    return {
        MatchState(state): Counted(min(count, MOST_COUNTED), "gt" if count > MOST_COUNTED else None)
        for state, count in rows
    }


def read_queue(which: Filter, place: Place | None = None, limit: int = 25) -> Page:
    """A page of the matches that fit, the newest change first. Three statements at most."""
    is_newer = place is not None and place.is_newer
    changed_at, uuid = _NEWEST if place is None else (place.changed_at, place.uuid)
    asked = {
        "state": which.state.value,
        "origin": which.origin,
        "detector": which.detector,
        "cluster": which.cluster,
        "semantics": which.semantics,
        "strength": which.strength,
        "changed_at": changed_at,
        "uuid": uuid,
        "limit": limit + 1,
        "most": MOST_SEEN,
    }
    rows = _read(_sql(_FITTING, is_newer), asked)
    found = sorted(rows[:limit] if not is_newer else rows[-limit:], key=_order, reverse=True)
    beyond = _beyond(found, asked, is_newer, len(rows) > limit)
    here = None if place is None else place
    return _page(found, here, beyond, is_newer, len(rows) <= limit)


def _page(
    found: list[Lead], here: Place | None, beyond: Place | None, is_newer: bool, is_short: bool
) -> Page:
    """Where it came from is there, too; further on only if something is."""
    if is_newer:
        back = _place(found[-1], False) if found else here and _turned(here)
        return Page(tuple(found), beyond, back, is_short and beyond is not None)
    back = here and (_place(found[0], True) if found else _turned(here))
    return Page(tuple(found), back, beyond, is_short and beyond is not None)


def _beyond(
    found: list[Lead], asked: Mapping[str, Any], is_newer: bool, is_full: bool
) -> Place | None:
    """Where the next page begins, in the direction of reading."""
    if is_full:
        return _place(found[0] if is_newer else found[-1], is_newer)
    with open_cursor() as cursor:
        [(seen,)] = cursor.execute(_sql(_COUNT, is_newer), asked).fetchall()
        if seen < MOST_SEEN:
            return None
        [(changed_at, uuid)] = cursor.execute(_sql(_END, is_newer), asked).fetchall()
    return Place(changed_at, uuid, is_newer)


def _sql(statement: str, is_newer: bool) -> str:
    terms = {"beyond": ">", "order": "ASC", "last": "DESC"} if is_newer else _OLDER
    return statement.format(seen=_SEEN.format(**terms), **terms)


_OLDER = {"beyond": "<", "order": "DESC", "last": "ASC"}


def _read(matches: str, asked: Mapping[str, Any]) -> list[Lead]:
    with open_cursor() as cursor:
        rows = cursor.execute(LEADS.format(matches=matches), asked).fetchall()
    return [as_lead(*row) for row in rows]


def _order(lead: Lead) -> tuple[datetime, UUID]:
    return lead.changed_at, lead.uuid


def _place(lead: Lead, is_newer: bool) -> Place:
    return Place(lead.changed_at, lead.uuid, is_newer)


def _turned(place: Place) -> Place:
    return Place(place.changed_at, place.uuid, not place.is_newer)
