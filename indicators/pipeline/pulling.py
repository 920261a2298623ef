"""A pull: a peer's collection read page by page, each verified before it is stored.

pull ─► lease ─► head ─► page ─► verify signatures ─► place in the log ─► store_page ─► … ─► receipt

The network is asked outside transactions; what a page changes is one transaction (`admitting`).
Whatever goes wrong is written to the subscription with its reason, and tried again with growing
pauses; a log that contradicts itself freezes the peer. Safe to repeat, to run twice, and to kill.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import UUID

import structlog
from django.conf import settings
from django.db.models import F, Q

from federation.errors import (
    AddressRefused,
    FederationError,
    Forked,
    NotInLog,
    PeerMisbehaved,
    PeerUnavailable,
    RolledBack,
)
from federation.models import EvidenceKind, PeerLog, PeerState, Subscription
from federation.peers import receipt, registry
from federation.peers.replaying import Pinned, Placed, Replayed, check_head, place_page
from federation.peers.ring import KeyRing
from federation.peers.source import ServedPage, Source, open_source
from federation.peers.verification import (
    Publisher,
    Received,
    Verified,
    read_page,
    verify_objects,
)
from federation.transparency import evidence, witness
from federation.transparency.checkpoint import Checkpoint
from indicators.pipeline.admitting import Flooded, MovedOn, Page, Taken, store_page
from indicators.pipeline.handing_over import hand_over
from indicators.store.custody import ensure_own_member

log = structlog.get_logger("retort.pull")

PULL = "indicators.pull"
#: Pages that one task stores before it lets others have their turn.
PAGES_AT_ONCE = 50
LEASE = timedelta(seconds=120)
_LONGEST_PAUSE = timedelta(hours=1)
#: Entries looked at behind a page's objects before more are fetched: room for what was withdrawn.
_SLACK = 64


@dataclass(slots=True)
class Pulled:
    """What a pull brought. `failure` says why it ended early; `more`: it is to go on."""

    objects: int = 0
    refused: int = 0
    gaps: int = 0
    relayed: int = 0
    reached: int = 0
    more: bool = False
    failure: str = ""


@dataclass(slots=True)
class _Head:
    """The newest checkpoint of the peer's log that was verified in this pull."""

    checkpoint: Checkpoint
    note: bytes


@dataclass(slots=True)
class _Pull:
    """One pull under way."""

    subscription: Subscription
    source: Source
    ring: KeyRing
    publisher: Publisher
    pulled: Pulled = field(default_factory=Pulled)
    head: _Head | None = None
    # Where the feed's own `next` leads on from, within this pull; the next one asks by date.
    asked_after: datetime | None = None
    next: str | None = None


def pull(subscription_id: UUID) -> Pulled:
    """Take what is new of a subscription, if nobody else does; never raises what a peer causes."""
    subscription = _lease(subscription_id)
    if subscription is None:
        return Pulled()
    try:
        pulled = _pull(subscription)
    except MovedOn:
        return Pulled()
    except (Forked, RolledBack) as contradiction:
        assert subscription.log_id is not None  # noqa: S101 - only a log can contradict itself
        witness.freeze(subscription.log_id, contradiction)
        return _ended(subscription, Pulled(failure=str(contradiction)), retry_after=None)
    except Flooded:
        return _stop(subscription, _FLOODED)
    except PeerUnavailable as error:
        return _ended(subscription, Pulled(failure=str(error)), retry_after=error.retry_after)
    except FederationError as error:
        _keep(subscription, error)
        return _ended(subscription, Pulled(failure=str(error)), retry_after=None)
    return _ended(subscription, pulled, retry_after=None)


def woken(subscription_id: UUID) -> None:
    """A peer says that there is more: it is pulled at once."""
    hand_over(PULL, str(subscription_id))


_FLOODED = (
    "More of its objects were refused than are kept; look at them (`peer quarantine`) and ask its"
    " operator."
)


def _lease(subscription_id: UUID) -> Subscription | None:
    """The subscription, for this puller alone for a while; else the other looks once more."""
    now = datetime.now(UTC)
    due = Subscription.objects.filter(
        pk=subscription_id, state=Subscription.State.ACTIVE, peer__state=PeerState.ACTIVE
    )
    free = Q(leased_until=None) | Q(leased_until__lt=now)
    if not due.filter(free).update(leased_until=now + LEASE, wanted_at=None, pulled_at=now):
        due.update(wanted_at=now)
        return None
    return Subscription.objects.select_related("peer", "log").get(pk=subscription_id)


def _pull(subscription: Subscription) -> Pulled:
    peer = subscription.peer
    origin = None if subscription.log is None else subscription.log.origin
    publisher = Publisher(peer.identity_id, origin)
    with open_source(peer, subscription.url) as source:
        ring = registry.key_ring(ensure_own_member().identity_id)
        under_way = _Pull(subscription, source, ring, publisher)
        for _ in range(PAGES_AT_ONCE):
            if not _take_page(under_way):
                break
            _renew(subscription)
        else:
            under_way.pulled.more = True
        if subscription.log is not None and not under_way.pulled.more:
            _acknowledge(under_way)
    return under_way.pulled


