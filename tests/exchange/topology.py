"""A federation in memory: nodes that publish, pull and relay by the real rules, nothing else real.

Every decision is the code's own: `judge` says what a node stores, `may_relay` what it passes on,
`Audience` what a collection takes and who may be granted it. What travels are real objects; what
is left out is what other tests have: signatures, logs, HTTP, tables.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID, uuid4

from indicators.models import Audience
from indicators.pipeline.relaying import may_relay
from indicators.reconcile.corroboration import Standing, echoed, standing_of
from indicators.stix import StixObject, Tlp
from indicators.store.judgement import Held, Known, Verdict, judge
from tests.objects import START


@dataclass(eq=False)
class Shelf:
    """A collection of a node: whom it is for, who was granted it, what it holds in log order."""

    node: "Node"
    audience: Audience
    readers: set["Node"] = field(default_factory=set)
    feed: list[StixObject] = field(default_factory=list)
    #: (id, version) of everything in the feed.
    held: set[tuple[str, datetime]] = field(default_factory=set)


@dataclass
class Hearsay:
    """What a node makes of claims as they arrive: whose each is, and what it rests on."""

    said: dict[str, set[str]] = field(default_factory=dict)
    #: By token, the claims of exactly that one: (origin, standing).
    claims: dict[str, list[tuple[str, Standing]]] = field(default_factory=dict)

    def hear(self, origin: str, token: str) -> None:
        """All claims of this federation say that they are first-party; not all of them are."""
        is_echo = bool(echoed(origin, [token], self.said))
        standing = standing_of(is_first_party=True, is_echo=is_echo)
        self.said.setdefault(token, set()).add(origin)
        self.claims.setdefault(token, []).append((origin, standing))


@dataclass(eq=False)
class Node:
    """One organization and its node. `seats` is what its tables know of each id."""

    name: str
    sector: str
    member: UUID = field(default_factory=uuid4)
    is_active: bool = True
    shelves: list[Shelf] = field(default_factory=list)
    pipes: list["Pipe"] = field(default_factory=list)
    seats: dict[str, Known] = field(default_factory=dict)
    hearsay: Hearsay = field(default_factory=Hearsay)

    def open_shelf(self, audience: Audience) -> Shelf:
        shelf = Shelf(self, audience)
        self.shelves.append(shelf)
        return shelf

    def holds(self, obj: StixObject) -> bool:
        seat = self.seats.get(obj.id)
        return seat is not None and _version(obj) in seat.versions

    def admit(self, shelf: Shelf, objects: Sequence[StixObject], author: "Node") -> int:
        """What `store.admission` does with one author's objects, in memory; how many are new."""
        ceiling = shelf.audience.ceiling.rank
        added = 0
        for obj in objects:
            if obj.tlp is not None and obj.tlp.rank > ceiling:
                continue
            is_new = obj.id not in self.seats
            seat = self.seats.setdefault(obj.id, Known(author.member))
            known = Known(seat.owner, _as_seen_from(shelf, obj.id, seat), seat.revoked_since)
            (outcome,) = judge([obj], {obj.id: known}, {obj.index: author.member}, START).outcomes
            if outcome.verdict is not Verdict.ADDED:
                continue
            seat.versions[_version(obj)] = Held(1, obj.sha256)
            seat.revoked_since = known.revoked_since
            shelf.feed.append(obj)
            shelf.held.add((obj.id, _version(obj)))
            if is_new:
                self.hearsay.hear(author.name, token_of(obj))
            added += 1
        return added


@dataclass(eq=False)
class Pipe:
    """A subscription with its inbox, and the shelves that the inbox is relayed to."""

    source: Shelf
    reader: Node
    inbox: Shelf
    targets: list[Shelf] = field(default_factory=list)
    taken: int = 0
    relayed: dict[int, int] = field(default_factory=dict)

    @property
    def is_open(self) -> bool:
        """Only who is granted the collection reads it, and only while both are members."""
        may_read = self.reader in self.source.readers
        return may_read and self.source.node.is_active and self.reader.is_active

    def pull(self, most: int, authors: dict[UUID, Node]) -> int:
        """Take the next entries, then relay what is new in the inbox; how many entries moved."""
        moved = 0
        if self.is_open:
            page = self.source.feed[self.taken : self.taken + most]
            self.taken += len(page)
            moved = len(page)
            for obj in page:
                author = _author(obj, authors)
                # Nobody vouches any more for what a member signs who has left.
                if author.is_active:
                    self.reader.admit(self.inbox, [obj], author)
        return moved + self._relay(authors)

    def _relay(self, authors: dict[UUID, Node]) -> int:
        moved = 0
        for number, target in enumerate(self.targets):
            start = self.relayed.get(number, 0)
            news = self.inbox.feed[start:]
            self.relayed[number] = start + len(news)
            moved += len(news)
            for obj in news:
                if may_relay(obj.tlp, self.source.audience, target.audience) is None:
                    self.reader.admit(target, [obj], _author(obj, authors))
        return moved


