"""Node keys: this node's own Ed25519 keys, sealed."""

from django.db import models
from django.db.models.functions import Now


class NodeKey(models.Model):
    """An Ed25519 key of this node. The private half is sealed; see `keys.SigningKey.seal`."""

    class Purpose(models.TextChoices):
        """What a key may sign. The seal is bound to it."""

        LOG = "log", "checkpoints of this node's logs"
        OBJECT = "object", "objects of this organization (origin signatures)"
        REQUEST = "request", "requests to other nodes (RFC 9421)"
        WITNESS = "witness", "cosignatures of other nodes' checkpoints (C2SP tlog-cosignature)"

    purpose = models.TextField(choices=Purpose)
    public_key = models.BinaryField(unique=True, max_length=32)
    sealed_private = models.BinaryField()
    created_at = models.DateTimeField(db_default=Now())
    retired_at = models.DateTimeField(null=True, blank=True)
    # The key before it vouches for it (`peers.descriptor`), as readers pinned that one. `log_sizes`
    # says where it begins: {origin: entries that this node's logs had when it was made}.
    predecessor = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, blank=True, db_index=False
    )
    endorsement = models.BinaryField(max_length=64, null=True)
    log_sizes = models.JSONField(default=dict)

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