def _take_page(under_way: _Pull) -> bool:
    """Verify and store one page; whether there is more."""
    subscription = under_way.subscription
    # Read before the page: an entry up to here without an object in the feed is a gap.
    head = _read_head(under_way)
    served = _read_page(under_way)
    received = read_page(served.content, settings.PULL_PAGE)
    _check_dates(subscription, served, received)
    placed = None if head is None else _place(under_way, head, served, received)
    page = _verified(under_way, served, received, placed)
    taken = store_page(subscription, page)
    _count(under_way, page, taken)
    _advance(subscription, page)
    return served.more


def _read_page(under_way: _Pull) -> ServedPage:
    if under_way.next is None:
        under_way.asked_after = under_way.subscription.added_after
    after, following = under_way.asked_after, under_way.next
    served = under_way.source.page(after, settings.PULL_PAGE, next=following)
    under_way.next = served.next
    return served


def _verified(
    under_way: _Pull, served: ServedPage, received: Sequence[Received], placed: Placed | None
) -> Page:
    subscription, head = under_way.subscription, under_way.head
    verified = verify_objects(
        received,
        None if placed is None else placed.places,
        under_way.ring,
        under_way.publisher,
        signatures_required=subscription.signatures_required,
    )
    for refused in verified.refused:
        if refused.is_forgery:
            _keep_forgery(under_way, refused.reason, refused.received.body)
    if placed is None or head is None:
        return Page(verified, (), None, served.added_last or subscription.added_after)
    return Page(
        verified,
        _gaps(under_way, placed.gaps),
        placed.after,
        served.added_last or subscription.added_after,
        head.checkpoint.size,
    )


def _check_dates(
    subscription: Subscription, served: ServedPage, received: Sequence[Received]
) -> None:
    """What is added later has a later date: a feed that steps back is read twice, or never."""
    first, last, after = served.added_first, served.added_last, subscription.added_after
    if not received or subscription.log is None:
        return
    if first is not None and last is not None and last < first:
        raise PeerMisbehaved("The page's dates run backwards (X-TAXII-Date-Added).")
    if first is not None and after is not None and first <= after:
        raise PeerMisbehaved(
            f"Objects added after {after.isoformat()} were asked for; the page begins at"
            f" {first.isoformat()}."
        )
    if served.more and last is None:
        raise PeerMisbehaved("A page with more behind it does not say when its objects were added.")


def _read_head(under_way: _Pull, *, again: bool = False) -> _Head | None:
    """The peer's newest checkpoint, checked against all that was seen of the log before."""
    known = under_way.subscription.log
    if known is None:
        return None
    behind = under_way.head and under_way.head.checkpoint.size > under_way.subscription.size
    if under_way.head is not None and not again and behind:
        return under_way.head
    known.refresh_from_db()
    note = under_way.source.checkpoint()
    pinned = Pinned.of(known.origin, known.vkey, known.size, _bytes(known.root), _bytes(known.note))
    checkpoint = check_head(pinned, note, under_way.source.consistency)
    witness.remember_head(known.pk, checkpoint, note, proven_from=known.size)
    under_way.head = _Head(checkpoint, note)
    return under_way.head


def _bytes(column: bytes | memoryview | None) -> bytes | None:
    return None if column is None else bytes(column)


def _place(
    under_way: _Pull, head: _Head, served: ServedPage, received: Sequence[Received]
) -> Placed:
    """Where the page's objects are in the log; fetches entries and, once, a newer checkpoint."""
    subscription = under_way.subscription
    settled = 0 if served.more else head.checkpoint.size
    so_far = Placed([], [], Replayed(subscription.size, bytes(subscription.edge)))
    refreshed = False
    while True:
        left = received[len(so_far.places) :]
        newest = head.checkpoint.size
        if so_far.after.size >= newest and left and not refreshed:
            # The page was read after the checkpoint: what it shows may have been added since.
            head, refreshed = _newer(under_way), True
            continue
        step = _place_step(under_way, head, so_far.after, left, settled)
        so_far = Placed([*so_far.places, *step.places], [*so_far.gaps, *step.gaps], step.after)
        if len(so_far.places) == len(received) and so_far.after.size >= min(settled, newest):
            return so_far


def _newer(under_way: _Pull) -> _Head:
    head = _read_head(under_way, again=True)
    assert head is not None  # noqa: S101 - there was one
    return head


