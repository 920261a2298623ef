"""Exactly what an answer would say, and to whom, before anybody says it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import msgspec
import orjson
import zstandard
from django.contrib.auth.models import User
from django.db import transaction

from indicators.detections.drafts.preview import Preview
from indicators.models import Collection, Draft, Match
from indicators.reconcile import delivery, triage
from indicators.reconcile.answering import rehearse
from indicators.reconcile.triage import Decision
from indicators.store.sql import open_cursor

#: Answers whose objects are shown in full; of the others it is said how many there are.
SHOWN = 5


@dataclass(frozen=True, slots=True)
class Answer:
    """What would be said of one match: the objects as they would leave, without signatures.

    review_reasons: why another person looks at it first; nothing, and it goes out by itself.
    """

    match: UUID
    indicator: str
    objects: tuple[Mapping[str, Any], ...]
    preview: Preview
    review_reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Home:
    """Where answers go: a collection, how many, and the organizations that read it."""

    collection: str
    count: int
    readers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """A decision as it would be told. `silent`: matches of which nothing new would be said."""

    decision: Decision
    answers: tuple[Answer, ...]
    answer_count: int
    review_count: int
    silent: int
    homes: tuple[Home, ...]


def rehearse_decision(decision: Decision, person: User) -> Rehearsal:
    """What would happen; nothing does. Raises TriageRefused, ReplyRefused."""
    triage.check_person(person)
    with transaction.atomic(), open_cursor() as cursor:
        numbers = list(triage.lock(cursor, decision))
        made = rehearse(cursor, numbers, decision.said, person)
    drafts = {number: draft for number, draft in made.items() if draft is not None}
    shown = dict(list(drafts.items())[:SHOWN])
    matches = Match.objects.in_bulk(list(shown))
    return Rehearsal(
        decision,
        answers=tuple(_answer(matches[number], draft) for number, draft in shown.items()),
        answer_count=len(drafts),
        review_count=sum(bool(draft.review_reasons) for draft in drafts.values()),
        silent=len(numbers) - len(drafts),
        homes=tuple(_homes(list(drafts.values()))),
    )


def _answer(match: Match, draft: Draft) -> Answer:
    lines = zstandard.decompress(bytes(draft.objects_zstd)).splitlines()
    return Answer(
        match.uuid,
        match.stix_id,
        tuple(orjson.loads(line) for line in lines),
        msgspec.convert(draft.preview, Preview),
        tuple(draft.review_reasons),
    )


def _homes(drafts: list[Draft]) -> list[Home]:
    """Answers go to few collections: one for each inbox at most."""
    counts: dict[UUID, int] = {}
    for draft in drafts:
        if draft.collection_id is not None:
            counts[draft.collection_id] = counts.get(draft.collection_id, 0) + 1
    titles = dict(Collection.objects.filter(pk__in=counts).values_list("pk", "title"))
    return [
        Home(titles[home], count, tuple(each.name for each in delivery.readers(home)))
        for home, count in counts.items()
    ]
