"""Who has to know of new entries is told by a task, after the commit, and finds them in the log."""

from collections.abc import Iterable
from uuid import UUID

from django.db import transaction

from indicators.pipeline.handing_over import hand_over

RECONCILE, WAKE = "indicators.reconcile", "indicators.wake"


def announce(collections: Iterable[UUID], *, inboxes: Iterable[UUID] = ()) -> None:
    """When this transaction has committed: reconcile what is new, and wake the readers of it.

    Nobody reads an inbox but this node. A task that is lost is sent again by the sweep.
    """
    served, kept = list(collections), list(inboxes)

    def tell() -> None:
        for collection in served:
            hand_over(WAKE, str(collection))
        for collection in (*kept, *served):
            hand_over(RECONCILE, str(collection))

    transaction.on_commit(tell)
