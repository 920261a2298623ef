"""Telling peers: that a collection has grown, and asking them to cosign its checkpoint."""

from uuid import UUID

from federation.models import Push
from federation.peers import asking, push, wake
from indicators.models import Collection, Grant, State
from indicators.pipeline.announcing import WAKE
from indicators.pipeline.handing_over import hand_over
from indicators.pipeline.peering import PUSH
from indicators.store import feed

COSIGN = "indicators.cosign"


def wake_readers(collection_id: UUID) -> int:
    """Tell the members that may read a collection, and its pushes, that it has grown."""
    pushes = Push.objects.filter(log_id=collection_id, is_active=True)
    for number in pushes.values_list("pk", flat=True):
        hand_over(PUSH, str(number))
    return wake.wake(collection_id, _readers(collection_id))


def _readers(collection_id: UUID) -> list[str]:
    """The identities of the members that may read a collection."""
    grants = Grant.objects.filter(
        collection_id=collection_id, can_read=True, member__state=State.ACTIVE
    )
    return list(grants.values_list("member__identity_id", flat=True))


def cosign_logs() -> int:
    """Ask for the cosignatures that newest checkpoints of served logs lack; how many came."""
    served = Collection.objects.filter(is_inbox=False).values_list("pk", flat=True)
    return sum(asking.cosign(number) for number in served)


def push_collection(push_id: UUID) -> None:
    """Deliver what a peer's collection does not have yet."""
    while push.push_once(push_id, read_entries):
        """There is more."""


def read_entries(log_id: UUID, start: int, limit: int) -> list[tuple[int, bytes]]:
    """The objects of a collection's entries from `start` on, with their places in its log."""
    everything = feed.Selection(versions=feed.Versions(every=True))
    page = feed.read_page(log_id, everything, after=start - 1, limit=limit)
    return [(row.seq, bytes(row.body)) for row in page.rows if row.body is not None]


def resume_waking() -> int:
    """Tell again those that could not be told, or whose telling was lost; how many logs."""
    ids = [
        number
        for number in Collection.objects.filter(is_inbox=False).values_list("pk", flat=True)
        if wake.due_wakes(number, _readers(number))
    ]
    for number in ids:
        hand_over(WAKE, str(number))
    return len(ids)
