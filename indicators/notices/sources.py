"""What there is to tell, as the tables say it now, and whom.

Each cause is one or two statements on an index; none costs by what is over.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import UUID

from django.contrib.auth.models import User
from django.db.models import Max, Q

from federation.models import Evidence, Peer, PeerLog, PeerState, Subscription
from indicators.models import (
    AuditEvent,
    Cause,
    Detector,
    Draft,
    Person,
    Policy,
    Referral,
    ReferralState,
    Role,
    Webhook,
)
from indicators.store.sql import open_cursor

#: Causes that are over when their source does not name them any more.
STANDING = (Cause.REVIEW, Cause.PEER, Cause.DETECTOR, Cause.REFERRAL, Cause.WEBHOOK)
#: Things are counted so far, and no further.
MOST = 10_000
# An audit event has the time at which its transaction began: it may appear a while later.
_OVERLAP = timedelta(minutes=5)
_FIRST_LOOK = timedelta(days=1)
_DECISIONS = ("approved", "rejected", "returned")

# drafts_under_way
_REVIEW = """
SELECT author_id, count(*), max(state_since) FROM (
    SELECT author_id, state_since FROM indicators_draft WHERE state = 'review' LIMIT %(most)s
) d GROUP BY author_id
"""
# matches_to_triage
_LEADS = """
SELECT count(*) FROM (
    SELECT FROM indicators_match
    WHERE retired_at IS NULL AND state = 'open' AND changed_at >= %(since)s LIMIT %(most)s
) m
"""


@dataclass(frozen=True, slots=True)
class Happening:
    """Something to tell: `people` have each their own count, the newest of which is of `at`.

    `count` is for programs, who are nobody's author.
    """

    cause: Cause
    subject: str
    at: datetime
    count: int
    people: Mapping[int, tuple[int, datetime]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Audience:
    """Who may sign in, by role."""

    by_role: Mapping[Role, frozenset[int]]

    @classmethod
    def read(cls) -> "Audience":
        """Everybody who is active; a superuser administers at least, as everywhere."""
        found: dict[Role, set[int]] = defaultdict(set)
        people = Person.objects.filter(user__is_active=True).values_list("user_id", "roles")
        for user, roles in people:
            for role in roles:
                found[Role(role)].add(user)
        supers = User.objects.filter(is_active=True, is_superuser=True)
        found[Role.ADMINISTRATOR].update(supers.values_list("pk", flat=True))
        return cls({role: frozenset(found[role]) for role in Role})

    def all(self, role: Role, count: int, at: datetime) -> dict[int, tuple[int, datetime]]:
        """The same for everybody with a role."""
        return dict.fromkeys(self.by_role[role], (count, at))


def standing(audience: Audience) -> list[Happening]:
    """What waits or is wrong now."""
    return [
        *_reviews(audience),
        *_peers(audience),
        *_detectors(audience),
        *_referrals(audience),
        *_webhooks(audience),
    ]


def leads(audience: Audience, now: datetime) -> list[Happening]:
    """The leads of this day (UTC), told once a day: the count goes on, the notice does not."""
    day = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    with open_cursor() as cursor:
        [(count,)] = cursor.execute(_LEADS, {"since": day, "most": MOST}).fetchall()
    if not count:
        return []
    people = audience.all(Role.ANALYST, count, day)
    return [Happening(Cause.LEADS, f"{day:%Y-%m-%d}", day, count, people)]


def decided(since: datetime | None, now: datetime) -> list[Happening]:
    """Decisions on what people wrote; audit_by_time. `since`: the newest that was told."""
    begin = now - _FIRST_LOOK if since is None else since - _OVERLAP
    events = AuditEvent.objects.filter(at__gt=begin, act__in=_DECISIONS).order_by("at")
    found: dict[UUID, tuple[str, datetime]] = {}
    for subject, act, at in events.values_list("subject", "act", "at")[:MOST]:
        kind, _, number = subject.partition(" ")
        if kind == "draft":
            found[UUID(number)] = (act, at)
    drafts = Draft.objects.filter(pk__in=found, author__isnull=False)
    rows = drafts.values_list(
        "pk", "author_id", "match__uuid", "cluster__submission__pk", "cluster_id"
    )
    return [
        Happening(
            Cause.DECIDED, f"{act} {_about(match, submission, cluster)}", at, 1, {author: (1, at)}
        )
        for draft, author, match, submission, cluster in rows
        for act, at in [found[draft]]
    ]


def _about(match: UUID | None, submission: UUID | None, cluster: int | None) -> str:
    """What a draft was of: an answer, a submission, or words on a detector's cluster."""
    if match:
        return f"match {match}"
    return f"submission {submission}" if submission else f"cluster {cluster}"


