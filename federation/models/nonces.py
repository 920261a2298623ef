"""Nonces of signed requests."""

from django.db import models


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
