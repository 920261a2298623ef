"""Notices: what people are told without having asked, and what other programs are told."""

import uuid

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models


class Cause(models.TextChoices):
    """Why somebody is told. A cause says who: `notices.sources` knows the roles."""

    REVIEW = "review", "Drafts wait for a reviewer"
    DECIDED = "decided", "Somebody decided on what you wrote"
    LEADS = "leads", "New leads of the day"
    PEER = "peer", "A peer raised an alarm, or a log of it is frozen"
    DETECTOR = "detector", "A detector is not trusted to publish any more"
    REFERRAL = "referral", "Referrals wait for approval"
    WEBHOOK = "webhook", "A webhook was disabled"


class Told(models.Model):
    """What was noticed last of a cause and its subject: the sweep compares, and tells what is new.

    `at` is when the newest of it came to be; `count` how many there are now, 0 when it is over.
    `subject` is empty, or the id of what it is about.
    """

    id = models.BigAutoField(primary_key=True)
    cause = models.CharField(max_length=16, choices=Cause)
    subject = models.CharField(max_length=100, blank=True)
    at = models.DateTimeField()
    count = models.IntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["cause", "subject"], name="told_once_a_subject")
        ]

    def __str__(self) -> str:
        return f"{self.cause} {self.subject}"


class Notice(models.Model):
    """One person's notice of one cause and subject; what comes later is counted in the same row."""

    id = models.BigAutoField(primary_key=True)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, db_index=False)
    cause = models.CharField(max_length=16, choices=Cause)
    subject = models.CharField(max_length=100, blank=True)
    count = models.IntegerField()
    at = models.DateTimeField()
    read_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["user", "cause", "subject"], name="one_notice_a_subject"
            )
        ]
        indexes = [
            models.Index(fields=["user", "at"], name="notices_of_person"),
            models.Index(fields=["user"], name="unread_notices", condition=models.Q(read_at=None)),
        ]

    def __str__(self) -> str:
        return f"{self.cause} {self.subject}"


class Digest(models.TextChoices):
    OFF = "off", "No e-mail"
    DAILY = "daily", "Once a day, if there is anything unread"
    WEEKLY = "weekly", "Once a week, if there is anything unread"


class NoticeChoice(models.Model):
    """How a person wants to be told. `muted` causes make no notices; no row is the default."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, primary_key=True, related_name="+"
    )
    digest = models.CharField(max_length=8, choices=Digest, default=Digest.OFF)
    muted = ArrayField(models.CharField(max_length=16, choices=Cause), default=list)
    # When the next digest may go out; moved ahead before it is sent, so that none goes out twice.
    next_digest_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(
                fields=["next_digest_at"],
                name="digests_due",
                condition=~models.Q(digest="off"),
            )
        ]

    def __str__(self) -> str:
        return self.digest


class Webhook(models.Model):
    """A program that is told of causes by signed POSTs (Standard Webhooks).

    The secret is sealed under the key-encryption key, and shown once.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    url = models.CharField(max_length=500)
    events = ArrayField(models.CharField(max_length=16, choices=Cause))
    sealed_secret = models.BinaryField()
    # Loopback and private addresses, as closed networks need.
    allow_private = models.BooleanField(default=False)
    created_by = models.CharField(max_length=150)
    created_at = models.DateTimeField()
    disabled_at = models.DateTimeField(null=True)
    disabled_because = models.TextField(blank=True, default="", db_default="")

    class Meta:
        ordering = ["created_at", "id"]

    def __str__(self) -> str:
        return self.url


class Dispatch(models.Model):
    """One message to one webhook, until it is taken or given up. `body` holds no identifier.

    Its id is the `webhook-id` of every attempt: who gets it twice can tell.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    webhook = models.ForeignKey(Webhook, on_delete=models.CASCADE, db_index=False)
    event = models.CharField(max_length=16, choices=Cause)
    body = models.BinaryField()
    created_at = models.DateTimeField()
    # Moved ahead before each attempt: one that dies with its worker is made again.
    next_try_at = models.DateTimeField(null=True)
    tries = models.IntegerField(default=0)
    status = models.IntegerField(null=True)
    failure = models.TextField(blank=True, default="", db_default="")
    ended_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["webhook", "created_at"], name="dispatches_of_webhook"),
            models.Index(
                fields=["next_try_at"],
                name="dispatches_due",
                condition=models.Q(next_try_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return str(self.id)