def _place_step(
    under_way: _Pull, head: _Head, before: Replayed, left: Sequence[Received], settled: int
) -> Placed:
    """The next entries of the log, and those of the objects that are among them."""
    size = head.checkpoint.size
    wanted = max(before.size + len(left) + (_SLACK if left else 0), min(settled, size))
    stop = min(size, wanted, before.size + _MOST_ENTRIES)
    entries = under_way.source.entries(before.size, stop, size)
    proof = under_way.source.consistency(stop, size) if 0 < stop < size else []
    return place_page(
        before,
        head.checkpoint,
        head.note,
        entries,
        proof,
        [each.sha256 for each in left],
        [each.body for each in left],
        settled=settled,
    )


_MOST_ENTRIES = 8192


def _gaps(under_way: _Pull, gaps: Sequence[tuple[int, bytes]]) -> list[tuple[int, bytes, bool]]:
    """Entries without an object: withdrawn, as the peer declares, or else withheld."""
    if not gaps:
        return []
    declared = under_way.source.withdrawn(gaps[0][0])
    found = [(index, entry, index in declared) for index, entry in gaps]
    peer = under_way.subscription.peer
    for index, entry, is_declared in found:
        if not is_declared and under_way.head is not None:
            evidence.keep(
                peer.pk,
                EvidenceKind.WITHHELD,
                f"Entry {index} of {under_way.publisher.origin} (sha256 {entry.hex()}) came"
                " without its object, and it was not declared withdrawn.",
                under_way.head.note,
                entry,
            )
    return found


def _keep_forgery(under_way: _Pull, reason: str, body: bytes) -> None:
    evidence.keep(under_way.subscription.peer_id, EvidenceKind.FORGERY, reason, body)


def _keep(subscription: Subscription, error: FederationError) -> None:
    """What broke the protocol, if it is more than an address that we don't connect to."""
    if isinstance(error, NotInLog):
        kind, first, second = EvidenceKind.UNLOGGED, error.body, error.note
    elif isinstance(error, AddressRefused):
        return
    else:
        kind, first, second = EvidenceKind.MISCONDUCT, b"", b""
    evidence.keep(subscription.peer_id, kind, str(error), first, second)


def _count(under_way: _Pull, page: Page, taken: Taken) -> None:
    pulled = under_way.pulled
    pulled.objects += taken.stored
    pulled.refused += taken.refused
    pulled.relayed += taken.relayed
    pulled.gaps += len(page.gaps)


def _advance(subscription: Subscription, page: Page) -> None:
    """What the row says now, for the next page."""
    if page.after is not None:
        subscription.size, subscription.edge = page.after.size, page.after.edge
    subscription.added_after = page.added_after


def _renew(subscription: Subscription) -> None:
    Subscription.objects.filter(pk=subscription.pk).update(leased_until=datetime.now(UTC) + LEASE)


def _acknowledge(under_way: _Pull) -> None:
    """Tell the peer, signed, how far this node holds its log; it is no failure if that fails."""
    subscription = under_way.subscription
    under_way.pulled.reached = subscription.size
    try:
        receipt.send(subscription.pk)
    except FederationError as error:
        log.warning("no receipt was given", peer=subscription.peer.name, why=str(error))


def _ended(subscription: Subscription, pulled: Pulled, *, retry_after: int | None) -> Pulled:
    """What the subscription says of itself after a pull, and when the next one is."""
    now = datetime.now(UTC)
    rows = Subscription.objects.filter(pk=subscription.pk)
    if pulled.failure:
        pause = _pause(subscription.failures + 1, retry_after)
        rows.update(
            leased_until=None,
            failures=F("failures") + 1,
            failure=pulled.failure,
            next_pull_at=now + pause,
        )
        log.warning("a pull failed", peer=subscription.peer.name, why=pulled.failure)
        return pulled
    following = now if pulled.more else now + timedelta(seconds=subscription.interval_seconds)
    caught_up = {} if pulled.more else {"caught_up_at": now}
    rows.update(leased_until=None, failures=0, failure="", next_pull_at=following, **caught_up)
    wanted = rows.filter(wanted_at__isnull=False).exists()
    if pulled.more or wanted:
        hand_over(PULL, str(subscription.pk))
    if pulled.objects or pulled.refused:
        log.info(
            "pulled",
            peer=subscription.peer.name,
            objects=pulled.objects,
            refused=pulled.refused,
            relayed=pulled.relayed,
            size=subscription.size,
        )
    return pulled


def _pause(failures: int, retry_after: int | None) -> timedelta:
    if retry_after is not None:
        return min(max(timedelta(seconds=retry_after), timedelta(seconds=1)), _LONGEST_PAUSE)
    return min(timedelta(seconds=2 ** min(failures, 12)), _LONGEST_PAUSE)


def _stop(subscription: Subscription, reason: str) -> Pulled:
    """Nothing more is taken until a person says so."""
    evidence.keep(subscription.peer_id, EvidenceKind.MISCONDUCT, reason)
    Subscription.objects.filter(pk=subscription.pk).update(
        state=Subscription.State.FROZEN, failure=reason, leased_until=None
    )
    return Pulled(failure=reason)


__all__ = ["PULL", "PeerLog", "Pulled", "Verified", "pull"]
