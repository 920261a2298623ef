"""Allowances: what a credential may still send to the ingest API."""

from django.db import models

from indicators.models.credential import Credential


class Allowance(models.Model):
    """A bucket that refills as time passes, up to a minute's worth (`ingest.limits`).

    The table is unlogged (see the migration): after a crash of the database everybody starts with
    full buckets, and no request waits for the disk.
    """

    pk = models.CompositePrimaryKey("credential_id", "what")
    credential = models.ForeignKey(Credential, on_delete=models.CASCADE, db_index=False)
    what = models.CharField(max_length=16)
    remaining = models.FloatField()
    as_of = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.what} of {self.credential_id}"
