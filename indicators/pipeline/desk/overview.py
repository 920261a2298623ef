"""The first page: what needs a person, what changed, how the feeds are. One look."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib.auth.models import User

from indicators.catalog import overview as catalog
from indicators.catalog.overview import Active, Flow, News
from indicators.models import Role
from indicators.people.roles import roles_of
from indicators.pipeline.administration.beginning import is_due
from indicators.store.sql import open_cursor

#: Counts stop here: more is "more than".
COUNTED = 1_000
#: Peers that are shown, those with trouble first.
_PEERS = 12
#: Arrivals of each peer whose delay is drawn.
_ARRIVALS = 24

# One look-up each: drafts_under_way, matches_to_triage, submissions_of_author,
# detections_under_way. Referrals are few. No count goes beyond its limit.
_NEEDS = """
SELECT
    (SELECT count(*) FROM (
        SELECT FROM indicators_draft
        WHERE state = 'review' AND author_id IS DISTINCT FROM %(person)s LIMIT %(limit)s) a),
    (SELECT min(state_since) FROM (
        SELECT state_since FROM indicators_draft
        WHERE state = 'review' AND author_id IS DISTINCT FROM %(person)s
        ORDER BY state_since LIMIT 1) a),
    (SELECT count(*) FROM (
        SELECT FROM indicators_match
        WHERE retired_at IS NULL AND state = 'open' LIMIT %(limit)s) a),
    (SELECT count(*) FROM (
        SELECT FROM indicators_match
        WHERE retired_at IS NULL AND state = 'needs-information' LIMIT %(limit)s) a),
    (SELECT count(*) FROM (
        SELECT FROM indicators_submission
        WHERE author_id = %(person)s AND state = 'returned' LIMIT %(limit)s) a),
    (SELECT count(*) FROM (
        SELECT FROM indicators_submission
        WHERE author_id = %(person)s AND state IN ('editing', 'prepared') LIMIT %(limit)s) a),
    (SELECT count(*) FROM (
        SELECT FROM indicators_draft
        WHERE state = 'returned' AND author_id = %(person)s AND match_id IS NOT NULL
        LIMIT %(limit)s) a),
    (SELECT count(*) FROM (
        SELECT FROM indicators_draft d
        WHERE state = 'returned' AND author_id = %(person)s AND NOT EXISTS (
            SELECT FROM indicators_submission WHERE cluster_id = d.cluster_id
        ) AND match_id IS NULL LIMIT %(limit)s) a),
    (SELECT count(*) FROM (
        SELECT FROM indicators_detection WHERE stage = 'failed' LIMIT %(limit)s) a)
    + (SELECT count(*) FROM (
        SELECT FROM indicators_draft WHERE state = 'failed' LIMIT %(limit)s) a),
    (SELECT count(*) FROM (
        SELECT FROM indicators_referral
        WHERE state = 'draft' AND author_id <> %(person)s
          AND first_approver_id IS DISTINCT FROM %(person)s LIMIT %(limit)s) a)
"""
# Peers and subscriptions are few; evidence_of_peer for the rest.
_FEEDS = """
SELECT p.id, p.name, p.state, p.alarm, s.subscriptions, s.failing, s.frozen, s.behind, s.pulled_at,
       s.caught_up_at, s.failure,
       (SELECT max(found_at) FROM federation_evidence WHERE peer_id = p.id),
       delays.seconds
FROM federation_peer p
CROSS JOIN LATERAL (
    SELECT count(*) AS subscriptions, count(*) FILTER (WHERE failures > 0) AS failing,
           count(*) FILTER (WHERE state = 'frozen') AS frozen,
           coalesce(sum(greatest(size_seen - size, 0)), 0) AS behind, max(pulled_at) AS pulled_at,
           min(caught_up_at) AS caught_up_at, max(failure) AS failure, min(inbox::text) AS inbox
    FROM federation_subscription WHERE peer_id = p.id
) s
LEFT JOIN LATERAL (
    SELECT array_agg(late ORDER BY seq) AS seconds FROM (
        SELECT seq, greatest(0, extract(epoch FROM date_added - version))::float8 AS late
        FROM indicators_entry WHERE collection_id = s.inbox::uuid
        ORDER BY seq DESC LIMIT %(arrivals)s
    ) newest
) delays ON true
WHERE p.state <> 'left' AND (p.base_url <> '' OR s.subscriptions > 0)
ORDER BY s.frozen > 0 DESC, p.state = 'suspended' DESC, p.alarm <> '' DESC, s.failing > 0 DESC,
         p.name
