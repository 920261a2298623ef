"""Quarantine looked at again: keys are pinned and members let in after their objects came."""

from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import islice

from django.db import transaction

from federation.models import Quarantined, Subscription
from federation.peers import registry
from federation.peers.verification import Publisher, Verified, read_object, verify_objects
from indicators.pipeline.admitting import Page, store_page
from indicators.store.custody import ensure_own_member

_AT_ONCE = 1000


def recheck_waiting() -> int:
    """Of all subscriptions: take what passes by now; how many objects."""
    waiting = Quarantined.objects.filter(may_pass_later=True, released_at=None)
    subscriptions = Subscription.objects.select_related("peer", "log").filter(
        pk__in=waiting.values("subscription").distinct(), state=Subscription.State.ACTIVE
    )
    return sum(recheck_quarantine(each) for each in subscriptions)


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
