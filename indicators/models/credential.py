"""API credentials: 256 random bits, stored as SHA-256; or the digest of a client certificate."""

import uuid

from django.db import models

from indicators.models.member import Member


class Credential(models.Model):
    """What a member's program shows at the door: an API key, a client certificate, or both.

    A slow password hash on every feed request would be a denial of service; 256 random bits need
    none.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    member = models.ForeignKey(Member, on_delete=models.CASCADE, related_name="credentials")
    name = models.CharField(
        max_length=100, unique=True, help_text="The user name for HTTP Basic; shown in logs."
    )
    key_sha256 = models.BinaryField(max_length=32, unique=True, null=True, editable=False)
    certificate_sha256 = models.BinaryField(max_length=32, unique=True, null=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["name"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(key_sha256__isnull=False)
                | models.Q(certificate_sha256__isnull=False),
                name="a_credential_proves_something",
            )
        ]

    def __str__(self) -> str:
        return self.name
