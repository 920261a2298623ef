"""Subscriptions and relays: opened and changed by administrators, looked at by the sweep."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import islice
from uuid import UUID

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import F

from federation.errors import FederationError, PeerUnknown
from federation.models import Log, Peer, PeerLog, PeerState, Push, Quarantined, Subscription
from federation.peers import registry
from federation.peers.source import WELL_KNOWN, connect
from federation.peers.verification import Publisher, Verified, read_object, verify_objects
from indicators.models import Audience, Collection, Member, ObjectVersion, Relay
from indicators.pipeline.admitting import Page, relay, served_to, store_page
from indicators.pipeline.announcing import announce
from indicators.pipeline.handing_over import hand_over
from indicators.pipeline.pulling import PULL
from indicators.stix import StixObject, parse_objects
from indicators.store import feed
from indicators.store.admission import Origins
from indicators.store.custody import ensure_own_member, open_collection

log = structlog.get_logger("retort.peers")

PUSH, REFRESH_PEERS = "indicators.push", "indicators.refresh_peers"
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
    subscription = Subscription.objects.select_related("peer").get(inbox=inbox.pk)
    publisher = Member.objects.get(identity_id=subscription.peer.identity_id)
    source = served_to(inbox.pk)
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


def recheck_quarantine(subscription: Subscription) -> int:
    """Take what passes by now, as keys and members have changed; how many objects.

    What still doesn't pass stays, with the reason that it has today.
    """
    waiting = Quarantined.objects.filter(
        subscription=subscription, may_pass_later=True, released_at=None
    ).order_by("pk")
    taken = 0
    rows = iter(waiting.iterator(_AT_ONCE))
    while batch := list(islice(rows, _AT_ONCE)):
        taken += _recheck(subscription, batch)
    return taken


def _recheck(subscription: Subscription, batch: Sequence[Quarantined]) -> int:
    received = [read_object(bytes(row.body)) for row in batch]
    origin = None if subscription.log is None else subscription.log.origin
    has_places = subscription.log is not None
    verified = verify_objects(
        received,
        [row.log_index or 0 for row in batch] if has_places else None,
        registry.key_ring(ensure_own_member().identity_id),
        Publisher(subscription.peer.identity_id, origin),
        signatures_required=subscription.signatures_required,
    )
    current = Subscription.objects.select_related("peer", "log").get(pk=subscription.pk)
    page = Page(Verified(verified.accepted, []), (), None, current.added_after)
    with transaction.atomic():
        stored = store_page(current, page).stored
        passed = {bytes(each.received.sha256) for each in verified.accepted}
        now = datetime.now(UTC)
        ids = [row.pk for row in batch if bytes(row.sha256) in passed]
        Quarantined.objects.filter(pk__in=ids).update(released_at=now, checked_at=now)
        reasons = {bytes(each.received.sha256): each.reason for each in verified.refused}
        for row in batch:
            row.reason, row.checked_at = reasons.get(bytes(row.sha256), row.reason), now
        Quarantined.objects.bulk_update(batch, ["reason", "checked_at"])
    return stored


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


def collections_of(peer: Peer) -> list[UUID]:
    """The inboxes of a peer."""
    return list(Subscription.objects.filter(peer=peer).values_list("inbox", flat=True))


def _read_descriptor(peer: Peer) -> bytes:
    with connect(peer) as connection:
        return connection.read(peer.base_url.rstrip("/") + WELL_KNOWN, "application/json")


def refresh_peers() -> None:
    """Read again how peers describe themselves; what changed may let quarantined objects pass."""
    known = Peer.objects.filter(state=PeerState.ACTIVE, is_plain=False).exclude(base_url="")
    for peer in known:
        try:
            registry.refresh(peer, _read_descriptor(peer))
        except FederationError as error:
            log.warning("a descriptor was not read", peer=peer.name, why=str(error))
    waiting = Quarantined.objects.filter(may_pass_later=True, released_at=None)
    subscriptions = Subscription.objects.select_related("peer", "log").filter(
        pk__in=waiting.values("subscription").distinct()
    )
    for subscription in subscriptions:
        recheck_quarantine(subscription)
