"""Decisions on matches that can still be taken back: nothing of them has happened yet."""

from django.conf import settings
from django.db import models

from indicators.models.match import Match, MatchState


class HeldDecision(models.Model):
    """What a person decided in the pages on one match, until the time for second thoughts is over.

    Then it is applied as if decided that moment, and the row goes; undone, it only goes. `act` is
    the same for all that were decided at once. With a `failure` it stays: a person looks at it.
    """

    id = models.BigAutoField(primary_key=True)
    act = models.UUIDField()
    match = models.OneToOneField(Match, on_delete=models.CASCADE, related_name="held")
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, db_index=False, related_name="+"
    )
    state = models.CharField(max_length=20, choices=MatchState)
    note = models.TextField(blank=True)
    reaction = models.CharField(max_length=32, blank=True)
    explanation = models.TextField(blank=True)
    is_sure = models.BooleanField(default=False)
    held_at = models.DateTimeField()
    due_at = models.DateTimeField()
    failure = models.TextField(blank=True, default="", db_default="")

    class Meta:
        indexes = [
            models.Index(
                fields=["due_at"], name="held_decisions_due", condition=models.Q(failure="")
            ),
            models.Index(fields=["person"], name="held_decisions_of_person"),
        ]

    def __str__(self) -> str:
        return f"{self.state} of match {self.match_id}"
