"""Detections: what detectors found, with everything personal encrypted."""

import uuid

from django.db import models

from indicators.models.cluster import Cluster
from indicators.models.credential import Credential
from indicators.models.data_key import DataKey
from indicators.models.detector import Detector
from indicators.models.draft import Draft


class Job(models.Model):
    """One POST of detections: its answer, kept so that a replay gets the same.

    Without a credential: what people submitted came by no API.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    credential = models.ForeignKey(Credential, on_delete=models.PROTECT, null=True)
    idempotency_key = models.CharField(max_length=200)
    # A keyed digest: the body's own would let a reader of the table guess small bodies.
    body_digest = models.BinaryField(max_length=32)
    received_at = models.DateTimeField()
    accepted_count = models.IntegerField()
    duplicate_count = models.IntegerField()
    rejected_count = models.IntegerField()
    results = models.BinaryField(help_text="JSON, a result a line, compressed by zstd")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["credential", "idempotency_key"], name="one_answer_an_idempotency_key"
            )
        ]

    def __str__(self) -> str:
        return str(self.id)


class Stage(models.TextChoices):
    """Where a detection is on its way out."""

    RECEIVED = "received", "Stored; its identifiers have no tokens yet"
    TOKENIZED = "tokenized", "Its tokens are made; no draft holds it yet"
    DRAFTED = "drafted", "In a draft, which may wait for a person"
    PUBLISHED = "published", "What may be shared of it is in a collection"
    WITHHELD = "withheld", "Nothing of it is shared, by a person's decision or an allow list"
    SUPERSEDED = "superseded", "A later revision took its place"
    FAILED = "failed", "Stopped with a reason; can be run again"


class Verdict(models.TextChoices):
    """What a person found of a detector's finding."""

    TRUE_POSITIVE = "true-positive", "It was a campaign"
    FALSE_POSITIVE = "false-positive", "It was not: the finding is closed"
    INCONCLUSIVE = "inconclusive", "Looked at, and nobody can say: not counted"


class Detection(models.Model):
    """One revision of one finding. `sealed` holds all that its line said but the accounts.

    `digest` is keyed, so that equal lines are recognized and small ones can't be guessed. After
    `expires_at` the identifiers are destroyed; tokens and what was published stay until they age.
    """

    id = models.BigAutoField(primary_key=True)
    uuid = models.UUIDField(unique=True)
    detector = models.ForeignKey(Detector, on_delete=models.PROTECT, db_index=False)
    uid = models.CharField(max_length=200, help_text="The detector's own name for the finding")
    revision = models.IntegerField()
    job = models.ForeignKey(Job, on_delete=models.PROTECT)
    cluster = models.ForeignKey(Cluster, on_delete=models.PROTECT, db_index=False)
    draft = models.ForeignKey(Draft, on_delete=models.SET_NULL, null=True, db_index=False)
    is_open = models.BooleanField()
    digest = models.BinaryField(max_length=32)
    data_key = models.ForeignKey(DataKey, on_delete=models.PROTECT, null=True, db_index=False)
    sealed = models.BinaryField(null=True)
    account_count = models.IntegerField()
    stage = models.CharField(max_length=16, choices=Stage, default=Stage.RECEIVED)
    stage_since = models.DateTimeField()
    failed_stage = models.CharField(max_length=16, blank=True, default="", db_default="")
    reason = models.TextField(blank=True, default="", db_default="")
    # What a person found: counted once a finding, whatever its revisions (detections.feedback).
    verdict = models.CharField(
        max_length=16, choices=Verdict, blank=True, default="", db_default=""
    )
    received_at = models.DateTimeField()
    expires_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["detector", "uid", "revision"], name="one_detection_a_revision"
            )
        ]
        indexes = [
            models.Index(fields=["cluster", "stage"], name="detections_of_cluster"),
            # Lists of one detector and stage, the newest first; all others are merged from these.
            models.Index(fields=["detector", "stage", "id"], name="detections_by_stage"),
            models.Index(
                fields=["draft"],
                name="detections_of_draft",
                condition=models.Q(draft__isnull=False),
            ),
            models.Index(
                fields=["stage", "stage_since"],
                name="detections_under_way",
                condition=models.Q(stage__in=["received", "tokenized", "failed"]),
            ),
            models.Index(
                fields=["expires_at"],
                name="detections_by_expiry",
                condition=models.Q(sealed__isnull=False),
            ),
            models.Index(
                fields=["data_key"],
                name="detections_by_data_key",
                condition=models.Q(data_key__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.uid} revision {self.revision}"


class Account(models.Model):
    """One account of a detection: its reference and identifiers, sealed together."""

    id = models.BigAutoField(primary_key=True)
    detection = models.ForeignKey(Detection, on_delete=models.CASCADE, db_index=False)
    number = models.IntegerField(help_text="Its place in the detection, from 0")
    data_key = models.ForeignKey(DataKey, on_delete=models.PROTECT, db_index=False)
    sealed = models.BinaryField()
    tokenized_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["detection", "number"], name="one_account_a_number")
        ]
        indexes = [
            models.Index(
                fields=["detection"],
                name="accounts_without_tokens",
                condition=models.Q(tokenized_at=None),
            ),
            models.Index(fields=["data_key"], name="accounts_by_data_key"),
            models.Index(
                fields=["tokenized_at"],
                name="accounts_by_age_of_tokens",
                condition=models.Q(tokenized_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"account {self.number} of detection {self.detection_id}"


class DetectedToken(models.Model):
    """A token of an account's identifier: what incoming indicators are matched with.

    Partitioned by hash of the token (see the migration). `token` is the 5 bytes that name the key
    and the 16 bytes of the value.
    """

    pk = models.CompositePrimaryKey("token", "account_id")
    token = models.BinaryField(max_length=21)
    account = models.ForeignKey(
        Account, on_delete=models.DO_NOTHING, db_index=False, db_constraint=False
    )
    detection = models.ForeignKey(
        Detection, on_delete=models.DO_NOTHING, db_index=False, db_constraint=False
    )
    kind = models.SmallIntegerField(help_text="Index in KINDS of federation.pseudonyms.normalize")

    def __str__(self) -> str:
        return f"token of account {self.account_id}"
