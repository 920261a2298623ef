"""From a person's word on a match to a sighting or an opinion in a collection."""

from collections.abc import Sequence
from uuid import UUID

from django.contrib.auth.models import User
from django.db import transaction

from indicators.models import MatchState
from indicators.pipeline.contributing import DRAFTS_AT_ONCE, PUBLISH
from indicators.pipeline.handing_over import hand_over_all
from indicators.reconcile import answering, triage
from indicators.store.sql import open_cursor


def decide_matches(
    matches: Sequence[UUID],
    state: MatchState,
    person: User,
    note: str = "",
    *,
    reaction: str = "",
    explanation: str = "",
    is_sure: bool = False,
) -> list[UUID]:
    """A person says what these matches are; answers that may go out are published by workers.

    Returns these drafts. Raises TriageRefused, ReplyRefused.
    """
    with transaction.atomic():
        approved = triage.decide(
            matches,
            state,
            person,
            note,
            reaction=reaction,
            explanation=explanation,
            is_sure=is_sure,
        )
        transaction.on_commit(lambda: hand_over_all(PUBLISH, approved, at_once=DRAFTS_AT_ONCE))
    return approved


def send_homeless_answers() -> int:
    """Answers that waited for a collection, once one is named; how many go out."""
    with transaction.atomic(), open_cursor() as cursor:
        approved = answering.find_homes(cursor)
        transaction.on_commit(lambda: hand_over_all(PUBLISH, approved, at_once=DRAFTS_AT_ONCE))
    return len(approved)


def send_failed_answers(ids: Sequence[UUID] | None) -> int:
    """Answers that could not be published, all or these, once the cause is removed; how many."""
    with transaction.atomic(), open_cursor() as cursor:
        count, approved = answering.retry_answers(cursor, ids)
        transaction.on_commit(lambda: hand_over_all(PUBLISH, approved, at_once=DRAFTS_AT_ONCE))
    return count
