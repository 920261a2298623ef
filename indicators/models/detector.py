"""Detectors: the services that find campaigns, and how far each is trusted."""

import uuid

from django.core.validators import RegexValidator
from django.db import models

from indicators.models.collection import Collection
from indicators.models.objects import TLP_CHOICES
from indicators.stix import Tlp


class Policy(models.TextChoices):
    """What becomes of a detector's drafts."""

    PUBLISH = "publish", "Published by itself, unless a condition asks for a person"
    REVIEW = "review", "Every draft is reviewed by a person"


class Detector(models.Model):
    """A registered detector service. Its counts are of reviewed findings; demotion is by them."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(
        max_length=64,
        unique=True,
        validators=[RegexValidator(r"^[a-z0-9][a-z0-9._-]{0,63}$", "Lower-case letters, digits.")],
    )
    version = models.CharField(max_length=64, blank=True)
    policy = models.CharField(max_length=16, choices=Policy, default=Policy.REVIEW)
    collection = models.ForeignKey(
        Collection,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        help_text="Where its objects are published; none: its drafts wait for one.",
    )
    tlp = models.SmallIntegerField(choices=TLP_CHOICES, default=Tlp.GREEN.rank)
    false_positive_rate = models.FloatField(
        null=True, blank=True, help_text="As measured by its makers, 0 to 1."
    )
    reviewed_count = models.IntegerField(default=0, editable=False)
    false_positive_count = models.IntegerField(default=0, editable=False)
    # What other organizations answered to what it found; counted apart: it demotes nobody.
    peer_confirmed_count = models.IntegerField(default=0, db_default=0, editable=False)
    peer_disputed_count = models.IntegerField(default=0, db_default=0, editable=False)
    demoted_at = models.DateTimeField(null=True, editable=False)
    demoted_because = models.TextField(blank=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name
