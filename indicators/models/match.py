"""Matches: leads that an indicator gives on a local cluster, and what is still to be compared."""

import uuid

from django.conf import settings
from django.db import models

from indicators.models.cluster import Cluster
from indicators.models.member import Member
from indicators.models.objects import TLP_CHOICES


class Semantics(models.TextChoices):
    """How an indicator is to be matched (extension token-indicator)."""

    EXACT = "exact", "Any one token"
    CANDIDATE = "candidate", "At least min_matches tokens of one cluster"
    BEHAVIOUR = "behaviour", "A pattern over traffic aggregates"


class KnownIndicator(models.Model):
    """The newest served version of an indicator that can be matched, as matching needs it.

    `subject` is the object that it indicates, by a relationship, else itself. `is_live`: neither
    revoked nor past `ends_at`: `valid_until`, or when decay leaves less than `revoke_score` of its
    confidence, whichever is first. Confidence and decay are the author's, not yet aged.
    """

    stix_id = models.CharField(primary_key=True, max_length=300)
    version = models.DateTimeField()
    origin = models.ForeignKey(Member, on_delete=models.PROTECT, db_index=False)
    is_own = models.BooleanField()
    is_live = models.BooleanField()
    semantics = models.CharField(max_length=16, choices=Semantics)
    min_matches = models.IntegerField(default=1)
    token_count = models.IntegerField(default=0)
    pattern = models.TextField(blank=True, help_text="Of behaviour indicators only")
    confidence = models.SmallIntegerField(null=True)
    is_first_party = models.BooleanField()
    # Every token of it was known here from others before: it adds nothing to their word.
    echo_of = models.CharField(max_length=300, blank=True)
    lifetime_days = models.FloatField(null=True)
    decay_speed = models.FloatField(default=1)
    revoke_score = models.SmallIntegerField(default=0)
    modified = models.DateTimeField()
    valid_until = models.DateTimeField(null=True)
    ends_at = models.DateTimeField(null=True)
    tlp = models.SmallIntegerField(choices=TLP_CHOICES, null=True)
    subject = models.CharField(max_length=300)
    inbox = models.UUIDField(null=True, help_text="The collection that brought it first")

    class Meta:
        indexes = [
            models.Index(fields=["subject"], name="indicators_of_subject"),
            models.Index(
                fields=["ends_at"],
                name="indicators_by_end",
                condition=models.Q(is_live=True, ends_at__isnull=False),
            ),
            models.Index(
                fields=["stix_id"],
                name="behaviour_indicators",
                condition=models.Q(is_live=True, semantics="behaviour"),
            ),
        ]

    def __str__(self) -> str:
        return self.stix_id


class Indication(models.Model):
    """The newest version of an `indicates` relationship: what an indicator's origin says it is of.

    It may come before or after its indicator. Only the word of the indicator's own origin counts.
    """

    stix_id = models.CharField(primary_key=True, max_length=300)
    version = models.DateTimeField()
    origin = models.ForeignKey(Member, on_delete=models.PROTECT, db_index=False)
    indicator = models.CharField(max_length=300)
    subject = models.CharField(max_length=300)
    is_revoked = models.BooleanField()

    class Meta:
        indexes = [models.Index(fields=["indicator"], name="indications_of_indicator")]

    def __str__(self) -> str:
        return f"{self.indicator} indicates {self.subject}"


class MatchState(models.TextChoices):
    """What a person found. A match is a lead."""

    OPEN = "open", "A lead that nobody has looked at"
    CONFIRMED = "confirmed", "The same actor: shared as a sighting"
    FALSE_POSITIVE = "false-positive", "Not the same: shared as an opinion"
    NEEDS_INFORMATION = "needs-information", "Asked back, or waits for more"


class Match(models.Model):
    """An indicator of another organization and a cluster of this node, with what they share.

    `kinds` counts the matched tokens by kind (of behaviour: the matched windows, under
    `ai-traffic-aggregate`), one epoch's where two overlap. `account_count` is 0 where only prompts
    match, which are of the whole cluster. A retired match is one whose indicator was revoked,
    expired or decayed, or whose tokens are gone; what a person decided of it stays.
    """

    id = models.BigAutoField(primary_key=True)
    uuid = models.UUIDField(unique=True, default=uuid.uuid4)
    cluster = models.ForeignKey(Cluster, on_delete=models.PROTECT, db_index=False)
    stix_id = models.CharField(max_length=300)
    semantics = models.CharField(max_length=16, choices=Semantics)
    kinds = models.JSONField(default=dict)
    token_count = models.IntegerField()
    account_count = models.IntegerField()
    state = models.CharField(max_length=20, choices=MatchState, default=MatchState.OPEN)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, db_index=False
    )
    decided_at = models.DateTimeField(null=True)
    note = models.TextField(blank=True, default="", db_default="", help_text="Stays here")
    found_at = models.DateTimeField()
    changed_at = models.DateTimeField()
    retired_at = models.DateTimeField(null=True)
    retired_because = models.CharField(max_length=100, blank=True, default="", db_default="")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["cluster", "stix_id"], name="one_match_each")
        ]
        indexes = [
            models.Index(fields=["stix_id"], name="matches_of_indicator"),
            models.Index(
                fields=["state", "changed_at"],
                name="matches_to_triage",
                condition=models.Q(retired_at=None),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.stix_id} on cluster {self.cluster_id}"


class DueMatch(models.Model):
    """A detection with new tokens (or a whole cluster, detection 0, that lost some) to be matched.

    Written in the transaction that changes the tokens, deleted in the one that stores the matches.
    """

    pk = models.CompositePrimaryKey("cluster_id", "detection_id")
    cluster = models.ForeignKey(
        Cluster, on_delete=models.CASCADE, db_index=False, db_constraint=False
    )
    detection_id = models.BigIntegerField()
    since = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["since"], name="due_matches_by_age")]

    def __str__(self) -> str:
        return f"detection {self.detection_id} of cluster {self.cluster_id}"


class Reconciled(models.Model):
    """How far into a collection's log its objects were reconciled; moves with what was found."""

    collection_id = models.UUIDField(primary_key=True)
    size = models.BigIntegerField(default=0)
    at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"{self.size} of {self.collection_id}"


class Answer(models.Model):
    """A sighting or opinion on somebody's object: what an organization says of it.

    `kind` is sighting or opinion, which may be on several objects; `cluster` is set where the
    object is this node's own.
    """

    id = models.BigAutoField(primary_key=True)
    stix_id = models.CharField(max_length=300)
    version = models.DateTimeField()
    kind = models.CharField(max_length=16)
    target = models.CharField(max_length=300)
    origin = models.ForeignKey(Member, on_delete=models.PROTECT, db_index=False)
    cluster = models.ForeignKey(Cluster, on_delete=models.PROTECT, null=True, db_index=False)
    is_own = models.BooleanField()
    is_revoked = models.BooleanField()
    # Of sightings: accounts or times seen. Of opinions: agreement from -2 (strongly disagree) to 2.
    count = models.IntegerField(default=0)
    stance = models.SmallIntegerField(default=0)
    reaction = models.CharField(max_length=32, blank=True)
    matched_account_count = models.IntegerField(null=True)
    false_positive_count = models.IntegerField(null=True)
    confidence = models.SmallIntegerField(null=True)
    said_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["stix_id", "target"], name="one_answer_an_object")
        ]
        indexes = [
            models.Index(fields=["target"], name="answers_to_object"),
            models.Index(
                fields=["cluster"],
                name="answers_about_cluster",
                condition=models.Q(cluster__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} of {self.target}"
