"""Submissions: what an analyst tells of a campaign, from the first word to the feed."""

import uuid

from django.conf import settings
from django.db import models

from indicators.models.cluster import Cluster
from indicators.models.data_key import DataKey


class SubmissionState(models.TextChoices):
    """Where its author left it. What became of what was sent is said by its newest draft."""

    EDITING = "editing", "Its author writes it"
    CHECKING = "checking", "A worker makes the draft that its author will look at"
    PREPARED = "prepared", "Its author looks at what peers will see"
    SENT = "sent", "With the reviewers, or beyond them"
    RETURNED = "returned", "A reviewer asked for changes"
    ABANDONED = "abandoned", "Given up by its author; what was published of it is taken back"


class Submission(models.Model):
    """One campaign as its author tells it, `cluster` once anything of it was prepared.

    Every word and identifier lies sealed in its pieces; here are only states, counts and times.
    `evidence_version` counts changes of the identifiers, `checked_version` says which of them a
    worker has read, `taken_version` which the detections hold. `due_since`: a worker has to look.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="submissions",
        db_index=False,
    )
    state = models.CharField(
        max_length=16, choices=SubmissionState, default=SubmissionState.EDITING
    )
    state_since = models.DateTimeField()
    created_at = models.DateTimeField()
    changed_at = models.DateTimeField()
    cluster = models.OneToOneField(Cluster, on_delete=models.PROTECT, null=True)
    # Of the findings that it comes to: what is told, and who the accounts are, in so many parts.
    revision = models.IntegerField(default=0)
    evidence_revision = models.IntegerField(default=0)
    evidence_parts = models.IntegerField(default=0)
    evidence_version = models.IntegerField(default=0)
    checked_version = models.IntegerField(default=0)
    taken_version = models.IntegerField(default=0)
    due_since = models.DateTimeField(null=True)
    # Why the worker could not go on, without any value.
    failure = models.TextField(blank=True, default="", db_default="")

    class Meta:
        indexes = [
            models.Index(fields=["author", "changed_at", "id"], name="submissions_of_author"),
            models.Index(
                fields=["due_since"],
                name="submissions_due",
                condition=models.Q(due_since__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return str(self.id)


class PieceRole(models.TextChoices):
    """What a piece holds."""

    TYPED = "typed", "The form as it was typed, checked or not"
    STATED = "stated", "What the form said when it was last prepared"
    PASTED = "pasted", "Identifiers that were pasted"
    UPLOADED = "uploaded", "Identifiers that were uploaded"
    CHECKED = "checked", "What a worker found in the identifiers: counts, and rows at fault"


class Piece(models.Model):
    """A sealed piece of a submission; large ones are several, numbered from 0."""

    id = models.BigAutoField(primary_key=True)
    submission = models.ForeignKey(
        Submission, on_delete=models.CASCADE, related_name="pieces", db_index=False
    )
    role = models.CharField(max_length=16, choices=PieceRole)
    number = models.IntegerField()
    data_key = models.ForeignKey(DataKey, on_delete=models.PROTECT, db_index=False)
    sealed = models.BinaryField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["submission", "role", "number"], name="one_piece_a_number"
            )
        ]
        indexes = [models.Index(fields=["data_key"], name="pieces_by_data_key")]

    def __str__(self) -> str:
        return f"{self.role} {self.number} of {self.submission_id}"
