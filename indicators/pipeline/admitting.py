"""A verified page of a peer's feed into this node: stored, logged, relayed, and the cursor moved,
in one transaction or not at all.

Invariant after a crash at any point: the subscription's size, edge and `added_after` stand for
exactly the entries whose objects are stored, quarantined or noted as gaps. A puller that finds the
subscription elsewhere than it began stores nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from django.conf import settings
from django.db import transaction

from federation.models import Gap, Quarantined, Subscription
from federation.peers.replaying import Replayed
from federation.peers.verification import Accepted, Refused, Verified
from federation.transparency import log
from indicators.models import Audience, Collection, Member, Relay
from indicators.pipeline.announcing import announce
from indicators.pipeline.findings import find_overreach, keep_equivocations, served_audience
from indicators.pipeline.relaying import may_relay
from indicators.stix import Problem, StixObject, parse_objects
from indicators.store.admission import Origins, admit
from indicators.store.judgement import Outcome, Verdict
from indicators.telemetry import OBJECTS


class MovedOn(Exception):
    """Another puller stored this page, or a person paused the subscription: nothing is done."""


class Flooded(Exception):
    """More was refused than is kept: a person has to look at the peer."""


@dataclass(frozen=True, slots=True)
class Page:
    """What is to be stored of one page, and where the feed then stands.

    `verified` are objects in feed order; `gaps` (index, entry, declared) the entries without one.
    """

    verified: Verified
    gaps: Sequence[tuple[int, bytes, bool]]
    after: Replayed | None
    added_after: datetime | None
    size_seen: int = 0


@dataclass(slots=True)
class Taken:
    """What became of a page: objects stored and refused, and those relayed."""

    stored: int = 0
    refused: int = 0
    relayed: int = 0
    contradicted: list[Refused] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Parsed:
    """The accepted objects of a page as STIX; `accepted` by the index of the object."""

    objects: list[StixObject]
    accepted: Mapping[int, Accepted]
    refused: list[Refused]


def store_page(subscription: Subscription, page: Page) -> Taken:
    """Store a page and move the cursor; raises MovedOn, Flooded (and then stores nothing)."""
    parsed = _parse(page.verified.accepted)
    with transaction.atomic():
        held = _hold(subscription)
        inbox = Collection.objects.get(pk=held.inbox)
        relays = _relays(held, inbox)
        # All logs first and in one order: whoever publishes to one of them waits, or we do.
        for collection in sorted({inbox.pk, *(target.pk for target, _ in relays)}):
            log.lock(collection)
        parsed = _within_markings(held, parsed)
        taken = _take(held, inbox, relays, parsed)
        _quarantine(held, [*page.verified.refused, *parsed.refused, *taken.contradicted])
        taken.refused = len(page.verified.refused) + len(parsed.refused) + len(taken.contradicted)
        _note_gaps(held, page.gaps)
        _move(held, page, taken)
        grown = [target.pk for target, _ in relays] if taken.relayed else []
        announce(grown, is_inbox=taken.stored > 0)
    OBJECTS.labels("pulled").inc(taken.stored)
    return taken


def _hold(subscription: Subscription) -> Subscription:
    """The subscription's row, locked, if it is still where the puller began."""
    held = Subscription.objects.select_for_update(of=("self",)).get(pk=subscription.pk)
    began = (subscription.size, subscription.added_after)
    if (held.size, held.added_after) != began or held.state != Subscription.State.ACTIVE:
        raise MovedOn
    return held


def _parse(accepted: Sequence[Accepted]) -> _Parsed:
    """Through the parser that everybody's objects pass."""
    source = b'{"objects":[' + b",".join(each.received.body for each in accepted) + b"]}"
    parsed = parse_objects(source, max_bytes=len(source))
    first: dict[int, Problem] = {}
    for problem in parsed.problems:
        first.setdefault(problem.index, problem)
    refused = [
        Refused(accepted[index].received, accepted[index].place, _sentence(problem), False, False)
        for index, problem in first.items()
    ]
    return _Parsed(parsed.objects, dict(enumerate(accepted)), refused)


def _within_markings(subscription: Subscription, parsed: _Parsed) -> _Parsed:
    """Without what the peer had no right to serve: that is set aside, and goes no further."""
    found = find_overreach(subscription, parsed.objects, parsed.accepted)
    if not found:
        return parsed
    refused = [
        Refused(parsed.accepted[index].received, parsed.accepted[index].place, why, False, False)
        for index, why in found.items()
    ]
    objects = [obj for obj in parsed.objects if obj.index not in found]
    return _Parsed(objects, parsed.accepted, [*parsed.refused, *refused])


