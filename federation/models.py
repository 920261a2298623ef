"""Keys and logs as tables. `transparency.log` is the only writer of the three log tables.

A log is one head row, its tiles and its checkpoints; all three change in one transaction, so after
a crash at any point they agree. The migration adds what Django can't say: tiles are stored
uncompressed out of line (hashes don't compress), and a trigger refuses to change or delete a
signed checkpoint.
"""

from django.db import models
from django.db.models.functions import Now


class NodeKey(models.Model):
    """An Ed25519 key of this node. The private half is sealed; see `keys.SigningKey.seal`."""

    class Purpose(models.TextChoices):
        """What a key may sign. The seal is bound to it."""

        LOG = "log", "checkpoints of this node's logs"
        OBJECT = "object", "objects of this organization (origin signatures)"
        REQUEST = "request", "requests to other nodes (RFC 9421)"

    purpose = models.TextField(choices=Purpose)
    public_key = models.BinaryField(unique=True, max_length=32)
    sealed_private = models.BinaryField()
    created_at = models.DateTimeField(db_default=Now())
    retired_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["purpose"],
                condition=models.Q(retired_at=None),
                name="one_current_key_for_each_purpose",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.purpose} key {self.pk}"


class Log(models.Model):
    """The head of a collection's log; its row lock orders the writers of the collection."""

    id = models.UUIDField(primary_key=True)
    origin = models.TextField(unique=True)
    key = models.ForeignKey(NodeKey, on_delete=models.PROTECT)
    size = models.BigIntegerField(default=0)
    root = models.BinaryField(max_length=32)
    edge = models.BinaryField(help_text="merkle.CompactRange: all that an append must read")
    last_added = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(size__gte=0), name="log_size_not_negative"),
        ]

    def __str__(self) -> str:
        return self.origin


class Tile(models.Model):
    """Up to 256 hashes of 32 bytes; only the last tile of a level grows, and only at its end.

    Level 0 holds the log's *entries*, not their leaf hashes: `tile/entries` is this content with
    length prefixes, `tile/0` hashes it (0.1 ms), and neither can contradict the other. From level 1
    on the content is the tile of C2SP tlog-tiles.
    """

    pk = models.CompositePrimaryKey("log_id", "level", "index")
    log = models.ForeignKey(Log, on_delete=models.PROTECT, db_index=False)
    level = models.SmallIntegerField()
    index = models.BigIntegerField()
    content = models.BinaryField()

    def __str__(self) -> str:
        return f"{self.log_id} {self.level}/{self.index}"


class SignedCheckpoint(models.Model):
    """Every checkpoint this node ever signed: one for each append, 400 bytes with its index.

    All are kept: the primary key makes the database itself refuse a second root for one size, and
    readers who hold an old checkpoint can be answered with what was signed then.
    """

    pk = models.CompositePrimaryKey("log_id", "size")
    log = models.ForeignKey(Log, on_delete=models.PROTECT, db_index=False)
    size = models.BigIntegerField()
    note = models.TextField()
    signed_at = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return f"{self.log_id} at {self.size}"


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


class SeenNonce(models.Model):
    """A nonce of a signed request, remembered until the signature would be too old anyway."""

    pk = models.CompositePrimaryKey("key_id", "nonce")
    key_id = models.CharField(max_length=64)
    nonce = models.CharField(max_length=64)
    expires_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["expires_at"], name="nonces_by_expiry")]

    def __str__(self) -> str:
        return self.nonce
