"""Subscriptions and relays: opened and changed by administrators, looked at by the sweep."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import F

from federation.errors import PeerUnknown
from federation.models import Log, Peer, PeerLog, PeerState, Push, Subscription
from indicators.models import Audience, Collection, Member, ObjectVersion, Relay
from indicators.pipeline.admitting import relay
from indicators.pipeline.announcing import announce
from indicators.pipeline.findings import served_audience
from indicators.pipeline.handing_over import hand_over
from indicators.pipeline.pulling import PULL
from indicators.stix import StixObject, parse_objects
from indicators.store import feed
from indicators.store.admission import Origins
from indicators.store.custody import open_collection

log = structlog.get_logger("retort.peers")

PUSH = "indicators.push"
_AT_ONCE = 1000


def subscribe(
    peer: Peer,
    url: str,
    *,
    title: str,
    log: PeerLog | None,
    signatures_required: bool,
    answers: Collection | None = None,
    interval: int | None = None,
) -> Subscription:
    """Pull a peer's collection from now on, into an inbox of its own.

    Raises PeerUnknown unless the peer is confirmed.
    """
    if peer.state != PeerState.ACTIVE:
        raise PeerUnknown(f"{peer.name} is {peer.state}; confirm its fingerprint first.")
    with transaction.atomic():
        inbox = open_collection(
            title=f"From {peer.name}: {title}"[:200],
            audience=Audience.NAMED,
            is_inbox=True,
            answers=answers,
        )
        subscription = Subscription.objects.create(
            peer=peer,
            log=log,
            url=url,
            title=title,
            inbox=inbox.pk,
            signatures_required=signatures_required,
            interval_seconds=interval or settings.PULL_INTERVAL,
        )
        transaction.on_commit(lambda: hand_over(PULL, str(subscription.pk)))
    return subscription


def relay_to(inbox: Collection, target: Collection) -> int:
    """Republish what arrives in an inbox, and what has arrived; how many objects of the latter."""
    Relay.objects.get_or_create(inbox=inbox, target=target)
    subscription = Subscription.objects.select_related("peer", "log").get(inbox=inbox.pk)
    publisher = Member.objects.get(identity_id=subscription.peer.identity_id)
    source = served_audience(subscription)
    relayed = 0
    for objects, origins in _stored(inbox):
        with transaction.atomic():
            relayed += relay(target, source, publisher, objects, origins)
            announce([target.pk])
    return relayed


def _stored(inbox: Collection) -> Iterator[tuple[list[StixObject], Origins]]:
    """Everything in a collection, in batches, with what was verified of it."""
    everything = feed.Selection(versions=feed.Versions(every=True))
    after = -1
    while True:
        page = feed.read_page(inbox.pk, everything, after=after, limit=_AT_ONCE)
        rows = [row for row in page.rows if row.body is not None]
        if rows:
            yield _with_origins([bytes(row.body or b"") for row in rows])
        if not page.more:
            return
        after = page.rows[-1].seq


def _with_origins(bodies: Sequence[bytes]) -> tuple[list[StixObject], Origins]:
    source = b'{"objects":[' + b",".join(bodies) + b"]}"
    objects = parse_objects(source, max_bytes=len(source)).objects
    stored = ObjectVersion.objects.filter(stix_id__in=[obj.id for obj in objects])
    rows = {
        bytes(row.sha256): row
        for row in stored.select_related("contributor").defer("body").iterator()
    }
    members, kids = {}, {}
    for obj in objects:
        row = rows[obj.sha256]
        members[obj.index] = row.contributor
        if row.signed_by is not None:
            kids[obj.index] = row.signed_by
    return objects, Origins(members, kids)


def hand_over_due(now: datetime, *, pause: timedelta) -> int:
    """Send pulls and pushes whose time has come to workers; how many. Each once in `pause`."""
    pulls = Subscription.objects.filter(
        state=Subscription.State.ACTIVE, peer__state=PeerState.ACTIVE, next_pull_at__lte=now
    )
    ids = list(pulls.values_list("pk", flat=True))
    Subscription.objects.filter(pk__in=ids).update(next_pull_at=now + pause)
    pushes = Push.objects.filter(
        is_active=True, peer__state=PeerState.ACTIVE, next_push_at__lte=now
    ).filter(size__lt=F("log__size"))
    push_ids = list(pushes.values_list("pk", flat=True))
    Push.objects.filter(pk__in=push_ids).update(next_push_at=now + pause)
    for number in ids:
        hand_over(PULL, str(number))
    for number in push_ids:
        hand_over(PUSH, str(number))
    return len(ids) + len(push_ids)


def open_push(peer: Peer, collection: Collection, url: str) -> Push:
    """Deliver a collection to a peer's from now on; raises PeerUnknown."""
    if peer.state != PeerState.ACTIVE:
        raise PeerUnknown(f"{peer.name} is {peer.state}; confirm its fingerprint first.")
    push = Push.objects.create(peer=peer, log=Log.objects.get(pk=collection.pk), url=url)
    transaction.on_commit(lambda: hand_over(PUSH, str(push.pk)))
    return push


def unfreeze(subscription: Subscription) -> None:
    """Go on with what a person has looked at."""
    Subscription.objects.filter(pk=subscription.pk).update(
        state=Subscription.State.ACTIVE, failure="", failures=0, next_pull_at=datetime.now(UTC)
    )
