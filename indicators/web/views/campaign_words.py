"""Campaigns and actors in words and drawings: from what was read to what charts and tables take."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from itertools import takewhile

from django.urls import reverse
from django.utils.safestring import SafeString

from indicators.catalog.campaign import Campaign
from indicators.catalog.campaigns import Totals
from indicators.catalog.claims import Claim
from indicators.catalog.counts import short
from indicators.reconcile.actors import Actor, Member
from indicators.web.charts import (
    Bar,
    Edge,
    Event,
    Label,
    Node,
    Seen,
    bars,
    corroboration,
    graph,
    heat_map,
    timeline,
)

_TRIGGERS = {
    "target-model-release": "A model was released",
    "account-ban-wave": "Accounts were banned",
    "rate-limit-change": "Rate limits changed",
    "price-change": "Prices changed",
}
_MOST_BARS = 12
_ATTRIBUTED = " attributed to "
_NO_NUMBER = -1.0
_SHOWN_TECHNIQUES = ("attack-pattern", "course-of-action", "identity", "tool", "malware")
_KINDS = {"attack-pattern": "Technique", "identity": "Target", "course-of-action": "Response"}


@dataclass(frozen=True, slots=True)
class ToldClaim:
    """A claim as one row: who is attributed to whom, and in whose words."""

    claim: Claim
    what: str
    tone: str
    date: date | None


def told_claims(campaign: Campaign) -> list[ToldClaim]:
    names = {each.target: each.target_name for each in campaign.claims}
    return [
        ToldClaim(
            claim=each,
            what="this campaign" if each.source == campaign.stix_id else names[each.source],
            tone={"alleged": "warn", "disputed": "info"}.get(each.facts.status, "muted"),
            date=_day(each.facts.claim_date),
        )
        for each in campaign.claims
    ]


def list_drawings(totals: Totals) -> dict[str, SafeString]:
    """What all campaigns that are shown are after."""
    address = reverse("campaigns")
    counted = [
        Bar(term, count, url=f"{address}?capability={term}") for term, count in totals.by_capability
    ]
    columns = [term for term, _ in totals.by_capability if _is_mapped(term, totals)][:_MOST_BARS]
    names = told_apart([each.name for each in totals.mapped])
    rows = [
        Label(name, reverse("campaign", args=[each.stix_id]), each.name)
        for name, each in zip(names, totals.mapped, strict=True)
    ]
    values = [
        [
            (float(each.interactions.value) if each.interactions else _NO_NUMBER)
            if term in each.capabilities
            else None
            for term in columns
        ]
        for each in totals.mapped
    ]
    drawn = {}
    if counted:
        drawn["bars"] = bars(
            counted[:_MOST_BARS], key="capabilities", title="Campaigns by capability"
        )
        drawn["heat"] = heat_map(
            rows,
            [Label(term, f"{address}?capability={term}") for term in columns],
            values,
            key="heat",
            title="Capability by campaign: the largest campaigns, shaded by their interactions",
            unit="interactions",
        )
    return drawn


def drawings(campaign: Campaign, now: datetime) -> dict[str, SafeString]:
    """The campaign's timeline, graph and corroboration."""
    return {
        "timeline": timeline(list(_events(campaign))),
        "graph": graph(
            list(_nodes(campaign)),
            list(_edges(campaign)),
            key="graph",
            title="What it is connected with",
        ),
        "corroboration": corroboration(list(_seen(campaign)), now),
    }


def actor_drawings(actor: Actor, *, sees_clusters: bool) -> SafeString:
    """Organizations, what each sees, and which identifiers these share."""
    organizations = dict.fromkeys(each.origin for each in actor.members)
    nodes = [Node(name, name, "Organization", 0, "plain") for name in organizations]
    # Not the subjects' own names: they tell the numbers of clusters.
    ids = {each.subject: f"subject/{at}" for at, each in enumerate(actor.members)}
    nodes += [_subject(each, ids[each.subject], sees_clusters) for each in actor.members]
    edges = [Edge(each.origin, ids[each.subject], "sees") for each in actor.members]
    edges += [
        Edge(ids[each.first], ids[each.second], shared(each.kinds))
        for each in actor.edges
        if each.first in ids and each.second in ids
    ]
    return graph(nodes, edges, key="graph", title="What holds it together")


def shared(kinds: Mapping[str, int]) -> str:
    """Shared identifiers in words: "12 email, 3 device"."""
    return ", ".join(f"{count:,} {kind}" for kind, count in sorted(kinds.items()))


def subject_name(member: Member) -> str:
    if member.is_private:
        return f"Cluster {member.cluster}, not shared"
    return member.name or member.subject.partition("--")[2][:8]


def _subject(member: Member, node: str, sees_clusters: bool) -> Node:
    url = ""
    if not member.is_private:
        name = "campaign" if member.type == "campaign" else "object"
        url = reverse(name, args=[member.subject])
    elif sees_clusters and member.cluster is not None:
        url = reverse("cluster", args=[member.cluster])
    label = subject_name(member) if sees_clusters or not member.is_private else "Not shared"
    tone = "own" if member.is_own else "peer"
    kind = member.type.replace("-", " ").capitalize() or "Cluster"
    return Node(node, label, kind, 1, tone, url)


