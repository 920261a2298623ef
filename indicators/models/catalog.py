"""The catalog: every object that is held, as people look for it, and what objects say of others.

It is derived: whatever is in it can be made again from the feeds (`indicators.catalog`).
"""

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVectorField
from django.db import models

from indicators.models.member import Member
from indicators.models.objects import TLP_CHOICES, ObjectVersion


class Standing(models.TextChoices):
    """What has become of an object: whether it still says something today."""

    LIVE = "live", "Live"
    EXPIRED = "expired", "Expired"
    REVOKED = "revoked", "Revoked"


class CatalogRow(models.Model):
    """The newest version of an object in any feed here, as lists and searches need it.

    `number` orders by what became known last; it is drawn anew when another version takes the
    place. `words` holds the text, and each filter as a word of its own (`catalog.words`), so that
    any question is one look into one index. `ends_at`: `valid_until`, or when decay ends it.
    """

    stix_id = models.CharField(primary_key=True, max_length=300)
    number = models.BigIntegerField(unique=True)
    type = models.CharField(max_length=250)
    # For people; "" where the object has none.
    name = models.CharField(max_length=300)
    summary = models.CharField(max_length=300)
    object_version = models.ForeignKey(
        ObjectVersion, on_delete=models.PROTECT, db_index=False, db_constraint=False
    )
    version = models.DateTimeField()
    received_at = models.DateTimeField()
    origin = models.ForeignKey(
        Member, on_delete=models.PROTECT, db_index=False, db_constraint=False
    )
    is_own = models.BooleanField()
    is_signed = models.BooleanField()
    tlp = models.SmallIntegerField(choices=TLP_CHOICES, null=True)
    confidence = models.SmallIntegerField(null=True)
    standing = models.CharField(max_length=8, choices=Standing)
    ends_at = models.DateTimeField(null=True)
    kinds = ArrayField(models.CharField(max_length=32), default=list)
    # Capabilities, techniques and other terms of our extensions, as the object states them.
    terms = ArrayField(models.CharField(max_length=100), default=list)
    token_count = models.IntegerField(default=0)
    collections = ArrayField(models.UUIDField(), default=list)
    words = SearchVectorField()

    class Meta:
        indexes = [
            # What joined lately is merged in after each batch: a search reads it one by one.
            GinIndex(fields=["words"], name="catalog_words", fastupdate=True),
            models.Index(fields=["type", "number"], name="catalog_by_type"),
            models.Index(
                fields=["ends_at"],
                name="catalog_by_end",
                condition=models.Q(standing="live", ends_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return self.name or self.stix_id


class Reference(models.Model):
    """What the newest version of the object `stix_id` says: `source` is `relation` of `target`.

    A relationship says it of two others; what refers by itself (a sighting, a report) is its own
    source, and the relation is the property's name without `_ref`. Revoked objects say nothing.
    """

    id = models.BigAutoField(primary_key=True)
    stix_id = models.CharField(max_length=300)
    source = models.CharField(max_length=300)
    relation = models.CharField(max_length=250)
    target = models.CharField(max_length=300)

    class Meta:
        indexes = [
            models.Index(fields=["stix_id"], name="references_said_by"),
            models.Index(fields=["source", "id"], name="references_from"),
            models.Index(fields=["target", "id"], name="references_to"),
        ]

    def __str__(self) -> str:
        return f"{self.source} {self.relation} {self.target}"


class Catalogued(models.Model):
    """How far into a collection's log its objects are in the catalog, in which form of rows."""

    collection_id = models.UUIDField(primary_key=True)
    size = models.BigIntegerField(default=0)
    form = models.SmallIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.size} of {self.collection_id}"


class DueRow(models.Model):
    """An object that left a feed: its row is made again, or goes.

    Written in the transaction of the withdrawal, deleted in the one that changes the row.
    """

    stix_id = models.CharField(primary_key=True, max_length=300)

    def __str__(self) -> str:
        return self.stix_id
