"""Objects: who owns an id, every version's canonical bytes, and contradictions kept as evidence."""

from django.db import models

from indicators.models.member import Member
from indicators.stix import Tlp

TLP_CHOICES = [(tlp.rank, f"TLP:{tlp.value.upper()}") for tlp in Tlp]


class ObjectId(models.Model):
    """The first to store an id owns it: only that member may add versions or withdraw it.

    Ids that content determines (observables) have no owner.
    """

    id = models.CharField(primary_key=True, max_length=300)
    owner = models.ForeignKey(
        Member, on_delete=models.PROTECT, null=True, db_constraint=False, db_index=False
    )

    def __str__(self) -> str:
        return self.id


class ObjectVersion(models.Model):
    """One version of one object: the same bytes in every collection that publishes it.

    `version` is `modified`, else `created`, else the date_added of the first storage. An erased
    version has no body: its hash stays, here and in every log.
    """

    id = models.BigAutoField(primary_key=True)
    stix_id = models.CharField(max_length=300)
    type = models.CharField(max_length=250)
    version = models.DateTimeField()
    created_by_ref = models.CharField(max_length=64, null=True)  # noqa: DJ001 - absent in the object
    tlp = models.SmallIntegerField(choices=TLP_CHOICES, null=True)
    revoked = models.BooleanField()
    sha256 = models.BinaryField(max_length=32)
    body = models.BinaryField(null=True)
    contributor = models.ForeignKey(
        Member, on_delete=models.PROTECT, db_constraint=False, db_index=False
    )
    # Thumbprint of the key whose origin signature was verified; none: shown as unsigned.
    signed_by = models.CharField(max_length=43, null=True)  # noqa: DJ001 - there is no such key
    received_at = models.DateTimeField()
    erased_at = models.DateTimeField(null=True)
    erased_because = models.TextField(blank=True, default="", db_default="")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["stix_id", "version"], name="one_content_a_version"),
            models.CheckConstraint(
                condition=models.Q(body__isnull=False) | models.Q(erased_at__isnull=False),
                name="only_erasure_removes_a_body",
            ),
        ]
        indexes = [
            models.Index(
                fields=["stix_id", "version"],
                name="revoked_versions",
                condition=models.Q(revoked=True),
            )
        ]

    def __str__(self) -> str:
        return f"{self.stix_id} {self.version.isoformat()}"


class Contradiction(models.Model):
    """A second content under an id and version that we hold (equivocation): evidence, never served.

    The first content stays in the log that published it; this row says that it is disputed.
    """

    stix_id = models.CharField(max_length=300)
    version = models.DateTimeField()
    sha256 = models.BinaryField(max_length=32)
    body = models.BinaryField()
    held_sha256 = models.BinaryField(max_length=32)
    contributor = models.ForeignKey(Member, on_delete=models.PROTECT)
    received_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["stix_id", "version", "sha256"], name="one_row_a_contradiction"
            )
        ]

    def __str__(self) -> str:
        return f"{self.stix_id} {self.version.isoformat()}"
