"""What comes in, and what is found here, held against each other: a batch a transaction."""

from datetime import UTC, datetime
from uuid import UUID

from django.db.models import OuterRef, Subquery
from django.db.models.functions import Coalesce

from federation.models import Log
from indicators.models import Collection, DueMatch, Reconciled
from indicators.pipeline.announcing import RECONCILE
from indicators.pipeline.contributing import MATCH
from indicators.pipeline.handing_over import hand_over
from indicators.reconcile import assessment, due, expiry, matching

#: Detections that are matched in one transaction.
_AT_ONCE = 500


def reconcile(collection_id: UUID) -> None:
    """Everything that is new in a collection: known, matched, joined, counted."""
    while matching.reconcile_collection(collection_id):
        """There is more."""


def match() -> None:
    """Detections with new tokens, and clusters that lost some."""
    while due.match_due(_AT_ONCE):
        """There is more."""


def retire() -> None:
    """Matches whose indicator is over end; what decays is assessed again."""
    now = datetime.now(UTC)
    while expiry.retire_over(now, 1_000):
        """There is more."""
    while assessment.reassess_old(now, 500):
        """There is more."""


def resume_reconciling(older_than: datetime) -> int:
    """Hand over again what nobody got on with since then; how many tasks."""
    reached = Reconciled.objects.filter(collection_id=OuterRef("pk")).values("size")
    behind = Log.objects.filter(
        pk__in=Collection.objects.values("pk"),
        last_added__lt=older_than,
        size__gt=Coalesce(Subquery(reached), 0),
    )
    ids = list(behind.values_list("pk", flat=True))
    for number in ids:
        hand_over(RECONCILE, str(number))
    waiting = DueMatch.objects.filter(since__lt=older_than).exists()
    if waiting:
        hand_over(MATCH)
    return len(ids) + waiting
