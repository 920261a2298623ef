"""People: what each of this node's users may do here, and how they want to read."""

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models


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

    def __str__(self) -> str:
        return self.user.get_username()