LIMIT %(peers)s
"""


@dataclass(frozen=True, slots=True)
class Needs:
    """What waits for this person, by count; `COUNTED` stands for itself or more. 0 where the
    person's roles leave it to others.
    """

    reviews: int = 0
    waits_since: datetime | None = None
    leads: int = 0
    asked_back: int = 0
    returned: int = 0
    unsent: int = 0
    answers_returned: int = 0
    words_returned: int = 0
    failed: int = 0
    referrals: int = 0

    @property
    def is_quiet(self) -> bool:
        return not (
            self.reviews
            or self.leads
            or self.returned
            or self.answers_returned
            or self.words_returned
            or self.failed
            or self.referrals
        )


@dataclass(frozen=True, slots=True)
class Feed:
    """A peer at a glance. `delays`: seconds from making to arrival of what came last."""

    id: UUID
    name: str
    state: str
    alarm: str
    subscriptions: int
    failing: int
    frozen: int
    behind: int
    pulled_at: datetime | None
    caught_up_at: datetime | None
    failure: str
    evidence_at: datetime | None
    delays: Sequence[float]

    @property
    def standing(self) -> str:
        """In one word or two: the worst that is true of it."""
        if self.frozen:
            return "frozen"
        if self.state != "active":
            return self.state
        if self.alarm:
            return "alarm"
        if self.failing:
            return "failing"
        if not self.subscriptions:
            return "not followed"
        return "behind" if self.behind else "up to date"


@dataclass(frozen=True, slots=True)
class Overview:
    """Everything on the first page. `begins`: an administrator has not set up the node yet."""

    needs: Needs
    campaigns: Sequence[Active]
    news: Sequence[News]
    flow: Flow
    feeds: Sequence[Feed]
    begins: bool


def overview(person: User, now: datetime) -> Overview:
    """The first page of this person; five statements, and what the first run asks of its own."""
    roles = roles_of(person)
    return Overview(
        needs=_needs(person.pk, roles),
        campaigns=catalog.active_campaigns(now),
        news=catalog.lately(),
        flow=catalog.flow(now),
        feeds=_feeds(),
        begins=Role.ADMINISTRATOR in roles and is_due(),
    )


def _needs(person: int, roles: frozenset[Role]) -> Needs:
    if not roles & {Role.ANALYST, Role.REVIEWER}:
        return Needs()
    with open_cursor() as cursor:
        asked = {"person": person, "limit": COUNTED}
        [row] = cursor.execute(_NEEDS, asked).fetchall()
    reviews, since, leads, asked_back, returned, unsent, answers, words, failed, referrals = row
    reviewer, analyst = Role.REVIEWER in roles, Role.ANALYST in roles
    return Needs(
        reviews=reviews if reviewer else 0,
        waits_since=since if reviewer else None,
        leads=leads if analyst else 0,
        asked_back=asked_back if analyst else 0,
        returned=returned if analyst else 0,
        unsent=unsent if analyst else 0,
        answers_returned=answers if analyst else 0,
        words_returned=words,
        failed=failed,
        referrals=referrals if reviewer else 0,
    )


def _feeds() -> list[Feed]:
    with open_cursor() as cursor:
        rows = cursor.execute(_FEEDS, {"peers": _PEERS, "arrivals": _ARRIVALS}).fetchall()
    return [_feed([*row]) for row in rows]


def _feed(columns: list[Any]) -> Feed:
    columns[-1] = columns[-1] or ()
    return Feed(*columns)
