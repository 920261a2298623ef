"""From the state of a cluster to the objects that say what may be shared of it."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from federation.canonical import canonical, digest
from indicators.detections.drafts import claimed, objects
from indicators.detections.drafts.claimed import hold_role, is_of_claim
from indicators.detections.drafts.facts import ClusterFacts
from indicators.detections.drafts.ids import cluster_key, cluster_label, object_id
from indicators.detections.drafts.objects import (
    EXTRACT_AI_MODEL,
    MARKINGS,
    Frame,
    stamp,
)
from indicators.detections.drafts.objects import Content as Content
from indicators.detections.drafts.preview import Withheld, sift
from indicators.detections.drafts.versions import (
    TOO_OFTEN,
    Wanted,
    drafted,
    is_revoked,
    revoked,
    versions,
)
from indicators.detections.drafts.versions import Drafted as Drafted
from indicators.detections.drafts.versions import DraftRefused as DraftRefused
from indicators.detections.finding import Window
from indicators.detections.stated import Stated
from indicators.stix import Tlp


@dataclass(frozen=True, slots=True)
class Part:
    """Tokens of one kind under one key: what becomes one indicator of at most 500 tokens.

    key_id: the 8 characters that name the key in a token; number: from 1; tokens: as text
    ("psi1.…"), none if the part was emptied; is_new: no indicator of it was ever published.
    """

    kind: str
    key_id: str
    number: int
    tokens: tuple[str, ...]
    is_new: bool


@dataclass(frozen=True, slots=True)
class ClusterState:
    """A cluster as it is now. `parts` are those that changed since they were published.

    stated: what a person says of it, where a person submitted it.
    """

    token: str
    incarnation: int
    is_open: bool
    facts: ClusterFacts
    account_count: int
    parts: tuple[Part, ...]
    stated: Stated | None = None

    @property
    def is_reported(self) -> bool:
        """Whether a person tells of a campaign without knowing its accounts: none is not few."""
        return self.stated is not None and self.facts.size is None and not self.account_count


@dataclass(frozen=True, slots=True)
class Terms:
    """By whom, when and under what conditions objects are drafted.

    id_key: the node's secret that object ids are made with; now: the time that new versions carry;
    min_accounts: aggregates of fewer accounts are withheld.
    """

    identity_id: str
    tlp: Tlp
    id_key: bytes
    now: datetime
    min_accounts: int = 10
    lifetime_days: int = 90
    detector_name: str = ""
    detector_version: str = ""


def wanted_ids(state: ClusterState, terms: Terms) -> set[str]:
    """The ids whose last published content `draft` has to be given, if there is any.

    Beside them `draft` takes every observed-data of the incarnation, to revoke those whose window
    is gone, and for a closed cluster all of its objects.
    """
    plan = _Plan(state, terms, {})
    ids = {*plan.fixed.values(), *plan.stated_ids()}
    for window in state.facts.windows:  # also those that are withheld now: they may be published
        ids.update(plan.window_ids(window))
    for window in plan.facts.windows:
        ids.update(each["id"] for each in plan.traffic(window))
    for part in state.parts:
        if not part.is_new:
            ids.update(plan.part_ids(part))
    return ids


def draft(state: ClusterState, terms: Terms, held: Mapping[str, Content]) -> Drafted:
    """The objects that differ from what is published.

    held: the last published content by id, without signatures. What is revoked has its type for
    role: who published it knows which it was. Raises DraftRefused.
    """
    if not state.is_open:
        return drafted(revoked(held.values(), terms.now), held, ())
    plan = _Plan(state, terms, held)
    wanted = [*_core(plan), *_claims(plan), *_windows(plan, held), *_parts(plan, held)]
    news = versions(wanted, held, terms.now)
    gone = revoked(_gone(plan, wanted, held), terms.now)
    return drafted([*news, *gone], held, plan.withheld)


_FIXED = {
    "campaign": "campaign",
    "infrastructure": "infrastructure",
    "uses/infrastructure": "relationship",
    "uses/technique": "relationship",
}

# What is taken back and stated again, a window or a claim, needs a new object each time: what is
# revoked stays revoked. Who does it more often states it no longer.
_GENERATIONS = 3
LEGAL_BASIS = "It is for this node's own people, and for referrals."


class _Plan:
    """What an open cluster comes to: the facts that may be shared, and the ids of its objects."""

    def __init__(self, state: ClusterState, terms: Terms, held: Mapping[str, Content]) -> None:
        least = 0 if state.is_reported else terms.min_accounts
        sifted = sift(state.facts, state.account_count, least, terms.now)
        self.state, self.terms, self.stated, self.held = state, terms, state.stated, held
        self.facts, self.withheld = sifted.facts, list(sifted.withheld)
        if self.stated and self.stated.legal_basis:
            self.withheld.append(Withheld("legal_basis", LEGAL_BASIS))
        label = cluster_label(terms.id_key, state.token)
        hold = self.stated.hold_until if self.stated else None
        self.hold = None if hold is None else self._id("marking-definition", hold_role(hold))
        marking = MARKINGS[terms.tlp]
        self.frame = Frame(terms.identity_id, marking, self.facts.confidence, label, self.hold)
        self.fixed = {role: self._id(type_name, role) for role, type_name in _FIXED.items()}

    def stated_ids(self) -> Iterator[str]:
        """Of what a person stated: the hold, and each claim's objects in all generations."""
        if self.hold:
            yield self.hold
        if self.stated:
            for type_name, role in claimed.claim_roles(self.stated):
                yield from self._generations(type_name, role)

    def standing_id(self, type_name: str, role: str) -> str:
        """Of the object in the first generation that nobody revoked."""
        ids = self._generations(type_name, role)
        free = (each for each in ids if not is_revoked(self.held.get(each)))
        return next(free, ids[-1])

    def part_ids(self, part: Part) -> tuple[str, str]:
        """Of the indicator, and of its relationship to the infrastructure."""
        role = _part_role(part)
        return self._id("indicator", role), self._id("relationship", f"indicates/{role}")

    def window_ids(self, window: Window) -> list[str]:
        """Of its observed-data: the first, and those that follow when it was revoked."""
        role = _window_role(window)
        return [self._id("observed-data", f"{role}/{each}") for each in range(_GENERATIONS)]

    def traffic(self, window: Window) -> tuple[Content, Content]:
        """Its aggregate, and the one that says something else of the same window.

        An observable has one content for ever; only another cluster key makes another of it.
        """
        content = objects.traffic(self.frame, window)
        key, token = self.terms.id_key, self.state.token
        other = cluster_key(key, token, digest(canonical(content)).hex())
        return (
            objects.named_traffic(content, cluster_key(key, token)),
            objects.named_traffic(content, other),
        )

    def _generations(self, type_name: str, role: str) -> list[str]:
        return [self._id(type_name, f"{role}/{each}") for each in range(_GENERATIONS)]

    def _id(self, type_name: str, role: str) -> str:
        state = self.state
        return object_id(type_name, self.terms.id_key, state.token, state.incarnation, role)


