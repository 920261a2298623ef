"""What people find of matches. A match is a lead: nothing is said of it before a person looked."""

from dataclasses import dataclass
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
SELECT id, uuid, state, retired_because, decided_at FROM indicators_match
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


@dataclass(frozen=True, slots=True)
class Decision:
    """What a person says of some matches; the note stays here, the rest is for the origins.

    Confirmed: a sighting; false positive: an opinion; a reaction (`replies.REACTIONS`) always adds
    an opinion, with `explanation` for the origin to read. `as_of`: when the person decided; what
    was decided later stands.
    """

    matches: tuple[UUID, ...]
    state: MatchState
    note: str = ""
    reaction: str = ""
    explanation: str = ""
    is_sure: bool = False
    as_of: datetime | None = None

    @property
    def said(self) -> Said:
        """What of it is told; raises ReplyRefused for what does not go together."""
        words = self.explanation.strip()
        return replies.complete(Said(self.state.value, self.reaction, words, self.is_sure))


def decide(decision: Decision, person: User) -> list[UUID]:
    """Note what a person found of matches, and draft what is said of it; all or nothing.

    The drafts that are returned may be published at once; others wait for another person. Deciding
    again changes what was said before. Raises TriageRefused, ReplyRefused.
    """
    check_person(person)
    said = decision.said
    with transaction.atomic(), open_cursor() as cursor:
        reading.take_turn(cursor)
        found = lock(cursor, decision)
        _note(cursor, list(found), decision, person)
        drafts = draft_answers(cursor, list(found), said, person)
        subjects = [f"match {uuid}" for uuid in found.values()]
        # Not the note: people may write identifiers there, and the audit log is for ever.
        audit.record_each(
            person.get_username(), decision.state.value, subjects, reaction=said.reaction
        )
        connect(cursor, (), list(found), (), datetime.now(UTC))
    return drafts


def check_person(user: User) -> None:
    """Raise TriageRefused unless the user is an analyst, now: roles change."""
    if Role.ANALYST not in roles_of(user):
        raise TriageRefused(
            f"{user.get_username()} does not decide on matches: that takes the role analyst."
        )


def lock(cursor: Cursor, decision: Decision) -> dict[int, UUID]:
    """The matches by number, none of which changes until the transaction ends.

    Raises TriageRefused if one of them is not to be decided so.
    """
    wanted = set(decision.matches)
    if len(wanted) > MOST:
        raise TriageRefused(f"{len(wanted)} matches; decide on at most {MOST} at once.")
    rows = cursor.execute(_LOCK, (list(wanted),)).fetchall()
    if len(rows) < len(wanted):
        missing = min(wanted - {row[1] for row in rows}, key=str)
        raise TriageRefused(f"There is no match {missing}; look at the list of matches again.")
    for _, uuid, state, retired, decided_at in rows:
        # Of a lead that is over only what was said before can be changed.
        if retired and state == MatchState.OPEN != decision.state:
            raise TriageRefused(f"Match {uuid} is over ({retired}): there is nothing to decide.")
        if decision.as_of and decided_at and decided_at > decision.as_of:
            raise TriageRefused(
                f"Match {uuid} was decided on in the meantime ({state}); look at it, and decide"
                " again if that is wrong."
            )
    return {row[0]: row[1] for row in rows}


def _note(cursor: Cursor, ids: list[int], decision: Decision, person: User) -> None:
    is_open = decision.state == MatchState.OPEN
    asked = {
        "ids": ids,
        "state": decision.state.value,
        "person": None if is_open else person.pk,
        "now": None if is_open else datetime.now(UTC),
        "note": decision.note.strip(),
    }
    cursor.execute(_DECIDE, asked)
