"""Collections: one collection = one audience = one log."""

import uuid

from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models

from indicators.models.member import Member, Sector
from indicators.stix import Tlp


class Audience(models.TextChoices):
    """Who a collection is for. It decides the strictest marking that the collection may take."""

    PUBLIC = "public", "Anyone (TLP:CLEAR)"
    COMMUNITY = "community", "The wider community (up to TLP:GREEN)"
    MEMBERS = "members", "All member organizations (up to TLP:AMBER+STRICT)"
    LABS = "labs", "Member labs (up to TLP:AMBER+STRICT)"
    CLOUDS = "clouds", "Member cloud providers (up to TLP:AMBER+STRICT)"
    NAMED = "named", "Only the members named by a grant (up to TLP:RED)"

    @property
    def ceiling(self) -> Tlp:
        """The strictest marking whose objects this audience may receive."""
        match self:
            case Audience.PUBLIC:
                return Tlp.CLEAR
            case Audience.COMMUNITY:
                return Tlp.GREEN
            case Audience.NAMED:
                return Tlp.RED
        return Tlp.AMBER_STRICT

    def includes(self, sector: str) -> bool:
        """Whether a member of that sector may be granted access at all."""
        match self:
            case Audience.LABS:
                return sector in (Sector.LAB, Sector.HUB)
            case Audience.CLOUDS:
                return sector in (Sector.CLOUD, Sector.HUB)
            case Audience.MEMBERS:
                return sector != Sector.AUTHORITY
        return True


class Collection(models.Model):
    """A TAXII collection. Its log, of the same UUID, lives in `federation`."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    title = models.CharField(max_length=200)
    description = models.TextField(blank=True)
    alias = models.CharField(
        max_length=64,
        unique=True,
        null=True,
        blank=True,
        validators=[RegexValidator(r"^[a-z0-9][a-z0-9-]{0,63}$", "Lower-case letters, digits, -.")],
    )
    audience = models.CharField(max_length=16, choices=Audience, default=Audience.MEMBERS)
    created_at = models.DateTimeField(auto_now_add=True)
    # Whether objects without a valid origin signature are refused here.
    signatures_required = models.BooleanField(default=False, db_default=False)
    # What arrives from one peer lands here, whatever its marking: it is never granted to anybody.
    is_inbox = models.BooleanField(default=False, db_default=False, editable=False)
    # Where this node's answers to what is in here are published: sightings and opinions.
    answers = models.ForeignKey(
        "self", on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    # Counts the changes that reach back into the feed (a version superseded, an object withdrawn).
    # Whoever keeps a page compares it, so that no page made before such a change is kept after it.
    # A trigger refuses to count back, as saving a collection that was read before would.
    rewrites = models.BigIntegerField(default=0, editable=False)

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return self.title


class Grant(models.Model):
    """A member may know of a collection, and read or write it. No grant: it does not exist."""

    member = models.ForeignKey(Member, on_delete=models.CASCADE, related_name="grants")
    collection = models.ForeignKey(Collection, on_delete=models.CASCADE, related_name="grants")
    can_read = models.BooleanField(default=True)
    can_write = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["member", "collection"], name="one_grant_each")
        ]

    def __str__(self) -> str:
        return f"{self.member_id} on {self.collection_id}"

    def clean(self) -> None:
        """Access that the collection's audience includes; raises ValidationError."""
        if self.collection.is_inbox:
            raise ValidationError(
                f"{self.collection.title} is an inbox, which nobody else reads or writes; relay it"
                " to a collection of your own."
            )


class Relay(models.Model):
    """What arrives in an inbox is republished in a collection, where marking and audience allow."""

    inbox = models.ForeignKey(Collection, on_delete=models.CASCADE, related_name="relays")
    target = models.ForeignKey(Collection, on_delete=models.CASCADE, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["inbox", "target"], name="one_relay_each")]

    def __str__(self) -> str:
        return f"{self.inbox_id} to {self.target_id}"


class Served(models.Model):
    """How far a member has read a collection to its end, as its requests show: what it may know of.

    Nodes also send receipts (`federation`), which are signed; other clients leave only this.
    """

    pk = models.CompositePrimaryKey("member_id", "collection_id")
    member = models.ForeignKey(Member, on_delete=models.CASCADE, db_index=False)
    collection = models.ForeignKey(Collection, on_delete=models.CASCADE)
    size = models.BigIntegerField()
    served_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.member_id} on {self.collection_id}"
