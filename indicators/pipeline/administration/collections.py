"""Collections: opened, described, granted; whom an audience is for, said before it is promised."""

from dataclasses import dataclass
from typing import Any

from django.db import transaction

from indicators.detections import audit
from indicators.models import Audience, Collection, Grant, Member, Relay, State
from indicators.store.custody import grant_access, open_collection


@dataclass(frozen=True, slots=True)
class Reach:
    """An audience: the strictest marking that it may receive, and who could be granted it today."""

    audience: Audience
    members: tuple[str, ...]


def reaches() -> list[Reach]:
    """Every audience, the widest first, with the members that it includes."""
    known = Member.objects.filter(is_self=False).exclude(state=State.LEFT)
    members = list(known.values_list("name", "sector"))
    return [
        Reach(each, tuple(name for name, sector in members if each.includes(sector)))
        for each in Audience
    ]


def may_be_granted(collection: Collection) -> list[Member]:
    """The members that its audience includes and that have no access to it yet."""
    granted = Grant.objects.filter(collection=collection).values("member")
    others = Member.objects.filter(is_self=False).exclude(state=State.LEFT)
    audience = Audience(collection.audience)
    return [each for each in others.exclude(pk__in=granted) if audience.includes(each.sector)]


def open_shared(actor: str, **facts: Any) -> Collection:
    """A collection and its log, for an audience that never changes."""
    with transaction.atomic():
        collection = open_collection(**facts)
        audit.record(actor, "open collection", collection.title, audience=str(collection.audience))
    return collection


def describe(collection: Collection, actor: str, **facts: Any) -> None:
    """Another title, description, alias, or rule about signatures. Never another audience."""
    for name, value in facts.items():
        setattr(collection, name, value)
    collection.full_clean()
    with transaction.atomic():
        collection.save(update_fields=list(facts))
        audit.record(
            actor, "change collection", collection.title, signatures=collection.signatures_required
        )


def grant(
    collection: Collection, member: Member, actor: str, *, can_read: bool, can_write: bool
) -> Grant:
    """Let a member know of it, read it, write it. Raises OutsideAudience."""
    with transaction.atomic():
        given = grant_access(collection, member, can_read=can_read, can_write=can_write)
        audit.record(
            actor, "grant", collection.title, member=member.name, read=can_read, write=can_write
        )
    return given


def revoke(collection: Collection, member: Member, actor: str) -> bool:
    """Take a member's access away; what it has read it keeps. False if it had none."""
    with transaction.atomic():
        gone, _ = Grant.objects.filter(collection=collection, member=member).delete()
        if gone:
            audit.record(actor, "revoke", collection.title, member=member.name)
    return bool(gone)


def end_relay(relay: Relay, actor: str) -> None:
    """Republish nothing more from there; what was republished stays."""
    with transaction.atomic():
        audit.record(actor, "end relay", relay.target.title, of=relay.inbox.title)
        relay.delete()
