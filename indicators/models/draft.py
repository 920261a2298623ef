"""Drafts: what would be published, exactly, and who decided that it may be."""

import uuid

from django.conf import settings
from django.db import models

from indicators.models.cluster import Cluster
from indicators.models.collection import Collection


class DraftState(models.TextChoices):
    PREPARED = "prepared", "Its author looks at it before anybody else does"
    REVIEW = "review", "Waits for a person"
    RETURNED = "returned", "Back with its author: a reviewer asked for changes"
    APPROVED = "approved", "Will be published as it is"
    PUBLISHED = "published", "In its collection"
    REJECTED = "rejected", "Nothing of it is shared"
    SUPERSEDED = "superseded", "A later draft of the same cluster took its place"
    FAILED = "failed", "Could not be published; says why, and can be run again"


#: A cluster, or an answered match, has one draft in one of these states: the next takes its place.
LIVE = ["prepared", "review", "returned", "approved", "failed"]


class Draft(models.Model):
    """The objects that a cluster's detections become, before anybody signs them.

    `objects` are canonical bytes without signatures, an object a line, compressed: a reviewer sees
    what peers will see. `author` is a person, or nobody where a detector's detections made it;
    whoever decides is never the author, and the database says so itself.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    cluster = models.ForeignKey(Cluster, on_delete=models.PROTECT, null=True, db_index=False)
    collection = models.ForeignKey(Collection, on_delete=models.PROTECT, null=True, db_index=False)
    state = models.CharField(max_length=16, choices=DraftState)
    created_at = models.DateTimeField()
    # An answer to what others shared, not a cluster of ours: the match that it is about.
    match = models.ForeignKey(
        "indicators.Match", on_delete=models.PROTECT, null=True, db_index=False, related_name="+"
    )
    objects_zstd = models.BinaryField()
    object_count = models.IntegerField()
    # Which version of which part it shows: [[part, version], …]; and each object's role, by id.
    parts = models.JSONField(default=list)
    roles = models.JSONField(default=dict)
    # What was tokenized, what was withheld and why: {"tokenized": …, "withheld": …}.
    preview = models.JSONField(default=dict)
    review_reasons = models.JSONField(default=list)
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        related_name="authored_drafts",
        db_index=False,
    )
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        related_name="decided_drafts",
        db_index=False,
    )
    decided_at = models.DateTimeField(null=True)
    decision_reason = models.TextField(blank=True, default="", db_default="")
    failure = models.TextField(blank=True, default="", db_default="")
    state_since = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(author=None)
                | models.Q(decided_by=None)
                | ~models.Q(decided_by=models.F("author")),
                name="an_author_never_decides",
            ),
            models.UniqueConstraint(
                fields=["cluster"],
                condition=models.Q(state__in=LIVE),
                name="one_live_draft_a_cluster",
            ),
            models.UniqueConstraint(
                fields=["match"],
                condition=models.Q(state__in=LIVE),
                name="one_live_answer_a_match",
            ),
        ]
        indexes = [
            models.Index(fields=["cluster", "created_at"], name="drafts_of_cluster"),
            models.Index(
                fields=["match", "created_at"],
                name="drafts_of_match",
                condition=models.Q(match__isnull=False),
            ),
            models.Index(
                fields=["state", "state_since"],
                name="drafts_under_way",
                condition=models.Q(state__in=LIVE),
            ),
            models.Index(
                fields=["decided_at"],
                name="drafts_by_decision",
                condition=models.Q(decided_by__isnull=False),
            ),
            models.Index(
                fields=["state_since"],
                name="drafts_by_publication",
                condition=models.Q(state="published"),
            ),
        ]

    def __str__(self) -> str:
        return str(self.id)
