"""Referral packs: what is disclosed of a campaign to an authority or a provider, and who let it."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from indicators.models.member import Member
from indicators.models.objects import TLP_CHOICES
from indicators.stix import Tlp


class RecipientKind(models.TextChoices):
    AUTHORITY = "authority", "Authority"
    PROVIDER = "provider", "Provider (abuse desk)"


class Recipient(models.Model):
    """Who may get packs, and up to which marking. It reads no feed: packs are all that it gets."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=200, unique=True)
    kind = models.CharField(max_length=16, choices=RecipientKind)
    address = models.CharField(max_length=500, blank=True)
    max_tlp = models.SmallIntegerField(choices=TLP_CHOICES, default=Tlp.GREEN.rank)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class Permission(models.Model):
    """An originator's word that what it shared of a campaign may go to a recipient.

    TLP:AMBER and stricter leave this node's community only with it. `words` says how it was given.
    """

    originator = models.ForeignKey(Member, on_delete=models.PROTECT, related_name="+")
    recipient = models.ForeignKey(Recipient, on_delete=models.PROTECT, related_name="permissions")
    campaign = models.CharField(max_length=300)
    words = models.TextField()
    recorded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    recorded_at = models.DateTimeField()
    withdrawn_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["campaign", "recipient", "originator"],
                condition=Q(withdrawn_at=None),
                name="one_permission_at_a_time",
            )
        ]

    def __str__(self) -> str:
        return f"{self.originator_id} on {self.campaign}"


class ReferralState(models.TextChoices):
    DRAFT = "draft", "Waits for two people's approval"
    APPROVED = "approved", "Signed; may be sent"
    SENT = "sent", "Sent"
    WITHDRAWN = "withdrawn", "Given up before it was sent"


class Referral(models.Model):
    """A pack. Its content is frozen when it is made: what two people approve is what is sent.

    `content_zstd` is canonical JSON, compressed; all that is rendered comes from it alone.
    `pack_zstd` is what was rendered and signed with the second approval, the ZIP: what an authority
    was given stays the same bytes, whatever becomes of the software that rendered it. A trigger
    refuses to change either, and an approval that was given; the constraints refuse an author who
    approves, and one person who approves twice.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    campaign = models.CharField(max_length=300)
    title = models.CharField(max_length=300)
    recipient = models.ForeignKey(Recipient, on_delete=models.PROTECT, db_index=False)
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    state = models.CharField(max_length=16, choices=ReferralState, default=ReferralState.DRAFT)
    made_at = models.DateTimeField()
    content_zstd = models.BinaryField()
    object_count = models.IntegerField()
    excluded_count = models.IntegerField()
    first_approver = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
        db_index=False,
    )
    first_approved_at = models.DateTimeField(null=True)
    second_approver = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
        db_index=False,
    )
    second_approved_at = models.DateTimeField(null=True)
    # Detached, by this node's object key over the manifest; made with the second approval.
    jws = models.TextField(blank=True, default="", db_default="")
    public_key = models.BinaryField(max_length=32, null=True)
    pack_zstd = models.BinaryField(null=True, help_text="None: signed before packs were kept")
    sent_to = models.CharField(max_length=500, blank=True, default="", db_default="")
    sent_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
        db_index=False,
    )
    sent_at = models.DateTimeField(null=True)
    withdrawn_because = models.TextField(blank=True, default="", db_default="")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=(Q(first_approver=None) | ~Q(first_approver=F("author")))
                & (Q(second_approver=None) | ~Q(second_approver=F("author"))),
                name="an_author_never_approves",
            ),
            models.CheckConstraint(
                condition=Q(second_approver=None)
                | (Q(first_approver__isnull=False) & ~Q(second_approver=F("first_approver"))),
                name="two_people_approve",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["approved", "sent"])
                | (Q(second_approver__isnull=False) & ~Q(jws="")),
                name="nothing_is_sent_unapproved",
            ),
        ]
        indexes = [
            models.Index(fields=["-made_at", "-id"], name="referrals_by_age"),
            models.Index(fields=["campaign"], name="referrals_of_campaign"),
            models.Index(
                fields=["made_at"], name="referrals_to_approve", condition=Q(state="draft")
            ),
        ]

    def __str__(self) -> str:
        return self.title
