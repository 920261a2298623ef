"""Allow lists: research programmes, evaluation vendors; never shared, never matched."""

import uuid

from django.db import models

from indicators.models.data_key import DataKey


class Allowed(models.Model):
    """One identifier that is nobody's campaign, sealed like any other identifier.

    `kind` is a kind of identifier, or `email-domain` and `network` for all of a domain's addresses
    and all addresses of a network (CIDR).
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    kind = models.CharField(max_length=32)
    # Keyed: recognizes an entry that is there already without telling what it is.
    digest = models.BinaryField(max_length=32, unique=True)
    data_key = models.ForeignKey(DataKey, on_delete=models.PROTECT, db_index=False)
    sealed = models.BinaryField()
    reason = models.CharField(max_length=200, help_text="Whose it is and why; shown to analysts")
    added_by = models.CharField(max_length=150)
    added_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"{self.kind}: {self.reason}"
