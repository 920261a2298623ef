"""From a person's word on a match to a sighting or an opinion in a collection."""

from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID

import structlog
from django.conf import settings
from django.contrib.auth.models import User
from django.db import InterfaceError, OperationalError, transaction

from indicators.pipeline.contributing import DRAFTS_AT_ONCE, PUBLISH
from indicators.pipeline.handing_over import hand_over_all
from indicators.reconcile import answering, holding, triage
from indicators.reconcile.triage import Decision
from indicators.store.sql import open_cursor
from indicators.telemetry import places

log = structlog.get_logger("retort.pipeline")

#: The task that applies what was held.
APPLY_DECISIONS = "indicators.apply_decisions"


def decide_matches(decision: Decision, person: User) -> list[UUID]:
    """A person says what these matches are; answers that may go out are published by workers.

    Returns these drafts. Raises TriageRefused, ReplyRefused.
    """
    with transaction.atomic():
        approved = triage.decide(decision, person)
        _publish_after_commit(approved)
    return approved


def hold_decision(decision: Decision, person: User) -> UUID | None:
    """A person decides in the pages: after ANSWER_HOLD seconds it is applied, as by `decide`.

    Returns the act by which it can be taken back until then (`undo_decision`); None if nothing is
    held here, and it was applied at once. Raises TriageRefused, ReplyRefused.
    """
    if settings.ANSWER_HOLD:
        return holding.hold(decision, person, settings.ANSWER_HOLD)
    decide_matches(decision, person)
    return None


def undo_decision(act: UUID, person: User) -> int:
    """Take back what is still held; on how many matches. Raises TriageRefused."""
    return holding.undo(act, person)


def apply_decisions() -> int:
    """Apply the decisions whose time for second thoughts is over; how many acts there were."""
    acts = holding.due_acts(datetime.now(UTC))
    for act in acts:
        try:
            _apply(act)
        except (OperationalError, InterfaceError):
            raise
        except Exception as error:
            # Nobody foresaw it: it waits for a person, and holds up no other. The message may quote
            # a row: it is not said.
            log.error("a decision can't be applied", act=str(act), at=places(error))
            holding.fail(act, f"{type(error).__name__} at {places(error)[-1]}")
    return len(acts)


def send_homeless_answers() -> int:
    """Answers that waited for a collection, once one is named; how many go out."""
    with transaction.atomic(), open_cursor() as cursor:
        approved = answering.find_homes(cursor)
        _publish_after_commit(approved)
    return len(approved)


def send_failed_answers(ids: Sequence[UUID] | None) -> int:
    """Answers that could not be published, all or these, once the cause is removed; how many."""
    with transaction.atomic(), open_cursor() as cursor:
        count, approved = answering.retry_answers(cursor, ids)
        _publish_after_commit(approved)
    return count


def _apply(act: UUID) -> None:
    with transaction.atomic():
        _publish_after_commit(holding.apply(act, datetime.now(UTC)))


def _publish_after_commit(drafts: Sequence[UUID]) -> None:
    transaction.on_commit(lambda: hand_over_all(PUBLISH, drafts, at_once=DRAFTS_AT_ONCE))
