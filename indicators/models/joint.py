"""Joint clusters: what several organizations see of one actor, held together by shared tokens."""

import uuid

from django.db import models

from indicators.models.member import Member


class JointCluster(models.Model):
    """Subjects (account networks, campaigns, indicators) that shared tokens and matches connect.

    Its id outlives the change of its members: the larger part keeps it when it splits, the older
    cluster when two merge. What it says of origins and confidence is computed by this node alone
    (`reconcile.confidence`); `terms` explains it.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    formed_at = models.DateTimeField()
    changed_at = models.DateTimeField()
    merged_into = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, related_name="+", db_index=False
    )
    ended_at = models.DateTimeField(null=True)
    subject_count = models.IntegerField(default=0)
    # Distinct organizations with first-party evidence, by identity; this node's own among them.
    origins = models.JSONField(default=list)
    confidence = models.FloatField(default=0)
    terms = models.JSONField(default=list)
    assessed_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(
                fields=["assessed_at"],
                name="joint_clusters_by_age",
                condition=models.Q(ended_at=None),
            )
        ]

    def __str__(self) -> str:
        return str(self.id)


class JointSubject(models.Model):
    """A subject in its joint cluster: a STIX id, or `cluster/<number>` for one of this node that
    nobody has been told of.
    """

    subject = models.CharField(primary_key=True, max_length=300)
    joint = models.ForeignKey(JointCluster, on_delete=models.PROTECT, related_name="subjects")
    origin = models.ForeignKey(Member, on_delete=models.PROTECT, db_index=False)
    joined_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.subject


class JointEdge(models.Model):
    """Why two subjects belong together; `first` < `second`. `kinds` counts what they share."""

    pk = models.CompositePrimaryKey("first", "second")
    first = models.CharField(max_length=300)
    second = models.CharField(max_length=300)
    kinds = models.JSONField(default=dict)
    token_count = models.IntegerField(default=0)
    found_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["second"], name="edges_by_second")]

    def __str__(self) -> str:
        return f"{self.first} and {self.second}"


class JointLink(models.Model):
    """What two holders share: indicators, or an indicator and a cluster of this node
    (`cluster/<number>`), with the subjects that they stood for when it was found.

    `first_subject` < `second_subject`; an edge is the sum of its links. A link of an indicator with
    itself says of what it is, and is part of no edge. Whatever changes of a holder, its links are
    found by it and made anew, so a change costs by its own size.
    """

    pk = models.CompositePrimaryKey("first", "second")
    first = models.CharField(max_length=300)
    second = models.CharField(max_length=300)
    first_subject = models.CharField(max_length=300)
    second_subject = models.CharField(max_length=300)
    kinds = models.JSONField(default=dict)

    class Meta:
        indexes = [
            models.Index(fields=["second"], name="links_by_second"),
            models.Index(fields=["first_subject", "second_subject"], name="links_of_edge"),
        ]

    def __str__(self) -> str:
        return f"{self.first} and {self.second}"


class JointEvent(models.Model):
    """What became of a joint cluster: formed, joined, left, merged (`other` into it), split off."""

    joint = models.ForeignKey(JointCluster, on_delete=models.PROTECT, related_name="events")
    what = models.CharField(max_length=16)
    other = models.ForeignKey(
        JointCluster, on_delete=models.PROTECT, null=True, related_name="+", db_index=False
    )
    subjects = models.JSONField(default=list)
    at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["joint", "at"], name="events_of_joint_cluster")]

    def __str__(self) -> str:
        return f"{self.what} {self.joint_id}"
