"""How much a member may have evaluated: the bound on guessing, which is why it is hard."""

from datetime import UTC, datetime, time, timedelta

import msgspec
from django.conf import settings
from django.db import connection, transaction

from federation.errors import QuotaExceeded
from federation.models import Evaluation, QuotaUse


class Use(msgspec.Struct, frozen=True):
    """What a member has used of its quota today."""

    member: str
    kind: str
    epoch: int
    used: int
    allowed: int


def charge(member: str, kind: str, epoch: int, count: int, now: datetime) -> None:
    """Count a batch against the member's quota and log it, before it is evaluated.

    One statement decides, on the row's lock, so batches side by side can't pass together. If the
    node stops after this, a batch was charged that nobody got: the safe way round.
    Raises QuotaExceeded, and then charges nothing.
    """
    allowed = settings.TOKEN_QUOTA_PER_DAY
    today = now.astimezone(UTC).date()
    with transaction.atomic():
        with connection.cursor() as cursor:
            # On the primary key of federation_quotause.
            cursor.execute(
                "INSERT INTO federation_quotause AS quota (member, kind, epoch, day, used)"
                " SELECT %(member)s, %(kind)s, %(epoch)s, %(day)s, %(count)s::bigint"
                " WHERE %(count)s <= %(allowed)s"
                " ON CONFLICT (member, kind, epoch, day) DO UPDATE"
                " SET used = quota.used + excluded.used"
                " WHERE quota.used + excluded.used <= %(allowed)s",
                {
                    "member": member,
                    "kind": kind,
                    "epoch": epoch,
                    "day": today,
                    "count": count,
                    "allowed": allowed,
                },
            )
            charged = cursor.rowcount == 1
        if not charged:
            raise QuotaExceeded(
                f"The quota of {allowed} evaluations a day of kind {kind} would be exceeded; it "
                "begins again at 00:00 UTC.",
                _until_tomorrow(now),
            )
        Evaluation.objects.create(member=member, kind=kind, epoch=epoch, count=count, at=now)


def uses(now: datetime) -> list[Use]:
    """What members have used today, by member, kind and epoch."""
    rows = QuotaUse.objects.filter(day=now.astimezone(UTC).date())
    return [
        Use(row.member, row.kind, row.epoch, row.used, settings.TOKEN_QUOTA_PER_DAY)
        for row in rows.order_by("member", "kind", "epoch")
    ]


def _until_tomorrow(now: datetime) -> int:
    tomorrow = now.astimezone(UTC).date() + timedelta(days=1)
    return int((datetime.combine(tomorrow, time(), UTC) - now).total_seconds()) + 1
