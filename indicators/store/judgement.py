"""What becomes of each object of a batch: decided in memory from facts read under lock. Pure.

Rules (federation.md §2): the first to store an id owns it; one version has one content; a second
content is evidence; what is revoked stays revoked; what was erased does not come back.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from indicators.stix import StixObject

_MICROSECOND = timedelta(microseconds=1)
_SHARED_TYPES = frozenset({"marking-definition", "extension-definition"})


class Verdict(StrEnum):
    ADDED = "added"
    DUPLICATE = "duplicate"
    CONTRADICTED = "contradicted"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one object; `reason` is empty when it is in the feed.

    `version` is the one it was judged under, None if it was refused before it had one.
    """

    index: int
    id: str
    version: datetime | None
    verdict: Verdict
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Held:
    """A version that the store holds. `row` is None while the version is only in this batch."""

    row: int | None
    sha256: bytes
    erased: bool
    in_feed: bool


@dataclass(slots=True)
class Known:
    """What is known of one id: its owner, the versions asked for, its newest, its feed borders."""

    owner: UUID | None
    versions: dict[datetime, Held] = field(default_factory=dict)
    newest: datetime | None = None
    newest_revoked: bool = False
    feed_first: tuple[datetime, int] | None = None
    feed_latest: tuple[datetime, int] | None = None


@dataclass(frozen=True, slots=True)
class Addition:
    """An object that joins the feed; `held_row` is set when its content is stored already."""

    obj: StixObject
    version: datetime
    date_added: datetime
    held_row: int | None


@dataclass(frozen=True, slots=True)
class Dispute:
    obj: StixObject
    version: datetime
    held_sha256: bytes


@dataclass(slots=True)
class Judgement:
    outcomes: list[Outcome] = field(default_factory=list)
    additions: list[Addition] = field(default_factory=list)
    disputes: list[Dispute] = field(default_factory=list)


def is_shared(obj: StixObject) -> bool:
    """Whether nobody owns the id: observables (no `created`) and definitions that all share."""
    return obj.created is None or obj.type in _SHARED_TYPES


def judge(
    objects: Iterable[StixObject],
    known: Mapping[str, Known],
    contributor: UUID,
    first_date_added: datetime,
) -> Judgement:
    """Decide in input order; earlier objects of the batch count as known for later ones."""
    judgement = Judgement()
    date_added = first_date_added
    for obj in objects:
        _judge_one(obj, known[obj.id], contributor, date_added, judgement)
        date_added += _MICROSECOND
    return judgement


def _judge_one(
    obj: StixObject, known: Known, contributor: UUID, date_added: datetime, into: Judgement
) -> None:
    version = obj.version or next(iter(known.versions), date_added)
    held = known.versions.get(version)
    same = held is not None and held.sha256 == obj.sha256
    if held is not None and same and not held.erased:
        if held.in_feed:
            outcome = Outcome(obj.index, obj.id, version, Verdict.DUPLICATE)
        else:
            outcome = _add(obj, version, date_added, known, held.row, into)
    elif held is not None and held.erased:
        outcome = _refuse(obj, "this version was erased here and is not taken again")
    elif known.owner is not None and known.owner != contributor:
        outcome = _refuse(
            obj, "this id belongs to another member; publish under an id of your own"
        )
    elif held is not None:
        into.disputes.append(Dispute(obj, version, held.sha256))
        outcome = Outcome(
            obj.index,
            obj.id,
            version,
            Verdict.CONTRADICTED,
            "another content is stored under this id and version; this one is kept as evidence,"
            " not published: give a changed object a later modified",
        )
    elif known.newest_revoked and known.newest is not None and version > known.newest:
        outcome = _refuse(obj, "the object was revoked and stays revoked; use a new id")
    else:
        outcome = _add(obj, version, date_added, known, None, into)
    into.outcomes.append(outcome)


def _refuse(obj: StixObject, reason: str) -> Outcome:
    return Outcome(obj.index, obj.id, obj.version, Verdict.REFUSED, reason)


def _add(
    obj: StixObject,
    version: datetime,
    date_added: datetime,
    known: Known,
    held_row: int | None,
    into: Judgement,
) -> Outcome:
    known.versions[version] = Held(held_row, obj.sha256, erased=False, in_feed=True)
    if known.newest is None or version > known.newest:
        known.newest, known.newest_revoked = version, obj.revoked
    into.additions.append(Addition(obj, version, date_added, held_row))
    return Outcome(obj.index, obj.id, version, Verdict.ADDED)


@dataclass(frozen=True, slots=True)
class Standing:
    """Which entries of the feed are the first and the latest of their object after a batch."""

    first: frozenset[int]
    latest: frozenset[int]
    no_longer_first: list[int]
    no_longer_latest: list[int]


def standing(
    additions: Iterable[tuple[str, datetime, int]], known: Mapping[str, Known]
) -> Standing:
    """From (id, version, seq) of what joins the feed and the borders known before."""
    first: dict[str, tuple[datetime, int]] = {}
    latest: dict[str, tuple[datetime, int]] = {}
    for stix_id, version, seq in additions:
        here = (version, seq)
        first[stix_id] = min(first.get(stix_id, here), here)
        latest[stix_id] = max(latest.get(stix_id, here), here)
    lost_first, lost_latest = [], []
    for stix_id in first:
        before = known[stix_id]
        if before.feed_first is not None:
            if before.feed_first < first[stix_id]:
                first[stix_id] = before.feed_first
            else:
                lost_first.append(before.feed_first[1])
        if before.feed_latest is not None:
            if before.feed_latest > latest[stix_id]:
                latest[stix_id] = before.feed_latest
            else:
                lost_latest.append(before.feed_latest[1])
    return Standing(
        frozenset(seq for _, seq in first.values()),
        frozenset(seq for _, seq in latest.values()),
        lost_first,
        lost_latest,
    )
