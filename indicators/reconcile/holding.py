"""Decisions of the pages, held until the time for second thoughts is over.

Nothing of a held decision has happened: no draft, no answer, no joint cluster. So one that is taken
back leaves nothing but two lines in the audit log, and one that a crash comes upon is still held,
and applied when somebody looks again.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Count, Max, Min, Q, QuerySet

from indicators.detections import audit
from indicators.detections.errors import DetectionError
from indicators.models import HeldDecision, MatchState
from indicators.reconcile import triage
from indicators.reconcile.answering import rehearse
from indicators.reconcile.triage import Decision, TriageRefused
from indicators.store.sql import open_cursor

#: Acts that one look applies.
_ACTS_AT_ONCE = 100


@dataclass(frozen=True, slots=True)
class HeldAct:
    """What one person decided at once: `act` names it; with a `failure` it waits for a person."""

    act: UUID
    state: MatchState
    count: int
    due_at: datetime
    failure: str
    person: str


def hold(decision: Decision, person: User, seconds: int) -> UUID:
    """Keep a decision for so many seconds; the act by which it can be taken back.

    All that could be refused when it is applied is refused now, as far as it can be known. Raises
    TriageRefused, ReplyRefused.
    """
    triage.check_person(person)
    with transaction.atomic(), open_cursor() as cursor:
        _wait_for_others(decision)
        numbers = list(triage.lock(cursor, decision))
        _replace_own(numbers, person)
        rehearse(cursor, numbers, decision.said, person)
        # Only now: what was applied while this waited for it came before.
        act, now = uuid4(), datetime.now(UTC)
        HeldDecision.objects.bulk_create(
            HeldDecision(
                act=act,
                match_id=number,
                person=person,
                state=decision.state,
                note=decision.note,
                reaction=decision.reaction,
                explanation=decision.explanation,
                is_sure=decision.is_sure,
                held_at=now,
                due_at=now + timedelta(seconds=seconds),
            )
            for number in numbers
        )
        subjects = [f"match {uuid}" for uuid in decision.matches]
        audit.record_each(person.get_username(), "hold", subjects, state=decision.state.value)
    return act


def undo(act: UUID, person: User) -> int:
    """Take back what the person decided, or discard what failed; on how many matches.

    Who applies the act at this moment comes first: then there is nothing to take back. Raises
    TriageRefused.
    """
    triage.check_person(person)
    with transaction.atomic():
        held = HeldDecision.objects.select_for_update(of=("self",)).filter(act=act)
        mine = held.filter(Q(person=person) | ~Q(failure="")).select_related("match")
        rows = list(mine.order_by("pk"))
        if not rows:
            raise TriageRefused(
                "It is too late to undo that: it was applied. Decide again to change what was said."
            )
        HeldDecision.objects.filter(pk__in=[row.pk for row in rows]).delete()
        subjects = [f"match {row.match.uuid}" for row in rows]
        audit.record_each(person.get_username(), "undo", subjects, state=rows[0].state)
    return len(rows)


def due_acts(now: datetime) -> list[UUID]:
    """The acts whose time is over; held_decisions_due."""
    due = HeldDecision.objects.filter(failure="", due_at__lte=now)
    return list(due.order_by("act").values_list("act", flat=True).distinct()[:_ACTS_AT_ONCE])


def apply(act: UUID, now: datetime) -> list[UUID]:
    """Decide what is held under this act; the drafts that may go out.

    A match on which it can't be decided any more holds up no other: its row says why and stays.
    """
    with transaction.atomic():
        due = HeldDecision.objects.filter(act=act, failure="", due_at__lte=now)
        locked = due.select_for_update(skip_locked=True, of=("self",)).select_related("match")
        rows = list(locked.order_by("pk"))
        if not rows:
            return []
        try:
            return _decide(rows)
        except DetectionError:
            return [draft for row in rows for draft in _decide_alone(row)]


def fail(act: UUID, why: str) -> None:
    """What is held under this act can't be applied: a person looks at it."""
    HeldDecision.objects.filter(act=act).update(failure=why)


def held_by(person: User) -> list[HeldAct]:
    """What the person can still take back, and what failed, the newest first."""
    return _acts(HeldDecision.objects.filter(Q(person=person) | ~Q(failure="")))


def held_of(match: UUID) -> HeldAct | None:
    """What is held of one match, whoever decided it."""
    act = HeldDecision.objects.filter(match__uuid=match).values_list("act", flat=True).first()
    found = _acts(HeldDecision.objects.filter(act=act)) if act else []
    return found[0] if found else None


def _acts(rows: QuerySet[HeldDecision]) -> list[HeldAct]:
    grouped = rows.values("act", "state", "person__username").annotate(
        count=Count("pk"), due=Min("due_at"), why=Max("failure")
    )
    return [
        HeldAct(
            each["act"],
            MatchState(each["state"]),
            each["count"],
            each["due"],
            each["why"],
            each["person__username"],
        )
        for each in grouped.order_by("-due", "act")
    ]


def _wait_for_others(decision: Decision) -> None:
    """Whoever applies what is held locks that before the matches: so does whoever replaces it."""
    held = HeldDecision.objects.filter(match__uuid__in=decision.matches).order_by("pk")
    list(held.select_for_update(of=("self",)).values_list("pk"))


def _replace_own(numbers: Sequence[int], person: User) -> None:
    """Deciding again takes the place of what the same person decided; another's is respected."""
    held = HeldDecision.objects.select_for_update(of=("self",)).filter(match__in=numbers)
    for row in held.select_related("person", "match"):
        if row.person_id != person.pk and not row.failure:
            raise TriageRefused(
                f"{row.person.get_username()} decided on match {row.match.uuid} a moment ago; look"
                " again when that is applied."
            )
    HeldDecision.objects.filter(match__in=numbers).delete()


def _decide(rows: Sequence[HeldDecision]) -> list[UUID]:
    """All of one act are alike but for their matches. Who decided at once came later, and stays."""
    first = rows[0]
    decision = Decision(
        tuple(row.match.uuid for row in rows),
        MatchState(first.state),
        first.note,
        first.reaction,
        first.explanation,
        first.is_sure,
        as_of=first.held_at,
    )
    with transaction.atomic():
        HeldDecision.objects.filter(pk__in=[row.pk for row in rows]).delete()
        return triage.decide(decision, first.person)


def _decide_alone(row: HeldDecision) -> list[UUID]:
    try:
        return _decide([row])
    except DetectionError as refusal:
        HeldDecision.objects.filter(pk=row.pk).update(failure=str(refusal))
        return []
