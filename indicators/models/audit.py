"""The audit log: every privileged act and every read of raw identifiers."""

from django.db import models
from django.db.models.functions import Now


class AuditEvent(models.Model):
    """What somebody did. Rows are only ever added: a trigger refuses to change or delete them.

    `actor` is a person's, credential's or worker's name; `detail` never holds an identifier.
    """

    at = models.DateTimeField(db_default=Now())
    actor = models.CharField(max_length=200)
    act = models.CharField(max_length=64)
    subject = models.CharField(max_length=300)
    detail = models.JSONField(default=dict)

    class Meta:
        indexes = [
            models.Index(fields=["at"], name="audit_by_time"),
            models.Index(fields=["actor", "id"], name="audit_by_actor"),
            models.Index(fields=["act", "id"], name="audit_by_act"),
            # Found by how it begins, whatever the database's collation.
            models.Index(
                fields=["subject"], name="audit_by_subject", opclasses=["varchar_pattern_ops"]
            ),
        ]

    def __str__(self) -> str:
        return f"{self.actor} {self.act} {self.subject}"
