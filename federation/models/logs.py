"""Logs: one head row, its tiles and its checkpoints; all three change in one transaction.

`transparency.log` is the only writer. After a crash at any point they agree. The migration adds
what Django can't say: tiles are stored uncompressed out of line (hashes don't compress), and a
trigger refuses to change or delete a signed checkpoint.
"""

from django.db import models
from django.db.models.functions import Now

from federation.models.keys import NodeKey


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
