"""Member organizations: added, placed in a sector, relied upon, let in and let go."""

from dataclasses import dataclass
from uuid import uuid4

from django.db import transaction

from indicators.detections import audit
from indicators.models import Audience, Grant, Member, Reliability, Sector, State
from indicators.store.custody import ensure_own_member, set_member_state
from indicators.store.errors import OutsideAudience, StoreError


class OwnOrganization(StoreError):
    """This node's own organization is neither held off nor let go."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What an administrator says of a member."""

    name: str
    sector: Sector
    reliability: Reliability


def add_member(facts: Facts, identity_id: str, actor: str) -> Member:
    """An organization that exchanges here, without a node that this one knows of yet."""
    member = Member(
        name=facts.name,
        sector=facts.sector,
        reliability=facts.reliability,
        identity_id=identity_id or f"identity--{uuid4()}",
    )
    member.full_clean()
    with transaction.atomic():
        member.save(force_insert=True)
        audit.record(actor, "add member", member.name, sector=member.sector)
    return member


def describe_own(name: str, sector: Sector, actor: str) -> Member:
    """Which organization this node belongs to: its name is in every identity that it publishes."""
    with transaction.atomic():
        member = ensure_own_member()
        member.name, member.sector = name, sector
        member.full_clean()
        member.save(update_fields=["name", "sector"])
        audit.record(actor, "describe organization", name, sector=sector.value)
    return member


def describe_member(member: Member, facts: Facts, actor: str) -> None:
    """Another name, sector or reliability. Raises OutsideAudience if a grant forbids the sector."""
    _check_grants(member, facts)
    member.name, member.sector = facts.name, facts.sector
    member.reliability = facts.reliability
    member.full_clean()
    with transaction.atomic():
        member.save(update_fields=["name", "sector", "reliability"])
        audit.record(
            actor,
            "change member",
            member.name,
            sector=member.sector,
            reliability=member.reliability,
        )


def change_state(member: Member, state: State, reason: str, actor: str) -> None:
    """Let it in, hold it off or let it go: as a member and as a peer, at once."""
    if member.is_self:
        raise OwnOrganization(f"{member.name} is this node's own organization; it stays active.")
    with transaction.atomic():
        set_member_state(member, state, reason)
        audit.record(actor, "change state", member.name, state=state.value, reason=reason)


def _check_grants(member: Member, facts: Facts) -> None:
    """What it may read was promised to other sectors: such a grant is revoked by a person first."""
    if facts.sector == member.sector:
        return
    granted = Grant.objects.filter(member=member, can_read=True).select_related("collection")
    for each in granted:
        if not Audience(each.collection.audience).includes(facts.sector):
            raise OutsideAudience(
                f"{member.name} may read {each.collection.title}, which is not for"
                f" {facts.sector.label}; revoke that grant first."
            )