def told_apart(names: Sequence[str]) -> list[str]:
    """Names without the words with which all of them begin, and whom alone they name.

    "Alleged distillation campaign against Claude attributed to MiniMax" is "MiniMax".
    """
    words = [name.split() for name in names]
    columns = zip(*words, strict=False) if len(names) > 1 else ()
    alike = sum(1 for _ in takewhile(lambda column: len(set(column)) == 1, columns))
    rest = [" ".join(each[alike:]) or " ".join(each) for each in words]
    return [each.rpartition(_ATTRIBUTED)[2] or each for each in rest]


def _is_mapped(term: str, totals: Totals) -> bool:
    return any(term in each.capabilities for each in totals.mapped)


def _day(claimed: str) -> date | None:
    return date.fromisoformat(claimed) if claimed else None


def _noon(day: date) -> datetime:
    """A claim's date is a day: its noon in UTC lies in it in most zones."""
    return datetime.combine(day, time(12), UTC)


def _events(campaign: Campaign) -> Iterator[Event]:
    if campaign.first_seen:
        yield Event(campaign.first_seen, "Activity", "Activity", until=campaign.last_seen)
    elif campaign.last_seen:
        yield Event(campaign.last_seen, "Last seen", "Activity")
    for network in campaign.networks:
        if network.first_seen:
            yield Event(
                network.first_seen,
                network.name,
                "Networks",
                until=network.last_seen,
                url=reverse("object", args=[network.stix_id]),
            )
    for pivot in campaign.facts.pivot_events:
        if pivot.trigger_time:
            told = _TRIGGERS.get(pivot.trigger, "Something changed")
            moved = short(pivot.latency_hours)
            note = f"traffic moved after {moved} h" if moved else pivot.to_model
            yield Event(pivot.trigger_time, told, "Pivots", note=note)
    yield from _said(campaign)


def _said(campaign: Campaign) -> Iterator[Event]:
    claimed = {
        (each.claimed_by_name, each.facts.claim_date): each
        for each in campaign.claims
        if each.facts.claim_date
    }
    for (name, _), each in claimed.items():
        day = _day(each.facts.claim_date)
        if day:
            who = name or "an organization that is not known here"
            yield Event(_noon(day), f"Claimed by {who}", "Claims")
    for report in campaign.reports:
        if report.published:
            address = reverse("object", args=[report.stix_id])
            yield Event(report.published, report.name, "Reports", url=address)
    for heard in campaign.heard:
        if heard.kind == "sighting":
            yield Event(heard.said_at, f"Seen by {heard.organization}", "Sightings")
    yield Event(campaign.received_at, "Arrived here", "This node")


def _seen(campaign: Campaign) -> Iterator[Seen]:
    for name, at in campaign.seen_since:
        yield Seen(at, name, "saw accounts of it")
    for each in campaign.heard:
        if each.kind == "sighting":
            yield Seen(each.said_at, each.organization, "sighting")


def _nodes(campaign: Campaign) -> Iterator[Node]:
    tone = "own" if campaign.is_own else "peer"
    yield Node(campaign.stix_id, campaign.name, "Campaign", 2, tone)
    for each in _targets(campaign.claims):
        layer = 0 if each.is_of_organization else 1
        kind = "Named organization" if layer == 0 else "Alleged actor"
        label = each.target_name or each.target.partition("--")[2][:8]
        url = reverse("object", args=[each.target])
        yield Node(each.target, label, kind, layer, "actor", url, "alleged")
    for network in campaign.networks:
        size = short(network.coordination.cluster_size)
        label = f"{size} accounts" if size else network.name
        tone = "own" if network.is_own else "peer"
        url = reverse("object", args=[network.stix_id])
        yield Node(network.stix_id, label, "Account network", 3, tone, url, network.name)
        for kind, count in network.tokens.items():
            name = f"{count:,} {kind}"
            yield Node(f"{network.stix_id}/{kind}", name, "Tokens", 4, tone, count=count)
    for other in campaign.others:
        if other.type in _SHOWN_TECHNIQUES:
            kind = _KINDS.get(other.type, other.type)
            url = reverse("object", args=[other.stix_id])
            yield Node(f"{other.stix_id}/", other.name, kind, 3, "plain", url)
    for name in campaign.corroboration.organizations:
        yield Node(f"organization/{name}", name, "Saw it first-hand", 3)


def _edges(campaign: Campaign) -> Iterator[Edge]:
    for each in _distinct(campaign.claims):
        status = each.facts.status
        yield Edge(each.source, each.target, f"attributed to, {status}")
    for network in campaign.networks:
        yield Edge(campaign.stix_id, network.stix_id, "uses")
        for kind in network.tokens:
            yield Edge(network.stix_id, f"{network.stix_id}/{kind}", "indicated by")
    for other in campaign.others:
        if other.type in _SHOWN_TECHNIQUES:
            yield Edge(campaign.stix_id, f"{other.stix_id}/", other.relation)
    for name in campaign.corroboration.organizations:
        yield Edge(campaign.stix_id, f"organization/{name}", "seen by")


def _targets(claims: Iterable[Claim]) -> Iterable[Claim]:
    return {each.target: each for each in claims}.values()


def _distinct(claims: Iterable[Claim]) -> Iterable[Claim]:
    return {(each.source, each.target): each for each in claims}.values()