def _reviews(audience: Audience) -> Iterator[Happening]:
    """Nobody reviews what they wrote."""
    with open_cursor() as cursor:
        rows = cursor.execute(_REVIEW, {"most": MOST}).fetchall()
    by_author = {author: (count, at) for author, count, at in rows}
    if not by_author:
        return
    people = {}
    for reviewer in audience.by_role[Role.REVIEWER]:
        others = [each for author, each in by_author.items() if author != reviewer]
        if others:
            people[reviewer] = (sum(count for count, _ in others), max(at for _, at in others))
    count = sum(count for count, _ in by_author.values())
    yield Happening(Cause.REVIEW, "", max(at for _, at in by_author.values()), count, people)


def _peers(audience: Audience) -> Iterator[Happening]:
    """Each peer of which something is wrong, since the newest of it."""
    wrong: dict[UUID, list[datetime | None]] = defaultdict(list)
    alarmed = Peer.objects.exclude(state=PeerState.LEFT).exclude(alarm="")
    for peer, at in alarmed.values_list("pk", "state_since"):
        wrong[peer].append(at)
    for peer, frozen in PeerLog.objects.filter(frozen_at__isnull=False).values_list(
        "peer_id", "frozen_at"
    ):
        wrong[peer].append(frozen)
    halted = Subscription.objects.filter(state=Subscription.State.FROZEN)
    for peer, pulled in halted.values_list("peer_id", "pulled_at"):
        wrong[peer].append(pulled)
    # evidence_of_peer; a peer that lies leaves as much as it likes.
    found = Evidence.objects.filter(peer__in=list(wrong)).values_list("peer_id")
    for peer, at in found.annotate(Max("found_at")):
        wrong[peer].append(at)
    for peer, times in wrong.items():
        at = max((each for each in times if each), default=datetime.min.replace(tzinfo=UTC))
        people = audience.all(Role.ADMINISTRATOR, 1, at)
        yield Happening(Cause.PEER, str(peer), at, 1, people)


def _detectors(audience: Audience) -> Iterator[Happening]:
    demoted = Detector.objects.filter(demoted_at__isnull=False, policy=Policy.REVIEW)
    for detector, at in demoted.values_list("pk", "demoted_at"):
        if at is not None:
            people = audience.all(Role.ADMINISTRATOR, 1, at)
            yield Happening(Cause.DETECTOR, str(detector), at, 1, people)


def _referrals(audience: Audience) -> Iterator[Happening]:
    """Two people approve a pack, neither of whom wrote it."""
    waiting = Referral.objects.filter(state=ReferralState.DRAFT)
    rows = list(waiting.values_list("made_at", "author_id", "first_approver_id")[:MOST])
    if not rows:
        return
    people = {}
    for reviewer in audience.by_role[Role.REVIEWER]:
        times = [at for at, *involved in rows if reviewer not in involved]
        if times:
            people[reviewer] = (len(times), max(times))
    yield Happening(Cause.REFERRAL, "", max(at for at, *_ in rows), len(rows), people)


def _webhooks(audience: Audience) -> Iterator[Happening]:
    """Those that failed; what a person disabled, a person knows."""
    failed = Webhook.objects.filter(~Q(disabled_because=""), disabled_at__isnull=False)
    for number, at in failed.values_list("pk", "disabled_at"):
        if at is not None:
            people = audience.all(Role.ADMINISTRATOR, 1, at)
            yield Happening(Cause.WEBHOOK, str(number), at, 1, people)
