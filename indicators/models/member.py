"""Members: the organizations that exchange, this node's own among them."""

import uuid

from django.db import models


class Sector(models.TextChoices):
    LAB = "lab", "AI lab"
    CLOUD = "cloud", "Cloud provider"
    HUB = "hub", "Hub"
    AUTHORITY = "authority", "Authority"


class State(models.TextChoices):
    INVITED = "invited"
    ACTIVE = "active"
    SUSPENDED = "suspended"
    LEFT = "left"


class Reliability(models.TextChoices):
    """How far this node relies on a source (Admiralty scale, STIX 2.1 Appendix A)."""

    A = "A", "Completely reliable"
    B = "B", "Usually reliable"
    C = "C", "Fairly reliable"
    D = "D", "Not usually reliable"
    E = "E", "Unreliable"
    F = "F", "Cannot be judged"


class Member(models.Model):
    """An organization. Only an active one is served; what it contributed stays attributed to it."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=200, unique=True)
    identity_id = models.CharField(
        "STIX identity",
        max_length=64,
        unique=True,
        help_text="The identity object that names this organization in created_by_ref.",
    )
    sector = models.CharField(max_length=16, choices=Sector, default=Sector.LAB)
    state = models.CharField(max_length=16, choices=State, default=State.ACTIVE)
    reliability = models.CharField(
        max_length=1, choices=Reliability, default=Reliability.B, db_default=Reliability.B
    )
    is_self = models.BooleanField("this node's organization", default=False, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(
                fields=["is_self"], condition=models.Q(is_self=True), name="one_member_is_this_node"
            )
        ]

    def __str__(self) -> str:
        return self.name
