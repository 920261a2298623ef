"""What becomes of each object of a batch: decided in memory from facts read under lock. Pure.

Rules (federation.md §2): the first to store an id owns it; only its author and owner makes a new
version; one version has one content; a second content is evidence; what is revoked stays revoked;
what was erased does not come back. Anybody who may write may pass on an unchanged version, unless
its owner withdrew it from that collection.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from uuid import UUID

from indicators.stix import StixObject

_MICROSECOND = timedelta(microseconds=1)


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
    """A version that the store holds. `row` is None while the version is only in this batch.

    `in_feed` and `withdrawn` speak of the collection at hand; what came back after a withdrawal is
    both in the feed and withdrawn.
    """

    row: int | None
    sha256: bytes
    erased: bool = False
    in_feed: bool = False
    withdrawn: bool = False


@dataclass(slots=True)
class Known:
    """What is known of one id: its owner, the versions asked for, its feed borders.

    `is_new`: this transaction was the first to name the id. `revoked_since` is the earliest version
    that says revoked.
    """

    owner: UUID | None
    versions: dict[datetime, Held] = field(default_factory=dict)
    revoked_since: datetime | None = None
    feed_first: tuple[datetime, int] | None = None
    feed_latest: tuple[datetime, int] | None = None
    is_new: bool = False


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
    """Whether nobody owns the id: an observable's content determines it, anybody arrives at it."""
    return obj.created is None


def judge(
    objects: Iterable[StixObject],
    known: Mapping[str, Known],
    contributors: Mapping[int, UUID],
    first_date_added: datetime,
    authors: Mapping[int, str] = MappingProxyType({}),
) -> Judgement:
    """Decide in input order; earlier objects of the batch count as known for later ones.

    By index: `contributors` says whose each object is, `authors` names the other member that it
    claims to come from.
    """
    judgement = Judgement()
    date_added = first_date_added
    for obj in objects:
        entry, contributor = known[obj.id], contributors[obj.index]
        version = obj.version or next(iter(entry.versions), date_added)
        held = entry.versions.get(version)
        if held is not None and (held.erased or held.sha256 == obj.sha256):
            outcome = _judge_held(obj, version, held, date_added, entry, contributor, judgement)
        else:
            author = authors.get(obj.index)
            outcome = _judge_new(obj, version, date_added, entry, contributor, author, judgement)
        judgement.outcomes.append(outcome)
        date_added += _MICROSECOND
    return judgement


def _judge_held(
    obj: StixObject,
    version: datetime,
    held: Held,
    date_added: datetime,
    known: Known,
    contributor: UUID,
    into: Judgement,
) -> Outcome:
    """The content is held already, or was until it was erased."""
    if held.erased:
        return _refuse(obj, "this version was erased here and is not taken again")
    if held.in_feed:
        return Outcome(obj.index, obj.id, version, Verdict.DUPLICATE)
    if held.withdrawn and known.owner not in (None, contributor):
        return _refuse(obj, "its owner withdrew this version from this collection")
    return _add(obj, version, date_added, known, held.row, into)


def _judge_new(
    obj: StixObject,
    version: datetime,
    date_added: datetime,
    known: Known,
    contributor: UUID,
    author: str | None,
    into: Judgement,
) -> Outcome:
    """The content is new: a new version, or another content for a version that is held."""
    if author is not None:
        return _refuse(obj, f"only {author} may publish what names it as its author")
    if known.owner not in (None, contributor):
        return _refuse(obj, "this id belongs to another member; publish under an id of your own")
    held = known.versions.get(version)
    if held is not None:
        into.disputes.append(Dispute(obj, version, held.sha256))
        return Outcome(obj.index, obj.id, version, Verdict.CONTRADICTED, _contradiction(obj))
    if known.revoked_since is not None and version > known.revoked_since:
        return _refuse(obj, "the object was revoked and stays revoked; use a new id")
    return _add(obj, version, date_added, known, None, into)


def _contradiction(obj: StixObject) -> str:
    reason = "another content is stored under this id and version; this one is kept as evidence"
    if obj.modified is None:
        return f"{reason}, not published: such an object has one content"
    return f"{reason}, not published: give a changed object a later modified"


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
    known.versions[version] = Held(held_row, obj.sha256, in_feed=True)
    if obj.revoked:
        known.revoked_since = min(version, known.revoked_since or version)
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
