"""What comes in, and what is found here, held against each other: a batch a transaction.

One process of a node reconciles at a time, and takes whatever there is; who comes meanwhile goes
away at once. Nothing is missed by that: the work is in the tables before anybody is called for it,
and whoever ends looks once more after letting go.
"""

from datetime import UTC, datetime
from uuid import UUID

from django.db.models import F, OuterRef, Subquery
from django.db.models.functions import Coalesce

from federation.models import Log
from indicators.models import Collection, DueMatch, Reconciled
from indicators.pipeline.alone import alone
from indicators.pipeline.announcing import RECONCILE
from indicators.pipeline.handing_over import hand_over
from indicators.reconcile import assessment, due, expiry, matching

#: Detections that are matched in one transaction.
_AT_ONCE = 500
_NAME = "retort/reconciler"


def reconcile() -> None:
    """Everything that is new in collections, and every detection with new tokens."""
    while _is_waiting():
        with alone(_NAME) as mine:
            if not mine:
                return
            for collection in _behind():
                while matching.reconcile_collection(collection):
                    """There is more."""
            while due.match_due(_AT_ONCE):
                """There is more."""


def retire() -> None:
    """Matches whose indicator is over end; what decays is assessed again."""
    now = datetime.now(UTC)
    while expiry.retire_over(now, 1_000):
        """There is more."""
    while assessment.reassess_old(now, 500):
        """There is more."""


def resume_reconciling() -> bool:
    """Call a worker again if there is something that nobody gets on with."""
    if waiting := _is_waiting():
        hand_over(RECONCILE)
    return waiting


def _is_waiting() -> bool:
    return bool(_behind()) or DueMatch.objects.exists()


def _behind() -> list[UUID]:
    """Collections with entries that were not looked at: logs are few."""
    reached = Reconciled.objects.filter(collection_id=OuterRef("pk")).values("size")
    logs = Log.objects.filter(pk__in=Collection.objects.values("pk"))
    behind = logs.annotate(reached=Coalesce(Subquery(reached), 0)).filter(size__gt=F("reached"))
    return list(behind.values_list("pk", flat=True))
