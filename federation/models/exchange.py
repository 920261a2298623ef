"""What is under way between this node and its peers: subscriptions, deliveries, pushes."""

import uuid

from django.db import models
from django.db.models.functions import Now

from federation.models.logs import Log
from federation.models.peers import Peer, PeerLog


class Subscription(models.Model):
    """A peer's collection that this node pulls, and how far. `inbox` is the local collection.

    `size`, `edge` (merkle.CompactRange), `added_after` and what they stand for change in the
    transaction that stores a page, and only from the size that the puller began with.
    """

    class State(models.TextChoices):
        ACTIVE = "active"
        PAUSED = "paused", "By a person"
        FROZEN = "frozen", "The log contradicts itself, or the peer floods; a person decides"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    peer = models.ForeignKey(Peer, on_delete=models.PROTECT, related_name="subscriptions")
    log = models.OneToOneField(PeerLog, on_delete=models.PROTECT, null=True)
    url = models.CharField(max_length=500, help_text="The collection's own TAXII URL")
    title = models.CharField(max_length=200, blank=True)
    inbox = models.UUIDField(unique=True)
    signatures_required = models.BooleanField(default=True)
    state = models.CharField(max_length=16, choices=State, default=State.ACTIVE)
    size = models.BigIntegerField(default=0)
    edge = models.BinaryField(default=b"")
    added_after = models.DateTimeField(null=True)
    objects_taken = models.BigIntegerField(default=0)
    # Health. `size_seen` is the largest checkpoint's: what is behind is the difference.
    size_seen = models.BigIntegerField(default=0)
    interval_seconds = models.IntegerField(default=60)
    next_pull_at = models.DateTimeField(db_default=Now())
    leased_until = models.DateTimeField(null=True)
    # Woken while a pull was under way: it looks once more before it ends.
    wanted_at = models.DateTimeField(null=True)
    pulled_at = models.DateTimeField(null=True)
    caught_up_at = models.DateTimeField(null=True)
    failures = models.IntegerField(default=0)
    failure = models.TextField(blank=True, default="", db_default="")
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["peer", "url"], name="one_subscription_a_collection")
        ]
        indexes = [
            models.Index(
                fields=["next_pull_at"],
                name="subscriptions_due",
                condition=models.Q(state="active"),
            )
        ]

    def __str__(self) -> str:
        return f"{self.title} of {self.peer_id}"


class Quarantined(models.Model):
    """An object that was served and not taken, with the reason; looked at again when keys change.

    `log_index` is its place in the peer's log, none for a plain server or what members posted.
    """

    subscription = models.ForeignKey(Subscription, on_delete=models.CASCADE)
    log_index = models.BigIntegerField(null=True)
    sha256 = models.BinaryField(max_length=32)
    stix_id = models.CharField(max_length=300)
    body = models.BinaryField()
    reason = models.TextField()
    # Whether another key or member state could let it pass.
    may_pass_later = models.BooleanField(default=False)
    found_at = models.DateTimeField(db_default=Now())
    checked_at = models.DateTimeField(db_default=Now())
    released_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["subscription", "sha256"], name="one_quarantined_a_content"
            )
        ]

    def __str__(self) -> str:
        return f"{self.stix_id}: {self.reason}"


class Gap(models.Model):
    """An entry of a peer's log that came without its object: withdrawn, or withheld."""

    pk = models.CompositePrimaryKey("subscription_id", "log_index")
    subscription = models.ForeignKey(Subscription, on_delete=models.CASCADE, db_index=False)
    log_index = models.BigIntegerField()
    entry = models.BinaryField(max_length=32)
    is_declared = models.BooleanField(help_text="The peer says that it was withdrawn")
    found_at = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return f"entry {self.log_index}"


class Delivery(models.Model):
    """How much of one of this node's logs a peer was told of, and how much it says to hold.

    `held_size` comes from a receipt, which the peer signed.
    """

    pk = models.CompositePrimaryKey("peer_id", "log_id")
    peer = models.ForeignKey(Peer, on_delete=models.CASCADE, db_index=False)
    log = models.ForeignKey(Log, on_delete=models.CASCADE)
    woken_size = models.BigIntegerField(default=0)
    woken_at = models.DateTimeField(null=True)
    failures = models.IntegerField(default=0)
    failure = models.TextField(blank=True, default="", db_default="")
    next_wake_at = models.DateTimeField(null=True)
    held_size = models.BigIntegerField(default=0)
    held_root = models.BinaryField(max_length=32, null=True)
    held_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"{self.held_size} of {self.log_id}"


class Push(models.Model):
    """One of this node's collections that is delivered to a peer's, and how far."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    peer = models.ForeignKey(Peer, on_delete=models.PROTECT, related_name="pushes")
    log = models.ForeignKey(Log, on_delete=models.PROTECT)
    url = models.CharField(max_length=500, help_text="The peer's collection, its own TAXII URL")
    is_active = models.BooleanField(default=True)
    # Entries before `size` were taken, or refused with a reason; up to `sent_size` they were sent,
    # and the status says what became of them.
    size = models.BigIntegerField(default=0)
    sent_size = models.BigIntegerField(default=0)
    status_url = models.CharField(max_length=500, blank=True, default="", db_default="")
    refused_count = models.BigIntegerField(default=0)
    last_refusal = models.TextField(blank=True, default="", db_default="")
    next_push_at = models.DateTimeField(db_default=Now())
    leased_until = models.DateTimeField(null=True)
    pushed_at = models.DateTimeField(null=True)
    failures = models.IntegerField(default=0)
    failure = models.TextField(blank=True, default="", db_default="")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["log", "url"], name="one_push_a_collection")]

    def __str__(self) -> str:
        return f"{self.log_id} to {self.url}"


class Cosignature(models.Model):
    """A peer's word that one of this node's checkpoints extends what it saw before.

    `line` is the note's signature line (C2SP tlog-cosignature), newline included.
    """

    log = models.ForeignKey(Log, on_delete=models.PROTECT, db_index=False)
    size = models.BigIntegerField()
    witness = models.CharField(max_length=300)
    line = models.TextField()
    signed_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["log", "size", "witness"], name="one_cosignature_a_witness"
            )
        ]

    def __str__(self) -> str:
        return f"{self.witness} on {self.log_id} at {self.size}"
