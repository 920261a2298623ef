"""Entries: what a collection's feed holds, in log order."""

from django.db import models

from indicators.models.collection import Collection
from indicators.models.objects import ObjectVersion


class Entry(models.Model):
    """One object version in one collection. `seq` is its index in the log; order is commit order.

    Partitioned by hash of the collection, for which Django has no words: the migration makes the
    table and its indexes by hand. The columns after `object_version` repeat what filters
    need, so that a page is one index scan and one join of bodies.
    """

    pk = models.CompositePrimaryKey("collection_id", "seq")
    collection = models.ForeignKey(Collection, on_delete=models.PROTECT, db_index=False)
    seq = models.BigIntegerField()
    date_added = models.DateTimeField()
    object_version = models.ForeignKey(ObjectVersion, on_delete=models.PROTECT, db_index=False)
    stix_id = models.CharField(max_length=300)
    type = models.CharField(max_length=250)
    version = models.DateTimeField()
    is_first = models.BooleanField()
    is_latest = models.BooleanField()

    def __str__(self) -> str:
        return f"{self.collection_id}/{self.seq}"


class Withdrawal(models.Model):
    """A log index whose object left the feed (deleted or erased). The log keeps its hash."""

    collection = models.ForeignKey(Collection, on_delete=models.PROTECT, db_index=False)
    seq = models.BigIntegerField()
    object_version = models.ForeignKey(ObjectVersion, on_delete=models.PROTECT, db_index=False)
    withdrawn_at = models.DateTimeField()
    reason = models.TextField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["collection", "seq"], name="one_withdrawal_an_entry")
        ]
        indexes = [
            models.Index(fields=["object_version", "collection"], name="withdrawal_of_version")
        ]

    def __str__(self) -> str:
        return f"{self.collection_id}/{self.seq}"
