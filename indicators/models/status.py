"""Statuses: what became of a TAXII POST, readable by the member who sent it."""

import uuid

from django.db import models

from indicators.models.collection import Collection
from indicators.models.member import Member


class Status(models.Model):
    """One POST. `payload` holds what is still pending, so that a worker's death loses nothing.

    `successes`, `failures` and `pendings` are JSON lists as TAXII renders them:
    {"id", "version", "message"?}.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    collection = models.ForeignKey(Collection, on_delete=models.CASCADE)
    member = models.ForeignKey(Member, on_delete=models.CASCADE)
    requested_at = models.DateTimeField()
    total_count = models.IntegerField()
    success_count = models.IntegerField(default=0)
    failure_count = models.IntegerField(default=0)
    successes = models.BinaryField(default=b"[]")
    failures = models.BinaryField(default=b"[]")
    pendings = models.BinaryField(default=b"[]")
    payload = models.BinaryField(null=True)
    # When a worker was last told of it, or last got on with it: whoever resumes waits from then on.
    handed_over_at = models.DateTimeField()

    class Meta:
        indexes = [
            models.Index(fields=["requested_at"], name="status_by_age"),
            models.Index(
                fields=["handed_over_at"],
                name="status_pending",
                condition=models.Q(payload__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return str(self.id)
