"""Errands: what an administrator sends a worker out for, so that no page waits for a peer."""

from django.db import models
from django.db.models.functions import Now

from federation.models import Peer


class ErrandKind(models.TextChoices):
    ADD = "add", "Read a node's descriptor"
    REFRESH = "refresh", "Read the descriptor again"
    CONFIRM = "confirm", "Pin a peer anew that lost its keys"
    OFFERS = "offers", "Ask what it offers"
    SUBSCRIBE = "subscribe", "Subscribe to its collections"
    PUSH = "push", "Deliver a collection to it"
    RELAY = "relay", "Republish what it sends"
    RECHECK = "recheck", "Look at its quarantine again"
    WITHHOLD = "withhold", "Take back what is on the allow list by now"


class Errand(models.Model):
    """One question or act that takes as long as it takes, and what came of it.

    It is done when `ended_at` is set; `failure` then says why in vain. One whose worker died is
    taken again once its lease, which begins at `taken_at`, is over.
    """

    kind = models.CharField(max_length=16, choices=ErrandKind)
    peer = models.ForeignKey(Peer, on_delete=models.CASCADE, null=True, related_name="+")
    arguments = models.JSONField(default=dict)
    asked_by = models.CharField(max_length=150)
    asked_at = models.DateTimeField(db_default=Now())
    taken_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    failure = models.TextField(blank=True, default="", db_default="")
    result = models.JSONField(default=dict)

    class Meta:
        indexes = [
            models.Index(
                fields=["asked_at"],
                name="errands_waiting",
                condition=models.Q(ended_at=None),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} by {self.asked_by}"
