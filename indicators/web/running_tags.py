"""Words for where peers, members, subscriptions and errands stand."""

from collections.abc import Mapping
from typing import Any

from django import template
from django.utils.html import format_html_join
from django.utils.safestring import SafeString

from indicators.models import Errand, ErrandKind
from indicators.web.tags import badge

register = template.Library()

_STATES = {
    "invited": ("invited", "info"),
    "active": ("active", "ok"),
    "suspended": ("held off", "warn"),
    "left": ("left", "muted"),
    "paused": ("paused", "warn"),
    "frozen": ("frozen", "bad"),
}
_VERIFIED = {
    "all": ("verified", "ok"),
    "in part": ("verified so far", "info"),
    "pinned": ("pinned", "ok"),
    "not confirmed": ("not confirmed", "warn"),
    "unsigned": ("unsigned", "muted"),
    "frozen": ("frozen", "bad"),
}
_EXPLAINED = {
    "all": "Every entry that this node took is in the peer's log, under a checkpoint that it"
    " signed and that never contradicted itself.",
    "in part": "What was taken is verified; the peer's log has grown, and the rest is on its way.",
    "pinned": "Its keys are pinned. Nothing is pulled yet.",
    "not confirmed": "Nobody has compared its fingerprint yet, so nothing of it is believed.",
    "unsigned": "A plain TAXII server: it has no keys and no log, so its word is all there is.",
    "frozen": "Its log contradicts itself, or it floods this node. Nothing more is taken until a"
    " person has looked at the evidence.",
}
_ASKED = {
    ErrandKind.ADD: "Reading how the node describes itself",
    ErrandKind.REFRESH: "Reading its descriptor again",
    ErrandKind.CONFIRM: "Reading it again, to pin it anew",
    ErrandKind.OFFERS: "Asking what it offers",
    ErrandKind.SUBSCRIBE: "Subscribing",
    ErrandKind.PUSH: "Opening a delivery",
    ErrandKind.RELAY: "Republishing what has come",
    ErrandKind.RECHECK: "Looking at its quarantine again",
    ErrandKind.WITHHOLD: "Taking back what is on the allow list",
}


@register.simple_tag
def standing(state: str) -> SafeString:
    """The state of a peer, a member or a subscription."""
    return badge(*_STATES.get(state, (state, "muted")))


@register.simple_tag
def verified(word: str) -> SafeString:
    """What is known of a peer's word."""
    return badge(*_VERIFIED.get(word, (word, "muted")))


@register.simple_tag
def verified_because(word: str) -> str:
    """What that means, in a sentence."""
    return _EXPLAINED.get(word, "")


@register.simple_tag
def errand_says(errand: Errand) -> str:
    """What a worker was sent out for, and what came of it."""
    what = _ASKED[ErrandKind(errand.kind)]
    if errand.ended_at is None:
        return f"{what}: a worker is on it."
    if errand.failure:
        return f"{what}: {errand.failure}"
    return f"{what}: {_outcome(errand)}"


@register.simple_tag
def errand_tone(errand: Errand) -> str:
    """The tone of its callout."""
    if errand.ended_at is None:
        return "info"
    return "bad" if errand.failure else "ok"


@register.simple_tag
def detail_says(detail: Mapping[str, Any]) -> SafeString:
    """What an event of the audit log holds beside its subject; what is empty is left out."""
    said = [(name.replace("_", " "), _said(value)) for name, value in detail.items()]
    return format_html_join(
        "; ", '<span class="muted">{}</span> {}', [pair for pair in said if pair[1]]
    )


def _said(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(str(each) for each in value)
    return "" if value is None else str(value)


def _outcome(errand: Errand) -> str:
    result = errand.result
    match ErrandKind(errand.kind):
        case ErrandKind.OFFERS:
            return f"it offers {_counted(len(result['offered']), 'collection')} to this node."
        case ErrandKind.SUBSCRIBE:
            return f"{_counted(result['subscriptions'], 'subscription')} more."
        case ErrandKind.RELAY | ErrandKind.RECHECK:
            return f"{_counted(result['objects'], 'object')} taken."
        case ErrandKind.REFRESH if result.get("keys"):
            return f"{_counted(result['keys'], 'new key')}, which the key before vouches for."
    return "done."


def _counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
