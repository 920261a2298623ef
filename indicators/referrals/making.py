"""A referral's content, made once: what may go, what may not and why, and what it comes to."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from indicators.detections.drafts.gate import looks_like
from indicators.models import Member, Permission
from indicators.models import Recipient as RecipientRow
from indicators.proofs.collecting import collect_all
from indicators.proofs.proof import Proof, write
from indicators.referrals import wording
from indicators.referrals.choosing import Terms, marking, reason_against
from indicators.referrals.content import Content, Disclosed, Excluded, Recipient
from indicators.referrals.errors import NothingToDisclose, TextRefused
from indicators.referrals.gathering import Gathered, Known, gather, look_up
from indicators.store.custody import ensure_own_member


@dataclass(frozen=True, slots=True)
class Wording:
    """What a person writes of a referral. `contact`: where the recipient can ask back."""

    summary: str
    request: str
    legal_basis: tuple[str, ...]
    contact: str


@dataclass(frozen=True, slots=True)
class Selection:
    """What of a campaign would go to a recipient, and what would not, each with the reason."""

    gathered: Gathered
    may_go: tuple[Known, ...]
    excluded: tuple[tuple[Known, str], ...]


def select(campaign: str, recipient: RecipientRow) -> Selection:
    """Decide on every object about a campaign. Raises NoSuchCampaign."""
    gathered, terms = gather(campaign), _terms(campaign, recipient)
    decided = [
        (each, reason_against(each.candidate, terms))
        for each in (gathered.campaign, *gathered.others)
    ]
    return Selection(
        gathered,
        tuple(each for each, reason in decided if not reason),
        tuple((each, reason) for each, reason in decided if reason),
    )


def no_longer(content: Content, recipient: RecipientRow) -> dict[str, str]:
    """Of what was frozen, the objects that may not go today, by id, with the reason."""
    terms = _terms(content.campaign, recipient)
    known = look_up(each.id for each in content.objects)
    reasons = {
        each.id: reason_against(known[each.id].candidate, terms) if each.id in known else _GONE
        for each in content.objects
    }
    return {stix_id: reason for stix_id, reason in reasons.items() if reason}


_GONE = "It is in no collection here any more."


def _terms(campaign: str, recipient: RecipientRow) -> Terms:
    given = Permission.objects.filter(campaign=campaign, recipient=recipient, withdrawn_at=None)
    permitted = frozenset(given.values_list("originator__identity_id", flat=True))
    return Terms(recipient.name, recipient.max_tlp, permitted)


def make(
    referral_id: UUID, selection: Selection, recipient: RecipientRow, words: Wording, now: datetime
) -> Content:
    """Freeze a selection. Raises NothingToDisclose, TextRefused."""
    campaign = selection.gathered.campaign
    _check_text(words)
    if campaign not in selection.may_go:
        reason = next(why for each, why in selection.excluded if each is campaign)
        raise NothingToDisclose(f"The campaign itself may not go to {recipient.name}: {reason}")
    values = [each.value for each in selection.may_go]
    node = ensure_own_member()
    return Content(
        id=str(referral_id),
        made=wording.time_words(now),
        node=node.name,
        node_id=node.identity_id,
        contact=words.contact,
        recipient=Recipient(
            recipient.name, recipient.kind, recipient.address, marking(recipient.max_tlp)
        ),
        campaign=campaign.candidate.stix_id,
        title=campaign.name or campaign.candidate.stix_id,
        description=str(campaign.value.get("description", "")),
        summary=words.summary,
        request=words.request,
        legal_basis=words.legal_basis,
        facts=wording.facts(campaign.value),
        times=wording.times(campaign.value, campaign.held.received_at),
        claims=wording.claims(values, _names(values)),
        sources=wording.source_words(campaign.value),
        holds=wording.holds(values),
        objects=_disclosed(selection.may_go),
        excluded=(*map(_excluded, selection.excluded), *_beyond(selection.gathered)),
    )


def _names(values: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """Names that the recipient gets anyway, and those of the organizations that claim."""
    members = Member.objects.filter(identity_id__in=wording.claimants(values))
    names = dict(members.values_list("identity_id", "name"))
    return names | {each["id"]: each["name"] for each in values if "name" in each}


def _check_text(words: Wording) -> None:
    """What a person writes here leaves as it is. The contact is their own organization's."""
    for name, text in (("summary", words.summary), ("request", words.request)):
        if found := looks_like(text):
            raise TextRefused(f"The {name} seems to hold {found}; take it out.")


def _disclosed(known: Sequence[Known]) -> tuple[Disclosed, ...]:
    proofs = collect_all([each.place for each in known])
    return tuple(_one(each, proof) for each, proof in zip(known, proofs, strict=True))


def _one(known: Known, proof: Proof) -> Disclosed:
    return Disclosed(
        id=known.candidate.stix_id,
        type=known.candidate.type,
        name=known.name,
        version=wording.time_words(known.place.version),
        tlp=marking(known.candidate.tlp),
        originator=known.originator.name,
        originator_id=known.originator.identity_id,
        sha256=proof.sha256.hex(),
        log=proof.origin,
        index=proof.index,
        signed_by=known.held.signed_by or "",
        tokens=known.token_count,
        kinds=known.kinds,
        proof="" if known.has_tokens else write(proof).decode(),
    )


def _excluded(each: tuple[Known, str]) -> Excluded:
    known, reason = each
    asked = known.candidate
    return Excluded(asked.stix_id, asked.type, marking(asked.tlp), asked.originator_name, reason)


def _beyond(gathered: Gathered) -> list[Excluded]:
    if not gathered.left_out:
        return []
    more = f"{gathered.left_out} more objects are known than a pack takes."
    return [Excluded("", "object", "", "", more)]
