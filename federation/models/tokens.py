"""Token keys, who asked for how much, and what other key-holders' keys were seen."""

from django.db import models
from django.db.models.functions import Now


class TokenKey(models.Model):
    """The key-holder's key for one (group, kind, epoch). The seed goes when the epoch has ended.

    Valid from `not_before`; `not_after` ends its own epoch, `dropped_at` the overlap with the next.
    """

    group = models.CharField(max_length=64)
    kind = models.CharField(max_length=32)
    epoch = models.IntegerField()
    public_key = models.BinaryField(max_length=32)
    sealed_seed = models.BinaryField(null=True)
    not_before = models.DateTimeField()
    not_after = models.DateTimeField()
    dropped_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["group", "kind", "epoch"], name="one_key_a_group_kind_and_epoch"
            )
        ]

    def __str__(self) -> str:
        return f"{self.group} {self.kind} epoch {self.epoch}"


class PinnedTokenKey(models.Model):
    """A public token key of somebody else's key-holder, as first seen: another one is refused."""

    holder = models.TextField()
    kind = models.CharField(max_length=32)
    epoch = models.IntegerField()
    public_key = models.BinaryField(max_length=32)
    not_before = models.DateTimeField()
    not_after = models.DateTimeField()
    dropped_at = models.DateTimeField()
    seen_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["holder", "kind", "epoch"], name="one_pinned_key_a_kind_and_epoch"
            )
        ]

    def __str__(self) -> str:
        return f"{self.holder} {self.kind} epoch {self.epoch}"


class QuotaUse(models.Model):
    """How many evaluations a member had of one kind and epoch on one day (UTC)."""

    pk = models.CompositePrimaryKey("member", "kind", "epoch", "day")
    member = models.CharField(max_length=100)
    kind = models.CharField(max_length=32)
    epoch = models.IntegerField()
    day = models.DateField()
    used = models.BigIntegerField()

    def __str__(self) -> str:
        return f"{self.member} {self.kind} on {self.day}"


class Evaluation(models.Model):
    """One batch that the key-holder evaluated: who, which kind, how many, when; nothing else."""

    member = models.CharField(max_length=100)
    kind = models.CharField(max_length=32)
    epoch = models.IntegerField()
    count = models.IntegerField()
    at = models.DateTimeField(db_default=Now())

    class Meta:
        indexes = [models.Index(fields=["at"], name="evaluations_by_time")]

    def __str__(self) -> str:
        return f"{self.count} of {self.member}"