def _sentence(problem: Problem) -> str:
    return f"{problem.pointer or '/'}: {problem.message}"


def _take(
    subscription: Subscription,
    inbox: Collection,
    relays: Sequence[tuple[Collection, Audience | None]],
    parsed: _Parsed,
) -> Taken:
    if not parsed.objects:
        return Taken()
    publisher = Member.objects.get(identity_id=subscription.peer.identity_id)
    origins = _origins(parsed)
    outcomes = admit(inbox, publisher, parsed.objects, origins=origins)
    keep_equivocations(outcomes, parsed.accepted)
    by_index = {outcome.index: outcome for outcome in outcomes}
    taken = Taken(contradicted=list(_not_taken(parsed, outcomes)))
    new = [obj for obj in parsed.objects if by_index[obj.index].verdict is Verdict.ADDED]
    taken.stored = len(new)
    for target, source in relays:
        taken.relayed += relay(target, source, publisher, new, origins)
    return taken


def relay(
    target: Collection,
    source: Audience | None,
    publisher: Member,
    objects: Sequence[StixObject],
    origins: Origins,
) -> int:
    """Republish what marking and audience allow, and what the target's rule on signatures does.

    Not what is this node's own: where that stands it says itself, and what it took back stays away.
    """
    audience = Audience(target.audience)
    own = {index for index, member in origins.members.items() if member.is_self}
    allowed = [
        obj
        for obj in objects
        if obj.index not in own
        and may_relay(obj.tlp, source, audience) is None
        and (obj.index in origins.signed_by or not target.signatures_required)
    ]
    if not allowed:
        return 0
    outcomes = admit(target, publisher, allowed, origins=origins)
    return sum(outcome.verdict is Verdict.ADDED for outcome in outcomes)


def _relays(
    subscription: Subscription, inbox: Collection
) -> list[tuple[Collection, Audience | None]]:
    """Where the inbox is relayed to, and the audience that its feed is served to."""
    rows = Relay.objects.filter(inbox=inbox).select_related("target").order_by("target_id")
    source = served_audience(subscription)
    return [(row.target, source) for row in rows]


def _origins(parsed: _Parsed) -> Origins:
    """Whose objects they are by their signatures; what is unsigned is the publisher's."""
    signed = {
        obj.index: parsed.accepted[obj.index]
        for obj in parsed.objects
        if parsed.accepted[obj.index].signed_by is not None
    }
    wanted = {each.origin_id for each in signed.values()}
    members = {each.identity_id: each for each in Member.objects.filter(identity_id__in=wanted)}
    return Origins(
        {index: members[str(each.origin_id)] for index, each in signed.items()},
        {index: str(each.signed_by) for index, each in signed.items()},
    )


def _not_taken(parsed: _Parsed, outcomes: Sequence[Outcome]) -> list[Refused]:
    refused = []
    for outcome in outcomes:
        if outcome.verdict in (Verdict.REFUSED, Verdict.CONTRADICTED):
            accepted = parsed.accepted[outcome.index]
            refused.append(Refused(accepted.received, accepted.place, outcome.reason, False, False))
    return refused


def _quarantine(subscription: Subscription, refused: Sequence[Refused]) -> None:
    if not refused:
        return
    held = Quarantined.objects.filter(subscription=subscription, released_at=None).count()
    if held + len(refused) > settings.PULL_QUARANTINE_MOST:
        raise Flooded
    Quarantined.objects.bulk_create(
        [
            Quarantined(
                subscription=subscription,
                log_index=each.place,
                sha256=each.received.sha256,
                stix_id=each.received.stix_id[:300],
                body=each.received.body,
                reason=each.reason,
                may_pass_later=each.may_pass_later,
            )
            for each in refused
        ],
        ignore_conflicts=True,
    )


def _note_gaps(subscription: Subscription, gaps: Sequence[tuple[int, bytes, bool]]) -> None:
    Gap.objects.bulk_create(
        [
            Gap(subscription=subscription, log_index=index, entry=entry, is_declared=declared)
            for index, entry, declared in gaps
        ],
        ignore_conflicts=True,
    )


_CURSOR = ["size", "edge", "added_after", "objects_taken", "size_seen"]


def _move(subscription: Subscription, page: Page, taken: Taken) -> None:
    if page.after is not None:
        subscription.size, subscription.edge = page.after.size, page.after.edge
    subscription.added_after = page.added_after
    subscription.objects_taken += taken.stored
    subscription.size_seen = max(subscription.size_seen, page.size_seen)
    subscription.save(update_fields=_CURSOR)


def now() -> datetime:
    return datetime.now(UTC)
