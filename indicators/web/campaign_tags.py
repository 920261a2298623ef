"""Words for what campaigns and actors say, and for how it is taken."""

import re
from collections.abc import Mapping

from django import template
from django.urls import reverse
from django.utils.html import escape, format_html
from django.utils.safestring import SafeString

from indicators.catalog.counts import Count
from indicators.catalog.counts import short as shortened
from indicators.catalog.heard import Heard
from indicators.catalog.labels import type_label
from indicators.reconcile.actors import Actor
from indicators.web.tags import ident, object_link
from indicators.web.views.campaign_words import shared, subject_name

register = template.Library()

_OBJECT = re.compile(r"\b[a-z][a-z0-9-]*--[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b")
_CLUSTER = re.compile(r"\bcluster cluster/([0-9]+)\b")
_STATUSES = {
    "alleged": ("warn", "This is an allegation by whoever reports it. It is not a finding."),
    "corroborated": ("info", "Others say the same. It is still an allegation."),
    "disputed": ("info", "This is an allegation, and it is disputed."),
    "acknowledged": ("ok", "The named party has acknowledged it, its reporter says."),
    "adjudicated": ("ok", "It was adjudicated, its reporter says."),
    "retracted": ("bad", "Whoever reported this has retracted it."),
}
_STANDINGS = {"live": "ok", "expired": "muted", "revoked": "bad"}
_EVENTS = {
    "formed": "Formed",
    "joined": "Joined by",
    "left": "Left by",
    "merged": "Merged with",
    "split": "Split off from",
}
_RELIABILITY = {
    "A": "completely reliable source",
    "B": "usually reliable source",
    "C": "fairly reliable source",
    "D": "not usually reliable source",
    "E": "unreliable source",
    "F": "source that cannot be judged",
}
_CREDIBILITY = {
    "1": "confirmed by others",
    "2": "probably true",
    "3": "possibly true",
    "4": "doubtful",
    "5": "improbable",
    "6": "truth that cannot be judged",
}
_STANCES = {
    -2: "Disagrees strongly",
    -1: "Disagrees",
    0: "Has no opinion",
    1: "Agrees",
    2: "Agrees strongly",
}


@register.filter
def short(count: Count | None) -> str:
    """A count for a heading: "> 16.55 M"."""
    return shortened(count)


@register.filter
def spaced(term: str) -> str:
    """A term of a vocabulary as words."""
    return term.replace("-", " ")


@register.filter
def or_type(name: str, kind: str) -> str:
    """An object's name; of what has none, what it is."""
    return name or type_label(kind)


@register.filter
def percent(probability: float) -> int:
    """0 to 1 as 0 to 100."""
    return round(probability * 100)


@register.filter
def status_tone(status: str) -> str:
    return _STATUSES.get(status, ("muted", ""))[0]


@register.filter
def status_words(status: str) -> str:
    return _STATUSES.get(status, ("", "This is an allegation."))[1]


@register.filter
def standing_tone(standing: str) -> str:
    return _STANDINGS.get(standing, "muted")


@register.filter
def grade(letters: str) -> str:
    """An Admiralty grade in words; "B2" is a usually reliable source, probably true."""
    return f"{_RELIABILITY.get(letters[:1], '')}, {_CREDIBILITY.get(letters[1:], '')}".strip(", ")


@register.filter
def event_words(what: str) -> str:
    return _EVENTS.get(what, what)


@register.filter
def kinds(counted: Mapping[str, int]) -> str:
    return shared(counted)


@register.filter
def answer_words(heard: Heard) -> str:
    """A sighting or an opinion in a sentence."""
    if heard.kind == "sighting":
        if heard.times > 1:
            return f"Saw it, counted {heard.times:,}"
        return "Saw it"
    said = _STANCES.get(heard.stance, "Has an opinion")
    if heard.reaction:
        said += f", {heard.reaction.replace('-', ' ')}"
    if heard.false_positive_count:
        said += f"; {heard.false_positive_count:,} false positives"
        if heard.matched_account_count:
            said += f" of {heard.matched_account_count:,} matched accounts"
    return said


@register.simple_tag
def linked(sentence: str, sees_clusters: bool) -> SafeString:
    """A sentence about evidence: objects become links, and our clusters for whom they are."""

    def cluster(found: re.Match[str]) -> str:
        if not sees_clusters:
            return "a cluster that is not shared"
        return format_html(
            '<a href="{}">cluster {}</a>', reverse("cluster", args=found.groups()), found[1]
        )

    told = _OBJECT.sub(lambda found: object_link(found[0]), escape(sentence))
    return SafeString(_CLUSTER.sub(cluster, told))


@register.simple_tag
def subject(stix_id: str, actor: Actor, sees_clusters: bool) -> SafeString | str:
    """A subject of an actor: a link to what is shared; of what is not, no more than one may see."""
    if not stix_id.startswith("cluster/"):
        return object_link(stix_id, actor.names.get(stix_id, ""))
    if not sees_clusters:
        return "a cluster of this node, not shared"
    held = next((each for each in actor.members if each.subject == stix_id), None)
    return subject_name(held) if held else ident(stix_id)
