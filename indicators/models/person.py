"""People: what each of this node's users may do here, and how they want to read."""

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Now


class Role(models.TextChoices):
    """What a person does here; several at once, but nobody decides on their own work."""

    ANALYST = "analyst", "Analyst: submits, looks at detections, decides on matches"
    REVIEWER = "reviewer", "Reviewer: decides what leaves this node"
    ADMINISTRATOR = "administrator", "Administrator: people, peers, collections, settings, audit"


class Person(models.Model):
    """What is known of a user beside name and password."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, primary_key=True, related_name="person"
    )
    roles = ArrayField(models.CharField(max_length=16, choices=Role), default=list)
    time_zone = models.CharField(max_length=64, default="UTC", db_default="UTC")
    #: Somebody else chose or read the password: its owner replaces it before anything else.
    must_change_password = models.BooleanField(default=False, db_default=False)

    def __str__(self) -> str:
        return self.user.get_username()


class Invitation(models.Model):
    """A link by which one person comes in, once; only the SHA-256 of its secret is kept.

    With `renews`, it is for somebody who is here: the password is set anew, and second factors.
    """

    digest = models.BinaryField(max_length=32, unique=True)
    roles = ArrayField(models.CharField(max_length=16, choices=Role), default=list)
    email = models.EmailField(blank=True)
    renews = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="+",
    )
    invited_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    created_at = models.DateTimeField(db_default=Now())
    expires_at = models.DateTimeField()
    accepted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    accepted_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(accepted_at=None) | models.Q(revoked_at=None),
                name="an_invitation_is_used_or_revoked",
            ),
        ]

    def __str__(self) -> str:
        return f"invitation {self.pk}"
