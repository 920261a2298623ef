"""Kept pages: full pages of the feed, compressed once."""

from django.db import models

from indicators.models.collection import Collection


class KeptPage(models.Model):
    """A full page of one collection's feed, after `after_seq` up to and with `last_seq`.

    Its borders never move, so pages laid out once stay aligned; when an object on it is superseded
    or withdrawn, the content (both encodings) is dropped and made anew by the next reader.
    """

    class View(models.TextChoices):
        LATEST = "latest"
        ALL = "all"

    collection = models.ForeignKey(Collection, on_delete=models.CASCADE, db_index=False)
    view = models.CharField(max_length=8, choices=View)
    after_seq = models.BigIntegerField()
    last_seq = models.BigIntegerField()
    entries = models.IntegerField()
    date_added_first = models.DateTimeField()
    date_added_last = models.DateTimeField()
    etag = models.CharField(max_length=32)
    # Names the rest that the bytes depend on: the form of the envelope, the key of its cursor.
    made_with = models.BinaryField(max_length=16)
    zstd = models.BinaryField(null=True)
    gzip = models.BinaryField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["collection", "view", "after_seq"], name="one_page_a_position"
            ),
            models.UniqueConstraint(
                fields=["collection", "view", "last_seq"], name="one_page_ends_here"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.collection_id} {self.view} after {self.after_seq}"
