"""Data keys: what encrypts identifiers, themselves sealed by a key outside the database."""

from django.db import models
from django.db.models.functions import Now


class KeyPurpose(models.TextChoices):
    IDENTIFIERS = "identifiers", "Encrypts what detections say"
    DIGESTS = "digests", "Keys the digests and pseudonyms that tables compare; never rotated"


class DataKey(models.Model):
    """An AES-256 key, sealed with the node's key-encryption key. One a purpose is
    current; rotation adds one.

    A key that seals nothing any more is deleted: what a stolen backup still holds of its rows stays
    closed for good.
    """

    purpose = models.CharField(max_length=16, choices=KeyPurpose)
    sealed = models.BinaryField()
    created_at = models.DateTimeField(db_default=Now())
    retired_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["purpose"],
                condition=models.Q(retired_at=None),
                name="one_current_data_key_a_purpose",
            )
        ]

    def __str__(self) -> str:
        return f"data key {self.pk}"
