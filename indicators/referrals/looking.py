"""Referrals as people look at them: a page of the list, one of them, and who may get packs."""

from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode
from uuid import UUID

from django.contrib.auth.models import User
from django.db.models import Q

from indicators.models import Permission, Recipient, Referral, ReferralState
from indicators.referrals.content import Content, thaw

ROWS = 50


@dataclass(frozen=True, slots=True)
class Listed:
    """A page of referrals, the newest first; `newer` and `older` are query strings, "" for none."""

    rows: list[Referral]
    newer: str
    older: str


@dataclass(frozen=True, slots=True)
class Opened:
    """A referral with its frozen content, and what this person may do with it.

    `approvals`: (who, when); `why_not`: why this person can't approve, "" if they can.
    """

    row: Referral
    content: Content
    approvals: tuple[tuple[str, datetime], ...]
    why_not: str
    permissions: list[Permission]


def listed(state: str, campaign: str, before: tuple[datetime, UUID] | None) -> Listed:
    """The referrals before a place, on referrals_by_age or referrals_of_campaign."""
    rows = Referral.objects.select_related("recipient", "author").defer("content_zstd", "pack_zstd")
    if state:
        rows = rows.filter(state=state)
    if campaign:
        rows = rows.filter(campaign=campaign)
    if before is not None:
        at, last = before
        rows = rows.filter(made_at__lte=at).filter(Q(made_at__lt=at) | Q(pk__lt=last))
    found = list(rows.order_by("-made_at", "-pk")[: ROWS + 1])
    kept = {"state": state, "campaign": campaign}
    older = urlencode(_place(found[ROWS - 1]) | kept) if len(found) > ROWS else ""
    return Listed(found[:ROWS], urlencode(kept) if before else "", older)


def _place(row: Referral) -> dict[str, str]:
    return {"at": row.made_at.isoformat(), "before": str(row.pk)}


def opened(referral_id: UUID, by: User, *, reviews: bool) -> Opened | None:
    """One referral; None if there is none."""
    rows = Referral.objects.select_related(
        "recipient", "author", "first_approver", "second_approver", "sent_by"
    )
    row = rows.defer("pack_zstd").filter(pk=referral_id).first()
    if row is None:
        return None
    given = (
        (row.first_approver, row.first_approved_at),
        (row.second_approver, row.second_approved_at),
    )
    approvals = tuple((who.get_username(), at) for who, at in given if who and at)
    permissions = permissions_of(row.campaign, row.recipient)
    content = thaw(bytes(row.content_zstd))
    return Opened(row, content, approvals, _why_not(row, by, reviews=reviews), permissions)


def _why_not(row: Referral, by: User, *, reviews: bool) -> str:
    if row.state != ReferralState.DRAFT:
        return "It waits for no approval."
    if row.author_id == by.pk:
        return "You made it; two others have to approve it."
    if row.first_approver_id == by.pk:
        return "You approved it; somebody else has to as well."
    return "" if reviews else "Two reviewers have to approve it."


def permissions_of(campaign: str, recipient: Recipient) -> list[Permission]:
    """Which originators let their objects of a campaign go to a recipient, the ended ones last."""
    rows = Permission.objects.filter(campaign=campaign, recipient=recipient)
    return list(rows.select_related("originator", "recorded_by").order_by("-withdrawn_at", "pk"))


def waiting(by: User) -> int:
    """How many referrals wait for this person's approval (referrals_to_approve)."""
    rows = Referral.objects.filter(state=ReferralState.DRAFT).exclude(author=by)
    return rows.exclude(first_approver=by).count()
