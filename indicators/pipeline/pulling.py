"""A pull: a peer's collection read page by page, each verified before it is stored.

lease ─► following.next_page ─► admitting.store_page ─► … ─► receipt

The network is asked outside transactions; what a page changes is one transaction. Whatever goes
wrong is written to the subscription with its reason, and tried again with growing pauses; a log
that contradicts itself freezes the peer. Safe to repeat, to run twice, and to kill.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

import structlog
from django.db import InterfaceError, OperationalError
from django.db.models import F, Q

from federation.errors import (
    BadSignature,
    FederationError,
    Forked,
    MalformedBundle,
    MalformedCheckpoint,
    MalformedNote,
    NotInLog,
    NotSigned,
    PeerMisbehaved,
    PeerUnavailable,
    RolledBack,
    WrongOrigin,
)
from federation.models import EvidenceKind, PeerState, Subscription
from federation.peers import receipt, registry
from federation.peers.source import open_source
from federation.transparency import evidence, witness
from indicators.pipeline.admitting import Flooded, MovedOn, Page, Taken, store_page
from indicators.pipeline.following import Following
from indicators.pipeline.handing_over import hand_over
from indicators.store.custody import ensure_own_member
from indicators.telemetry import places

log = structlog.get_logger("retort.pull")

PULL, REFRESH_PEERS = "indicators.pull", "indicators.refresh_peers"
#: Pages that one task stores before it lets others have their turn; and those that it may have if
#: it would begin where it began, as with a plain server that gives one moment to many objects.
PAGES_AT_ONCE, MOST_PAGES = 50, 2000
#: For one page. Two pullers at once store nothing twice: a lease only spares the work.
LEASE = timedelta(seconds=30)
_LONGEST_PAUSE = timedelta(hours=1)
_MISCONDUCT = (
    BadSignature,
    MalformedBundle,
    MalformedCheckpoint,
    MalformedNote,
    NotSigned,
    PeerMisbehaved,
    WrongOrigin,
)
_FLOODED = (
    "More of its objects were refused than are kept; look at them (`peer quarantine`) and ask its"
    " operator."
)


@dataclass(slots=True)
class Pulled:
    """What a pull brought. `failure` says why it ended early; `more`: it is to go on."""

    objects: int = 0
    refused: int = 0
    gaps: int = 0
    relayed: int = 0
    # Refused for now: a peer may have replaced its key, and says so in its descriptor.
    waiting: int = 0
    reached: int = 0
    more: bool = False
    failure: str = ""


def pull(subscription_id: UUID) -> Pulled:
    """Take what is new of a subscription, if nobody else does; never raises what a peer causes."""
    subscription = _lease(subscription_id)
    if subscription is None:
        return Pulled()
    pulled, retry_after = Pulled(), None
    try:
        _pull(subscription, pulled)
    except MovedOn:
        return pulled
    except (Forked, RolledBack) as contradiction:
        assert subscription.log_id is not None  # noqa: S101 - only a log can contradict itself
        witness.freeze(subscription.log_id, contradiction)
        pulled.failure = str(contradiction)
    except Flooded:
        _freeze(subscription, _FLOODED)
        pulled.failure = _FLOODED
    except FederationError as error:
        _keep_evidence(subscription, error)
        pulled.failure = str(error)
        retry_after = error.retry_after if isinstance(error, PeerUnavailable) else None
    except (InterfaceError, OperationalError):
        raise  # the database is away: the task comes again
    except Exception as error:
        # Nobody foresaw it. Its message may quote a row, so it is said where it came from.
        pulled.failure = f"This node failed: {type(error).__name__} at {places(error)[-1]}."
        log.error("a pull broke", peer=subscription.peer.name, at=places(error))
    _end(subscription, pulled, retry_after)
    return pulled


def woken(subscription_id: UUID) -> None:
    """A peer says that there is more: it is pulled at once."""
    hand_over(PULL, str(subscription_id))


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


def _pull(subscription: Subscription, pulled: Pulled) -> None:
    ring = registry.key_ring(ensure_own_member().identity_id)
    with open_source(subscription.peer, subscription.url) as source:
        following = Following(subscription, source, ring)
        for number in range(1, MOST_PAGES + 1):
            page, pulled.more = following.next_page()
            _count(pulled, page, store_page(subscription, page))
            following.advance(page)
            if not pulled.more or (number >= PAGES_AT_ONCE and following.has_moved):
                break
            _renew(subscription)
    if subscription.log is not None and not pulled.more:
        _acknowledge(subscription, pulled)


def _count(pulled: Pulled, page: Page, taken: Taken) -> None:
    pulled.objects += taken.stored
    pulled.refused += taken.refused
    pulled.relayed += taken.relayed
    pulled.gaps += len(page.gaps)
    pulled.waiting += sum(each.may_pass_later for each in page.verified.refused)


def _renew(subscription: Subscription) -> None:
    Subscription.objects.filter(pk=subscription.pk).update(leased_until=datetime.now(UTC) + LEASE)


def _acknowledge(subscription: Subscription, pulled: Pulled) -> None:
    """Tell the peer, signed, how far this node holds its log; it is no failure if that fails."""
    pulled.reached = subscription.size
    try:
        receipt.send(subscription.pk)
    except FederationError as error:
        log.warning("no receipt was given", peer=subscription.peer.name, why=str(error))


def _keep_evidence(subscription: Subscription, error: FederationError) -> None:
    """What broke the protocol; that a peer is away, or this node out of step, breaks nothing."""
    if isinstance(error, NotInLog):
        kind = EvidenceKind.UNLOGGED
        evidence.keep(subscription.peer_id, kind, str(error), error.body, error.note)
    elif isinstance(error, _MISCONDUCT):
        evidence.keep(subscription.peer_id, EvidenceKind.MISCONDUCT, str(error))


def _freeze(subscription: Subscription, reason: str) -> None:
    """Nothing more is taken until a person says so."""
    evidence.keep(subscription.peer_id, EvidenceKind.MISCONDUCT, reason)
    Subscription.objects.filter(pk=subscription.pk).update(state=Subscription.State.FROZEN)


def _end(subscription: Subscription, pulled: Pulled, retry_after: int | None) -> None:
    """What the subscription says of itself after a pull, and when the next one is."""
    now = datetime.now(UTC)
    rows = Subscription.objects.filter(pk=subscription.pk)
    if pulled.failure:
        rows.update(
            leased_until=None,
            failures=F("failures") + 1,
            failure=pulled.failure,
            next_pull_at=now + _pause(subscription.failures + 1, retry_after),
        )
        log.warning("a pull failed", peer=subscription.peer.name, why=pulled.failure)
        return
    following = now if pulled.more else now + timedelta(seconds=subscription.interval_seconds)
    caught_up = {} if pulled.more else {"caught_up_at": now}
    rows.update(leased_until=None, failures=0, failure="", next_pull_at=following, **caught_up)
    if pulled.more or rows.filter(wanted_at__isnull=False).exists():
        hand_over(PULL, str(subscription.pk))
    if pulled.waiting:
        hand_over(REFRESH_PEERS)
    if pulled.objects or pulled.refused:
        log.info(
            "pulled",
            peer=subscription.peer.name,
            objects=pulled.objects,
            refused=pulled.refused,
            relayed=pulled.relayed,
            size=subscription.size,
        )


def _pause(failures: int, retry_after: int | None) -> timedelta:
    """Twice as long with each failure, and never less than the peer asks for."""
    seconds = max(2 ** min(failures, 12), retry_after or 0)
    return min(timedelta(seconds=seconds), _LONGEST_PAUSE)
