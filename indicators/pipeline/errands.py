"""Errands: an administrator asks, a worker goes, and a page shows what came of it.

Everything here that talks to a peer, or that goes through many rows, is run by a worker. The row is
committed before the task is sent; one that is lost is sent again by `resume_errands`, and one that
comes twice meets a lease, or what it would do is done.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import structlog
from django.core.exceptions import ObjectDoesNotExist, ValidationError
from django.db import InterfaceError, OperationalError, transaction
from django.db.models import Q

from federation.errors import FederationError, PeerUnknown
from federation.models import Peer, Subscription
from federation.peers.source import Offered
from indicators.detections import audit
from indicators.detections.errors import DetectionError
from indicators.detections.retention import withhold_allowed
from indicators.models import Collection, Errand, ErrandKind, Member, Sector
from indicators.pipeline import onboarding
from indicators.pipeline.handing_over import hand_over
from indicators.pipeline.peering import open_push, relay_to
from indicators.pipeline.rechecking import recheck_quarantine
from indicators.store.errors import StoreError
from indicators.telemetry import places

log = structlog.get_logger("retort.errands")

ERRAND = "indicators.errand"
#: Longer than any answer of a peer is waited for; withholding renews nothing, and may come twice.
LEASE = timedelta(minutes=5)
Result = dict[str, Any]


def ask(kind: ErrandKind, actor: str, *, peer: Peer | None = None, **arguments: object) -> Errand:
    """Send a worker on an errand; the page shows the row, which says when it is done."""
    with transaction.atomic():
        errand = Errand.objects.create(
            kind=kind, peer=peer, arguments=arguments, asked_by=actor, asked_at=datetime.now(UTC)
        )
        # Also what then fails: who sends a worker to an address has tried.
        about = peer.name if peer else arguments.get("url", "allow list")
        audit.record(actor, "send worker", str(about)[:300], errand=kind.value)
        transaction.on_commit(lambda: hand_over(ERRAND, errand.pk))
    return errand


def run_errand(errand_id: int) -> None:
    """Do it, if nobody else does, and write down what came of it; raises only what passes."""
    errand = _take(errand_id)
    if errand is None:
        return
    try:
        errand.result = _RUN[ErrandKind(errand.kind)](errand)
    except (InterfaceError, OperationalError):
        raise  # the database is away: the lease runs out, and the task comes again
    except ValidationError as refusal:
        errand.failure = " ".join(refusal.messages)
    except (FederationError, StoreError, DetectionError) as refusal:
        errand.failure = str(refusal)
    except ObjectDoesNotExist:
        errand.failure = "What it was about is not there any more; look at the page again."
    except Exception as error:
        # Its message may quote a row, so it is said where it came from.
        errand.failure = f"This node failed: {type(error).__name__} at {places(error)[-1]}."
        log.error("an errand broke", kind=errand.kind, at=places(error))
    errand.ended_at = datetime.now(UTC)
    errand.save(update_fields=["result", "failure", "ended_at", "peer"])


def resume_errands(older_than: datetime) -> int:
    """Send again what was lost on the way to a worker, or with it; how many."""
    # errands_waiting
    waiting = Errand.objects.filter(ended_at=None, asked_at__lt=older_than).filter(_free())
    ids = list(waiting.values_list("pk", flat=True))
    for number in ids:
        hand_over(ERRAND, number)
    return len(ids)


def newest_errands(peer: Peer, limit: int = 5) -> list[Errand]:
    """What was asked about a peer last, the newest first."""
    return list(Errand.objects.filter(peer=peer).order_by("-pk")[:limit])


def newest(kind: ErrandKind) -> Errand | None:
    """The newest of a kind that is about no peer."""
    return Errand.objects.filter(kind=kind, peer=None).order_by("-pk").first()


def offers(peer: Peer) -> tuple[Errand | None, list[Offered]]:
    """What a peer said last that it offers, and the errand that asked it."""
    found = Errand.objects.filter(peer=peer, kind=ErrandKind.OFFERS, failure="")
    last = found.exclude(ended_at=None).order_by("-pk").first()
    if last is None:
        return None, []
    return last, [Offered(**each) for each in last.result["offered"]]


def _free() -> Q:
    return Q(taken_at=None) | Q(taken_at__lt=datetime.now(UTC) - LEASE)


def _take(errand_id: int) -> Errand | None:
    """The errand, for this worker alone until its lease is over."""
    due = Errand.objects.filter(_free(), pk=errand_id, ended_at=None)
    if not due.update(taken_at=datetime.now(UTC)):
        return None
    return Errand.objects.select_related("peer").get(pk=errand_id)


# --- What there is to do -------------------------------------------------------------------------


def _add(errand: Errand) -> Result:
    asked = errand.arguments
    terms = {
        "name": asked["name"],
        "sector": Sector(asked["sector"]) if asked["sector"] else None,
        "allow_private": asked["allow_private"],
    }
    if asked["plain"]:
        peer = onboarding.add_plain_peer(asked["url"], **terms)
    else:
        member = Member.objects.get(pk=asked["member"]) if asked["member"] else None
        peer = onboarding.add_peer(asked["url"], member=member, **terms)
    errand.peer = peer
    _write_down(errand, "add peer", url=peer.base_url)
    return {"peer": str(peer.pk)}


def _refresh(errand: Errand) -> Result:
    accepted = onboarding.refresh_peer(_peer(errand))
    if accepted is None:
        return {"keys": 0, "logs": 0}
    return {"keys": len(accepted.new_keys), "logs": len(accepted.new_logs)}


def _confirm(errand: Errand) -> Result:
    given = errand.arguments["fingerprint"]
    onboarding.confirm_peer(_peer(errand), given, errand.asked_by)
    _write_down(errand, "confirm peer", fingerprint=given)
    return {}


def _offers(errand: Errand) -> Result:
    found = onboarding.offered_by(_peer(errand))
    return {"offered": [_as_json(each) for each in found]}


def _subscribe(errand: Errand) -> Result:
    """What is pulled already is left as it is: the errand may come twice."""
    peer, asked = _peer(errand), errand.arguments
    pulled = set(peer.subscriptions.values_list("url", flat=True))
    answers = Collection.objects.get(pk=asked["answers"]) if asked["answers"] else None
    made = 0
    for each in _chosen(peer, asked["urls"]):
        if each.url in pulled:
            continue
        onboarding.subscribe_to(
            peer, each, answers=answers, signatures=asked["signatures"], interval=asked["interval"]
        )
        _write_down(errand, "subscribe", collection=each.id, title=each.title)
        made += 1
    return {"subscriptions": made}


def _push(errand: Errand) -> Result:
    peer = _peer(errand)
    collection = Collection.objects.get(pk=errand.arguments["collection"])
    push = open_push(peer, collection, errand.arguments["url"])
    _write_down(errand, "push", collection=collection.title, to=push.url)
    return {"push": str(push.pk)}


def _relay(errand: Errand) -> Result:
    subscription = Subscription.objects.get(pk=errand.arguments["subscription"])
    inbox = Collection.objects.get(pk=subscription.inbox)
    target = Collection.objects.get(pk=errand.arguments["target"])
    relayed = relay_to(inbox, target)
    _write_down(errand, "relay", collection=subscription.title, to=target.title)
    return {"objects": relayed}


def _recheck(errand: Errand) -> Result:
    found = _peer(errand).subscriptions.select_related("peer", "log")
    taken = sum(recheck_quarantine(each) for each in found)
    _write_down(errand, "recheck quarantine", objects=taken)
    return {"objects": taken}


def _withhold(errand: Errand) -> Result:
    """Every account that is on the allow list by now; the end is the same if this comes twice."""
    began, after = datetime.now(UTC), 0
    while (last := withhold_allowed(began, after)) is not None:
        after = last
    audit.record(errand.asked_by, "apply allow list", "allow list")
    return {}


_RUN: Mapping[ErrandKind, Callable[[Errand], Result]] = {
    ErrandKind.ADD: _add,
    ErrandKind.REFRESH: _refresh,
    ErrandKind.CONFIRM: _confirm,
    ErrandKind.OFFERS: _offers,
    ErrandKind.SUBSCRIBE: _subscribe,
    ErrandKind.PUSH: _push,
    ErrandKind.RELAY: _relay,
    ErrandKind.RECHECK: _recheck,
    ErrandKind.WITHHOLD: _withhold,
}


def _peer(errand: Errand) -> Peer:
    assert errand.peer is not None  # noqa: S101 - asked with one
    return errand.peer


def _chosen(peer: Peer, urls: list[str]) -> list[Offered]:
    """What was ticked, as the peer offered it when it was asked. Raises PeerUnknown."""
    _, offered = offers(peer)
    chosen = [each for each in offered if each.url in urls and each.can_read]
    if len(chosen) < len(set(urls)):
        raise PeerUnknown(f"{peer.name} does not offer all of these; ask it again what it offers.")
    return chosen


def _as_json(each: Offered) -> dict[str, Any]:
    return {name: getattr(each, name) for name in Offered.__slots__}


def _write_down(errand: Errand, act: str, **detail: object) -> None:
    """By whoever asked: a worker has no will of its own."""
    audit.record(errand.asked_by, act, _peer(errand).name, **detail)