class Federation:
    """All nodes and pipes, and what each object was published for."""

    def __init__(self, sectors: Sequence[str]) -> None:
        self.nodes = [Node(f"node {n}", sector) for n, sector in enumerate(sectors)]
        self.by_member = {node.member: node for node in self.nodes}
        self.pipes: list[Pipe] = []
        #: Where the author itself put each version, and who could read it there at any time.
        self.published: dict[tuple[str, datetime], list[Shelf]] = {}
        self.objects: dict[tuple[str, datetime], StixObject] = {}

    def grant(self, shelf: Shelf, node: Node) -> None:
        if node is not shelf.node and shelf.audience.includes(node.sector):
            shelf.readers.add(node)

    def subscribe(self, reader: Node, source: Shelf) -> Pipe | None:
        """A pipe to a shelf that the reader was granted; one is enough."""
        is_new = all((p.reader, p.source) != (reader, source) for p in self.pipes)
        if reader not in source.readers or not is_new:
            return None
        pipe = Pipe(source, reader, Shelf(reader, Audience.NAMED))
        self.pipes.append(pipe)
        return pipe

    def publish(self, author: Node, shelf: Shelf, obj: StixObject) -> None:
        if author.is_active and author.admit(shelf, [obj], author):
            place = (obj.id, _version(obj))
            self.objects[place] = obj
            self.published.setdefault(place, []).append(shelf)

    def settle(self, most: int) -> None:
        """Everybody pulls until nothing moves. A loop without end is what this would never see."""
        patience = 2 + len(self.pipes) * (1 + len(self.objects))
        for _ in range(patience):
            if not sum(pipe.pull(most, self.by_member) for pipe in self.pipes):
                return
        raise AssertionError(f"{len(self.pipes)} pipes still move after {patience} rounds")

    def author(self, obj: StixObject) -> Node:
        return _author(obj, self.by_member)


def token_of(obj: StixObject) -> str:
    """The one token of a claim: the machine writes it where a real one has its pattern."""
    return obj.type


def _as_seen_from(shelf: Shelf, stix_id: str, seat: Known) -> dict[datetime, Held]:
    return {
        version: Held(held.row, held.sha256, in_feed=(stix_id, version) in shelf.held)
        for version, held in seat.versions.items()
    }


def _author(obj: StixObject, authors: dict[UUID, Node]) -> Node:
    assert obj.created_by_ref is not None
    return authors[UUID(obj.created_by_ref.removeprefix("identity--"))]


def _version(obj: StixObject) -> datetime:
    assert obj.version is not None
    return obj.version


# --- What must hold, said without asking the code -------------------------------------------------

_COMMUNITY = frozenset({"lab", "cloud", "hub", "authority"})
MAY_KNOW: dict[Audience, frozenset[str]] = {
    Audience.PUBLIC: _COMMUNITY | {"anybody else"},
    Audience.COMMUNITY: _COMMUNITY,
    Audience.MEMBERS: frozenset({"lab", "cloud", "hub"}),
    Audience.LABS: frozenset({"lab", "hub"}),
    Audience.CLOUDS: frozenset({"cloud", "hub"}),
    Audience.NAMED: frozenset(),
}
_STRICT = frozenset({Tlp.AMBER, Tlp.AMBER_STRICT, Tlp.RED})


def may_hold(node: Node, obj: StixObject, shelves: Sequence[Shelf]) -> bool:
    """Whether an organization may have an object that its author put on these shelves (TLP 2.0)."""
    if any(node is shelf.node or node in shelf.readers for shelf in shelves):
        return True
    if obj.tlp is Tlp.CLEAR:
        return True
    if obj.tlp in _STRICT:
        return False
    return any(node.sector in MAY_KNOW[shelf.audience] for shelf in shelves)


def entitled(federation: Federation, obj: StixObject) -> set[Node]:
    """Who must have an object in the end: whoever reads a shelf that it is on, or gets to."""
    shelves = {shelf for node in federation.nodes for shelf in node.shelves if obj in shelf.feed}
    found, waiting = set(), list(shelves)
    while waiting:
        shelf = waiting.pop()
        for pipe in federation.pipes:
            if pipe.source is shelf and pipe.is_open:
                found.add(pipe.reader)
                reached = {t for t in pipe.targets if _leads(obj.tlp, shelf.audience, t.audience)}
                waiting += reached - shelves
                shelves |= reached
    return found


def _leads(tlp: Tlp | None, source: Audience, target: Audience) -> bool:
    """TLP 2.0 and audiences that only narrow; whoever is named may be of the whole community."""
    if tlp is Tlp.CLEAR or tlp in _STRICT:
        return tlp is Tlp.CLEAR
    if tlp is Tlp.GREEN and target is Audience.PUBLIC:
        return False
    reached = _COMMUNITY if target is Audience.NAMED else MAY_KNOW[target]
    return reached <= MAY_KNOW[source]
