"""Reviews: what people say to each other of a draft, a cluster or a finding. It stays here."""

from django.conf import settings
from django.db import models

from indicators.models.cluster import Cluster
from indicators.models.draft import Draft
from indicators.models.match import Match


class Act(models.TextChoices):
    """What somebody did when they said it."""

    SAID = "said", "Said"
    APPROVED = "approved", "Approved it"
    RETURNED = "returned", "Asked for changes"
    REJECTED = "rejected", "Rejected it"
    TRUE_POSITIVE = "true-positive", "Judged a finding: it was a campaign"
    FALSE_POSITIVE = "false-positive", "Judged a finding: it was not a campaign"
    INCONCLUSIVE = "inconclusive", "Judged a finding: nobody can say"


class Remark(models.Model):
    """A person's words on a cluster, or on the match that an answer is about; never shared.

    They outlive drafts: a later one takes a draft's place, and what was said of it still holds.
    `draft` is the one that was looked at, if any.
    """

    id = models.BigAutoField(primary_key=True)
    cluster = models.ForeignKey(Cluster, on_delete=models.PROTECT, null=True, db_index=False)
    match = models.ForeignKey(
        Match, on_delete=models.PROTECT, null=True, db_index=False, related_name="+"
    )
    draft = models.ForeignKey(
        Draft, on_delete=models.SET_NULL, null=True, db_index=False, related_name="+"
    )
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, db_index=False)
    said_at = models.DateTimeField()
    act = models.CharField(max_length=16, choices=Act, default=Act.SAID)
    text = models.TextField(blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(cluster__isnull=False) ^ models.Q(match__isnull=False),
                name="a_remark_is_of_one_thing",
            )
        ]
        indexes = [
            models.Index(
                fields=["cluster", "said_at"],
                name="remarks_of_cluster",
                condition=models.Q(cluster__isnull=False),
            ),
            models.Index(
                fields=["match", "said_at"],
                name="remarks_of_match",
                condition=models.Q(match__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"remark {self.id}"
