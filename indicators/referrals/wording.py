"""What a campaign's objects come to in words, from those alone that the recipient gets. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from indicators.catalog.campaign_facts import campaign_facts, claim_facts, sources, time_of
from indicators.catalog.counts import Count
from indicators.detections.drafts.claimed import IEP
from indicators.referrals.content import Claim

_QUALIFIERS = {
    "gt": "more than ", "ge": "at least ", "lt": "less than ", "le": "at most ",
    "approx": "about ", "order-of-magnitude": "in the order of ", "exact": "",
}  # fmt: skip
_COUNTS = (
    ("interaction_count", "Interactions"),
    ("account_count", "Accounts"),
    ("output_token_count", "Tokens of output"),
)
_TERMS = (
    ("capability_targets", "Capabilities sought"),
    ("elicitation_techniques", "How they were elicited"),
    ("access_paths", "Access"),
    ("training_purposes", "Alleged purpose"),
)


def facts(campaign: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """What the campaign's object states, as (label, words); what it does not state is left out."""
    stated = campaign_facts(campaign)
    listed = [("Status of the allegation", stated.allegation_status)]
    listed += [(label, count_words(getattr(stated, name))) for name, label in _COUNTS]
    listed += [(label, ", ".join(getattr(stated, name))) for name, label in _TERMS]
    listed.append(("Models", ", ".join(str(each) for each in stated.model_targets)))
    listed.append(("What the named party answered", stated.named_party_response))
    confidence = campaign.get("confidence")
    listed.append(
        ("Confidence of its author", "" if confidence is None else f"{confidence} of 100")
    )
    return tuple((label, words) for label, words in listed if words)


def times(campaign: Mapping[str, Any], received_at: datetime) -> tuple[tuple[str, str], ...]:
    """The four clocks as far as they are known: seen, claimed, published, received."""
    named = (
        ("First seen", time_of(campaign, "first_seen")),
        ("Last seen", time_of(campaign, "last_seen")),
        ("Described by its author", time_of(campaign, "created")),
        ("Last changed by its author", time_of(campaign, "modified")),
        ("Received by this node", received_at),
    )
    return tuple((label, time_words(at)) for label, at in named if at is not None)


def claims(objects: Iterable[Mapping[str, Any]], names: Mapping[str, str]) -> tuple[Claim, ...]:
    """Every attribution among these objects, each as the allegation that it is."""
    attributed = [each for each in objects if each.get("relationship_type") == "attributed-to"]
    return tuple(_claim(each, names) for each in attributed)


def _claim(value: Mapping[str, Any], names: Mapping[str, str]) -> Claim:
    stated, author = claim_facts(value), value.get("created_by_ref", "")
    claimant = stated.claimed_by_ref or author
    return Claim(
        id=value["id"],
        subject=_named(value["source_ref"], names),
        alleged=_named(value["target_ref"], names),
        claimed_by=_named(claimant, names),
        told_by=_named(author, names),
        status=stated.status,
        confidence=stated.claimed_confidence,
        as_reported=stated.claimed_confidence_as_reported,
        basis=stated.basis,
        date=stated.claim_date,
        grade=stated.source_grade,
        sources=source_words(value),
    )


def claimants(objects: Iterable[Mapping[str, Any]]) -> set[str]:
    """The identities that make these claims, or tell them."""
    attributed = [each for each in objects if each.get("relationship_type") == "attributed-to"]
    told = {each.get("created_by_ref", "") for each in attributed}
    return (told | {claim_facts(each).claimed_by_ref for each in attributed}) - {""}


def _named(stix_id: str, names: Mapping[str, str]) -> str:
    return names.get(stix_id) or stix_id


def source_words(value: Mapping[str, Any]) -> tuple[str, ...]:
    """Its external references, a line each."""
    return tuple(
        ", ".join(filter(None, (each.name, each.description, each.external_id, each.url)))
        for each in sources(value)
    )


def holds(objects: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
    """What must be waited for before anybody acts."""
    markings = [each for each in objects if IEP in each.get("extensions", {})]
    return tuple(str(each.get("name", "A hold without words")) for each in markings)


def count_words(count: Count | None) -> str:
    """A count with its qualifier in words: "more than 150,000"; "" for none."""
    return "" if count is None else f"{_QUALIFIERS[count.qualifier]}{count.value:,}"


def time_words(at: datetime) -> str:
    """The same everywhere: 2026-03-01 12:00 UTC."""
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")
