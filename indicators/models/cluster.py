"""Clusters: accounts that act together, and how their tokens are dealt out to indicators."""

from django.conf import settings
from django.db import models

from indicators.models.data_key import DataKey
from indicators.models.detector import Detector


class Cluster(models.Model):
    """The accounts that one detector saw act together; survives the replacement of accounts.

    `token` is the pseudonym of the detector's own key, 22 characters. `incarnation` counts
    re-openings: what was revoked stays revoked, so a re-opened cluster is drafted under new ids.
    """

    id = models.BigAutoField(primary_key=True)
    detector = models.ForeignKey(Detector, on_delete=models.PROTECT, db_index=False)
    token = models.CharField(max_length=22)
    incarnation = models.IntegerField(default=1)
    is_open = models.BooleanField(default=True)
    # Something changed that no draft shows yet. Set with the change, cleared with the draft.
    draft_due = models.BooleanField(default=False)
    due_since = models.DateTimeField(null=True)
    # What its open findings say together (`detections.facts.ClusterFacts`), sealed.
    data_key = models.ForeignKey(DataKey, on_delete=models.PROTECT, null=True, db_index=False)
    sealed_facts = models.BinaryField(null=True)
    # What a person wrote of it for peers to read, and who: another one has to approve that.
    description = models.TextField(blank=True, default="", db_default="")
    described_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, db_index=False
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["detector", "token"], name="one_cluster_a_key")
        ]
        indexes = [
            models.Index(fields=["detector", "is_open", "id"], name="clusters_of_detector"),
            models.Index(
                fields=["due_since"], name="clusters_due", condition=models.Q(draft_due=True)
            ),
        ]

    def __str__(self) -> str:
        return self.token


class Part(models.Model):
    """One token indicator of a cluster: up to 500 tokens of one kind and one key.

    Its number, and with it the indicator's id, stays the same while tokens come and go; only the
    last part takes new ones, and an emptied one never again. `version` counts changes of its seats,
    `published_version` says which of them the feed shows.
    """

    id = models.BigAutoField(primary_key=True)
    cluster = models.ForeignKey(Cluster, on_delete=models.PROTECT, db_index=False)
    incarnation = models.IntegerField()
    kind = models.SmallIntegerField()
    key_id = models.BinaryField(max_length=5)
    number = models.IntegerField()
    token_count = models.IntegerField()
    version = models.IntegerField(default=1)
    published_version = models.IntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["cluster", "incarnation", "kind", "key_id", "number"],
                name="one_part_a_number",
            )
        ]

    def __str__(self) -> str:
        return f"part {self.number} of cluster {self.cluster_id}"


class Seat(models.Model):
    """A token's place in a part of its cluster, while an open detection has it."""

    pk = models.CompositePrimaryKey("cluster_id", "token")
    cluster = models.ForeignKey(
        Cluster, on_delete=models.CASCADE, db_index=False, db_constraint=False
    )
    token = models.BinaryField(max_length=21)
    part = models.ForeignKey(Part, on_delete=models.CASCADE, db_constraint=False)

    def __str__(self) -> str:
        return f"seat in part {self.part_id}"


class Authored(models.Model):
    """An object that was published of a cluster: the way back from an answer to what it is about.

    `role` says which of the cluster's objects it is, e.g. `campaign` or `part/3`.
    """

    stix_id = models.CharField(primary_key=True, max_length=300)
    cluster = models.ForeignKey(Cluster, on_delete=models.PROTECT, db_index=False)
    incarnation = models.IntegerField()
    role = models.CharField(max_length=100)

    class Meta:
        indexes = [models.Index(fields=["cluster", "incarnation"], name="authored_of_cluster")]

    def __str__(self) -> str:
        return self.stix_id
