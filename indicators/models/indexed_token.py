"""The token index: which indicators hold a token. Written in the transaction that stores them."""

from django.db import models


class IndexedToken(models.Model):
    """A token in the newest version of an indicator that is not revoked, whoever published it.

    Partitioned by hash of the token (see the migration), so that a batch of tokens is looked up by
    hash whatever the store's size.
    """

    pk = models.CompositePrimaryKey("token", "stix_id")
    token = models.BinaryField(max_length=21)
    stix_id = models.CharField(max_length=300)

    def __str__(self) -> str:
        return f"token of {self.stix_id}"
