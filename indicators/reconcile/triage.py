"""What people find of matches. A match is a lead: nothing is said of it before a person looked."""

from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID

from django.contrib.auth.models import User
from django.db import transaction

from indicators.detections import audit
from indicators.detections.errors import DetectionError
from indicators.models import MatchState, Role
from indicators.people.roles import roles_of
from indicators.reconcile import reading, replies
from indicators.reconcile.answering import draft_answers
from indicators.reconcile.joint import connect
from indicators.reconcile.replies import Said
from indicators.store.sql import Cursor, open_cursor

#: Matches that are decided at once, in one transaction.
MOST = 1_000

_LOCK = """
SELECT id, uuid, state, retired_because FROM indicators_match
WHERE uuid = ANY(%s) ORDER BY id FOR NO KEY UPDATE
"""
# Who decided nothing leaves no name; an earlier note stays until another is written.
_DECIDE = """
UPDATE indicators_match
SET state = %(state)s, decided_by_id = %(person)s, decided_at = %(now)s,
    note = coalesce(nullif(%(note)s, ''), note)
WHERE id = ANY(%(ids)s)
"""


class TriageRefused(DetectionError):
    """Somebody who may not decide, or a match that is not to be decided."""


def decide(
    match_uuids: Sequence[UUID],
    state: MatchState,
    user: User,
    note: str = "",
    *,
    reaction: str = "",
    explanation: str = "",
    is_sure: bool = False,
) -> list[UUID]:
    """Note what a person found of these matches, and draft what is said of it; all or nothing.

    Confirmed: a sighting; false positive: an opinion; a reaction (`replies.REACTIONS`) always adds
    an opinion, with `explanation` for the origin to read. The note stays here. The drafts that are
    returned may be published at once; others wait for another person. Deciding again changes what
    was said before. Raises TriageRefused, ReplyRefused.
    """
    check_person(user)
    said = replies.complete(Said(state.value, reaction, explanation.strip(), is_sure))
    with transaction.atomic(), open_cursor() as cursor:
        reading.take_turn(cursor)
        found = _lock(cursor, match_uuids, state)
        _note(cursor, list(found), state, user, note)
        drafts = draft_answers(cursor, list(found), said, user)
        subjects = [f"match {uuid}" for uuid in found.values()]
        # Not the note: people may write identifiers there, and the audit log is for ever.
        audit.record_each(user.get_username(), state.value, subjects, reaction=said.reaction)
        connect(cursor, (), list(found), (), datetime.now(UTC))
    return drafts


def check_person(user: User) -> None:
    """Raise TriageRefused unless the user is an analyst, now: roles change."""
    if Role.ANALYST not in roles_of(user):
        raise TriageRefused(
            f"{user.get_username()} does not decide on matches: that takes the role analyst."
        )


def _lock(cursor: Cursor, asked: Sequence[UUID], state: MatchState) -> dict[int, UUID]:
    wanted = set(asked)
    if len(wanted) > MOST:
        raise TriageRefused(f"{len(wanted)} matches; decide on at most {MOST} at once.")
    rows = cursor.execute(_LOCK, (list(wanted),)).fetchall()
    if len(rows) < len(wanted):
        missing = min(wanted - {uuid for _, uuid, _, _ in rows}, key=str)
        raise TriageRefused(f"There is no match {missing}; `match list` shows them.")
    for _, uuid, before, retired in rows:
        refuse_if_over(uuid, before, retired, state)
    return {number: uuid for number, uuid, _, _ in rows}


def refuse_if_over(uuid: UUID, before: str, retired: str, state: MatchState) -> None:
    """Of a lead that is over only what was said before can be changed; raises TriageRefused."""
    if retired and before == MatchState.OPEN and state != MatchState.OPEN:
        raise TriageRefused(f"Match {uuid} is over ({retired}): there is nothing to decide.")


def _note(cursor: Cursor, ids: list[int], state: MatchState, user: User, note: str) -> None:
    is_open = state == MatchState.OPEN
    asked = {
        "ids": ids,
        "state": state.value,
        "person": None if is_open else user.pk,
        "now": None if is_open else datetime.now(UTC),
        "note": note.strip(),
    }
    cursor.execute(_DECIDE, asked)
