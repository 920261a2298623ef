"""Who has to know of new entries is told by a task, after the commit, and finds them in the log."""

from collections.abc import Iterable
from uuid import UUID

from django.db import transaction

from indicators.pipeline.handing_over import hand_over

CATALOGUE = "indicators.catalogue"
RECONCILE, WAKE = "indicators.reconcile", "indicators.wake"


def announce(collections: Iterable[UUID], *, is_inbox: bool = False) -> None:
    """When this transaction has committed: reconcile and catalogue what is new, wake its readers.

    `is_inbox`: an inbox has grown, too, which nobody reads but this node. A task that is lost is
    sent again by the sweep.
    """
    served = list(collections)
    if not served and not is_inbox:
        return

    def tell() -> None:
        hand_over(RECONCILE)
        hand_over(CATALOGUE)
        for collection in served:
            hand_over(WAKE, str(collection))

    transaction.on_commit(tell)
