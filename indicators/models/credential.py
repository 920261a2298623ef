"""API credentials: 256 random bits, stored as SHA-256; or the digest of a client certificate."""

import uuid

from django.core.exceptions import ValidationError
from django.db import models

from federation.keys import KEY_BYTES
from indicators.models.detector import Detector
from indicators.models.member import Member


class Scope(models.TextChoices):
    """A door that a credential opens."""

    FEED = "feed", "TAXII: read and write collections, by grant"
    INGEST = "ingest", "Send detections and read their jobs"
    LOOKUP = "lookup", "Ask whether identifiers are known"
    FEEDBACK = "feedback", "Say what became of a match or a finding"
    TOKENS = "tokens", "Have identifiers evaluated by this node's key-holder"


def feed_only() -> list[str]:
    return [Scope.FEED]


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
    # What it may be used for; a key for one door opens no other.
    scopes = models.JSONField(default=feed_only)
    detector = models.ForeignKey(Detector, on_delete=models.PROTECT, null=True, blank=True)
    # Ed25519, for signed requests (RFC 9421). `must_sign`: unsigned requests are refused.
    public_key = models.BinaryField(max_length=32, null=True, editable=False)
    must_sign = models.BooleanField(default=False)
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

    def clean(self) -> None:
        """Scopes that exist, and a key for whoever must sign; raises ValidationError."""
        listed = isinstance(self.scopes, list) and self.scopes
        if not listed or any(scope not in Scope.values for scope in self.scopes):
            raise ValidationError(f"Scopes are a list of these: {', '.join(Scope.values)}.")
        if self.public_key is not None and len(self.public_key) != KEY_BYTES:
            raise ValidationError("The public key for signed requests has 32 bytes (Ed25519).")
        if self.must_sign and self.public_key is None:
            raise ValidationError("Who must sign requests needs a public key to verify them with.")
