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
