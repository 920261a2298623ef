"""A draft as its reviewer sees it: what it says and what changes, what stays, and who gets it."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from django.contrib.auth.models import User

from indicators.catalog.differences import Difference, differences
from indicators.detections.drafts import reviewing
from indicators.detections.drafts.decisions import NoSuchDraft
from indicators.detections.drafts.held import held_contents
from indicators.detections.drafts.making import unpacked
from indicators.detections.drafts.reviewing import Row, Said, Seen
from indicators.detections.drafts.telling import Told, tell
from indicators.models import Draft, DraftState, Member, Sector
from indicators.reconcile import delivery
from indicators.store.sql import open_cursor

#: Objects on one page; a draft of 25,000 accounts has hundreds.
OBJECTS = 25
_BY_THE_DOZEN = {"ai-traffic-aggregate", "observed-data", "relationship", "indicator"}
#: Bytes of an object that is shown in full beside others.
_MOST_RAW = 6_000
#: Texts that nobody's vocabulary knows, of the whole draft, that are listed at its top.
TEXTS = 100


@dataclass(frozen=True, slots=True)
class Shown:
    """An object of a draft. `change`: new, changed or revoked; `raw` as it would be signed."""

    id: str
    type: str
    role: str
    change: str
    told: Told
    differences: Sequence[Difference]
    raw: Mapping[str, Any]
    size: int

    @property
    def is_large(self) -> bool:
        """Too long to be shown in full among others, as five hundred tokens are."""
        return self.size > _MOST_RAW

    @property
    def is_one_of_many(self) -> bool:
        """Of a kind that comes by the dozen and says little alone: windows, tokens, what ties."""
        return self.type in _BY_THE_DOZEN


@dataclass(frozen=True, slots=True)
class Reader:
    """An organization that gets it. `passes_on`: a hub, which relays it within its audience."""

    name: str
    state: str
    passes_on: bool


@dataclass(frozen=True, slots=True)
class Chosen:
    """Which objects of a draft to show: of a type, with a change, or one by its id ("" is any),
    and the page.
    """

    type: str = ""
    change: str = ""
    object: str = ""
    page: int = 1


@dataclass(frozen=True, slots=True)
class Review:
    """Everything on a reviewer's page. `counts` are objects by type, `changes` by change.

    readers_listed: the readers as `delivery.listed`; who approves says which they were told of.
    """

    draft: Seen
    is_own: bool
    may_decide: bool
    objects: Sequence[Shown]
    chosen: Chosen
    pages: int
    found: int
    counts: Mapping[str, int]
    changes: Mapping[str, int]
    unread: Sequence[tuple[str, str, str]]
    more_unread: bool
    readers: Sequence[Reader]
    readers_listed: str
    said: Sequence[Said]
    tokenized: Mapping[str, int]
    withheld: Sequence[Mapping[str, str]]


def read_review(draft_id: UUID, person: User, chosen: Chosen) -> Review:
    """A draft for somebody who reviews; raises NoSuchDraft. Seven statements, however large."""
    draft = reviewing.read_draft(draft_id)
    if draft is None:
        raise NoSuchDraft("There is no such draft.")
    is_own = draft.author_id == person.pk
    body = _Body(draft)
    places = body.chosen(chosen)
    pages = max(1, -(-len(places) // OBJECTS))
    page = min(max(1, chosen.page), pages)
    unread = body.unread()
    known = [] if draft.collection_id is None else delivery.readers(draft.collection_id)
    return Review(
        draft=draft,
        is_own=is_own,
        may_decide=draft.state == DraftState.REVIEW and not is_own,
        objects=_shown(body, places[(page - 1) * OBJECTS : page * OBJECTS], draft),
        chosen=Chosen(chosen.type, chosen.change, chosen.object, page),
        pages=pages,
        found=len(places),
        counts=dict(Counter(each["type"] for each in draft.preview["goes"])),
        changes=dict(Counter(each["change"] for each in draft.preview["goes"])),
        unread=unread[:TEXTS],
        more_unread=len(unread) > TEXTS,
        readers=_readers(known),
        readers_listed=delivery.listed(known),
        said=_said(draft),
        tokenized=draft.preview["tokenized"],
        withheld=draft.preview["withheld"],
    )


@dataclass(slots=True)
class _Body:
    """A draft's objects; the page's alone are read as JSON, of the others only what is open."""

    draft: Seen
    lines: Sequence[bytes] = field(init=False)
    goes: Sequence[Mapping[str, str]] = field(init=False)

    def __post_init__(self) -> None:
        self.lines = unpacked(self.draft.objects_zstd)
        # Another draft took its place: what it said is gone, and which objects it had is not.
        self.goes = self.draft.preview["goes"] if self.lines else []

    def chosen(self, chosen: Chosen) -> list[int]:
        return [
            place
            for place, each in enumerate(self.goes)
            if chosen.type in ("", each["type"])
            and chosen.change in ("", each["change"])
            and chosen.object in ("", each["object_id"])
        ]

    def content(self, place: int) -> dict[str, Any]:
        content: dict[str, Any] = orjson.loads(self.lines[place])
        return content

    def unread(self) -> list[tuple[str, str, str]]:
        """(title, place, text) of every text that a person has to read before it goes."""
        return [*self._unread()]

    def _unread(self) -> Iterator[tuple[str, str, str]]:
        for place, each in enumerate(self.goes):
            # Indicators of tokens, and what they indicate, are of our making to the last letter.
            if each["role"].startswith(("part/", "indicates/part/", "window/", "traffic/")):
                continue
            told = tell(self.content(place))
            yield from ((told.title, where, text) for where, text in told.unread)


def _shown(body: _Body, places: Sequence[int], draft: Seen) -> list[Shown]:
    contents = {place: body.content(place) for place in places}
    with open_cursor() as cursor:
        held = held_contents(cursor, [each["id"] for each in contents.values()])
    # Once it is published the feed says the same: there is nothing to compare with.
    is_published = draft.state == DraftState.PUBLISHED
    return [
        _one(body, place, content, None if is_published else held.get(content["id"]))
        for place, content in contents.items()
    ]


def _one(
    body: _Body, place: int, content: Mapping[str, Any], before: Mapping[str, Any] | None
) -> Shown:
    going = body.goes[place]
    return Shown(
        id=content["id"],
        type=content["type"],
        role=going["role"],
        change=going["change"],
        told=tell(content),
        differences=[] if before is None else differences(before, content),
        raw=content,
        size=len(body.lines[place]),
    )


def _readers(known: Sequence[delivery.Reader]) -> list[Reader]:
    hubs = set(Member.objects.filter(sector=Sector.HUB).values_list("name", flat=True))
    return [Reader(each.name, each.state, each.name in hubs) for each in known]


def _said(draft: Seen) -> list[Said]:
    if draft.match_id is not None:
        return reviewing.said_of_match(draft.match_id)
    return [] if draft.cluster is None else reviewing.said_of_cluster(draft.cluster)


# --- The queue ---


@dataclass(frozen=True, slots=True)
class Queue:
    """What waits for a person, their own drafts apart, and what was decided lately.

    `count` stands for itself or, from `reviewing.COUNTED` on, for more. `next`: where the next page
    begins, none if there is none.
    """

    waiting: Sequence[Row]
    own: Sequence[Row]
    decided: Sequence[Row]
    count: int
    is_more: bool
    next: tuple[datetime, UUID] | None


def read_queue(
    person: User, after: tuple[datetime, UUID] | None = None, *, limit: int = 50
) -> Queue:
    """The queue of a reviewer, what waits longest first; four statements."""
    if after is None:
        rows = reviewing.waiting(person.pk, limit=limit + 1)
    else:
        rows = reviewing.waiting_since(person.pk, *after, limit=limit + 1)
    more, rows = len(rows) > limit, rows[:limit]
    count = reviewing.waiting_count(person.pk)
    return Queue(
        waiting=rows,
        own=reviewing.written_by(person.pk) if after is None else [],
        decided=reviewing.lately_decided() if after is None else [],
        count=count,
        is_more=count >= reviewing.COUNTED,
        next=(rows[-1].since, rows[-1].id) if more else None,
    )


def next_to_review(person: User) -> UUID | None:
    """The draft that waits longest for this person."""
    found = reviewing.waiting(person.pk, limit=1)
    return found[0].id if found else None


def exists(draft_id: UUID) -> bool:
    """Whether there is such a draft for others than its author."""
    return Draft.objects.filter(pk=draft_id).exclude(state=DraftState.PREPARED).exists()
