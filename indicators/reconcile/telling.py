"""What sharing a kind of token says, in words: how easily two strangers have it in common. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Shared:
    """Shared tokens of one kind: how many, in what words, and how telling that is."""

    kind: str
    count: int
    name: str
    meaning: str


_WORDS: Mapping[str, tuple[str, str, str]] = {
    "email": (
        "e-mail address",
        "e-mail addresses",
        "The very same address: strangers do not share one.",
    ),
    "email-canonical": (
        "e-mail address, aliases removed",
        "e-mail addresses, aliases removed",
        "The same mailbox behind different spellings: strangers do not share one.",
    ),
    "phone": (
        "telephone number",
        "telephone numbers",
        "Numbers are rented and reused; several weigh much more.",
    ),
    "ipv4": (
        "IPv4 address",
        "IPv4 addresses",
        "Offices, carriers and proxies share addresses: weak alone.",
    ),
    "ipv4-24": ("IPv4 network", "IPv4 networks", "A network has many tenants: weak alone."),
    "ipv6-64": (
        "IPv6 network",
        "IPv6 networks",
        "Often one site, sometimes a whole hoster: weak alone.",
    ),
    "domain": ("domain", "domains", "Tells much for a rare domain, nothing for a large provider."),
    "device": ("device", "devices", "The same machine or profile: rarely shared by chance."),
    "payment-instrument": (
        "payment instrument",
        "payment instruments",
        "The same card or account paid: rarely shared by chance.",
    ),
    "wallet": ("wallet", "wallets", "The same wallet paid: rarely shared by chance."),
    "organisation": (
        "organization name",
        "organization names",
        "Anybody can type a name: weak alone.",
    ),
    "prompt-band": (
        "prompt fingerprint",
        "prompt fingerprints",
        "Near-duplicate prompts; public templates look alike, too.",
    ),
    "ai-traffic-aggregate": (
        "window of traffic",
        "windows of traffic",
        "The shape of traffic fits a description: a hint to look, no identifier is shared.",
    ),
}


def shared(kinds: Mapping[str, int]) -> list[Shared]:
    """What is shared, the most first."""
    rows = [_shared(kind, count) for kind, count in kinds.items()]
    return sorted(rows, key=lambda each: (-each.count, each.kind))


def _shared(kind: str, count: int) -> Shared:
    one, many, meaning = _WORDS.get(kind, (kind, kind, ""))
    return Shared(kind, count, one if count == 1 else many, meaning)


#: What a reaction says, in people's words.
REACTIONS: Mapping[str, str] = {
    "saw-this-too": "We saw this too",
    "already-known": "We knew it already",
    "actioned": "We acted on it",
    "helpful": "It helped us",
    "not-helpful": "It did not help us",
    "outdated": "It is outdated",
    "disagree-with-labels": "We would label it differently",
    "non-malicious": "It is not malicious",
    "want-more-info": "Please tell us more",
    "in-review": "We are looking at it",
}
_OPINIONS = {
    "strongly-agree": "strongly agree with",
    "agree": "agree with",
    "neutral": "neither agree nor disagree with",
    "disagree": "disagree with",
    "strongly-disagree": "strongly disagree with",
}


def sentences(content: Mapping[str, Any]) -> list[str]:
    """What an answer of ours says: a sighting or an opinion, as it leaves."""
    if content.get("revoked"):
        return [f"We take back the {content['type']} that we sent before."]
    if content["type"] == "sighting":
        return [*_sighting(content)]
    return [*_opinion(content)]


def _sighting(content: Mapping[str, Any]) -> Iterator[str]:
    count = content.get("count")
    accounts = f"on {count:,} accounts" if count else "on accounts whose number is not told"
    yield f"We saw this indicator {accounts}."
    if "first_seen" in content:
        last = f", last on {content['last_seen'][:10]}" if "last_seen" in content else ""
        yield f"First on {content['first_seen'][:10]}{last}."
    if "confidence" in content:
        yield f"Our confidence is {content['confidence']} of 100."


def _opinion(content: Mapping[str, Any]) -> Iterator[str]:
    yield f"We {_OPINIONS[content['opinion']]} this indicator."
    for extension in content.get("extensions", {}).values():
        reaction = extension.get("reaction")
        if reaction:
            yield f"{REACTIONS.get(reaction, reaction)}; a person looked at it."
        for field, words in (
            ("matched_account_count", "accounts of ours match"),
            ("false_positive_count", "accounts of ours are false positives"),
        ):
            if field in extension:
                yield f"{extension[field]:,} {words}."
    if "explanation" in content:
        yield f"In our words: {content['explanation']}"