def _part_role(part: Part) -> str:
    return f"part/{part.kind}/{part.key_id}/{part.number}"


def _window_role(window: Window) -> str:
    return f"window/{stamp(window.start)}/{window.seconds}"


def _core(plan: _Plan) -> Iterator[Wanted]:
    """Campaign and infrastructure, and how they hang together."""
    frame, facts, fixed = plan.frame, plan.facts, plan.fixed
    accounts = plan.state.account_count
    detector = (plan.terms.detector_name, plan.terms.detector_version)
    campaign, network = fixed["campaign"], fixed["infrastructure"]
    described = objects.campaign(frame, campaign, facts, accounts)
    if plan.stated:
        described = claimed.told(described, plan.stated)
    yield from _hold(plan)
    yield "campaign", described
    yield "infrastructure", objects.infrastructure(frame, network, facts, accounts, detector)
    for role, target in (("uses/infrastructure", network), ("uses/technique", EXTRACT_AI_MODEL)):
        yield role, objects.relationship(frame, fixed[role], campaign, "uses", target)


def _hold(plan: _Plan) -> Iterator[Wanted]:
    until = plan.stated.hold_until if plan.stated else None
    if until is not None and plan.hold is not None:
        published = plan.held.get(plan.hold)
        created = stamp(plan.terms.now) if published is None else published["created"]
        role = hold_role(until)
        yield role, claimed.hold(plan.frame, plan.hold, until, created)


def _claims(plan: _Plan) -> Iterator[Wanted]:
    if plan.stated:
        campaign = plan.fixed["campaign"]
        yield from claimed.claim_objects(plan.frame, plan.stated, campaign, plan.standing_id)


def _windows(plan: _Plan, held: Mapping[str, Content]) -> Iterator[Wanted]:
    for window in plan.facts.windows:
        free = (each for each in plan.window_ids(window) if not is_revoked(held.get(each)))
        observed = next(free, None)
        if observed is None:
            plan.withheld.append(Withheld("windows", TOO_OFTEN))
            continue
        aggregate, other = plan.traffic(window)
        if held.get(aggregate["id"], aggregate) != aggregate:
            aggregate = other
        role = _window_role(window)
        yield f"traffic/{role}", aggregate
        yield role, objects.observed_data(plan.frame, observed, window, aggregate["id"])


def _parts(plan: _Plan, held: Mapping[str, Content]) -> Iterator[Wanted]:
    for part in plan.state.parts:
        if not part.tokens:
            continue
        ours, relation = plan.part_ids(part)
        made = objects.indicator(plan.frame, ours, part.kind, part.number, part.tokens)
        created = held[ours]["created"] if ours in held else stamp(plan.terms.now)
        days = plan.terms.lifetime_days
        yield _part_role(part), objects.with_validity(made, created, plan.facts.last_seen, days)
        network = plan.fixed["infrastructure"]
        relationship = objects.relationship(plan.frame, relation, ours, "indicates", network)
        yield f"indicates/{_part_role(part)}", relationship


def _gone(plan: _Plan, wanted: Iterable[Wanted], held: Mapping[str, Content]) -> Iterator[Content]:
    """What is published of windows and claims that are gone and of parts that were emptied."""
    kept = {content["id"] for _, content in wanted}
    for name, content in held.items():
        if name not in kept and (content["type"] == "observed-data" or is_of_claim(content)):
            yield content
    for part in plan.state.parts:
        if not part.tokens:
            yield from (held[name] for name in plan.part_ids(part) if name in held)
