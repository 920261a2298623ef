"""Random federations, with cycles, relays, revocations and members who leave, by the real rules.

No object reaches whom its marking or audience excludes; no loop goes on; whoever is entitled to an
object has it in the end; and what one organization saw counts for one, however often it is told.
RETORT_TOPOLOGIES says how many federations are tried.
"""

import os
import random
from dataclasses import replace
from datetime import timedelta
from hashlib import sha256

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from indicators.models import Audience
from indicators.reconcile.corroboration import corroborating
from indicators.stix import StixObject, Tlp
from tests.exchange.topology import Federation, Node, Shelf, entitled, may_hold, token_of
from tests.objects import (
    TLP_AMBER,
    TLP_AMBER_STRICT,
    TLP_CLEAR,
    TLP_GREEN,
    TLP_RED,
    indicator,
    stix_object,
)

TOPOLOGIES = int(os.environ.get("RETORT_TOPOLOGIES", "1000"))
MARKS: dict[Tlp | None, list[str]] = {
    None: [],
    Tlp.CLEAR: [TLP_CLEAR],
    Tlp.GREEN: [TLP_GREEN],
    Tlp.AMBER: [TLP_AMBER],
    Tlp.AMBER_STRICT: [TLP_AMBER_STRICT],
    Tlp.RED: [TLP_RED],
}
sectors = st.sampled_from(["lab", "lab", "cloud", "hub", "authority"])
organizations = st.integers(2, 12).flatmap(lambda n: st.lists(sectors, min_size=n, max_size=n))
positions = st.integers(0, 999)
#: What may be relayed comes more often: the rest never gets far.
marks = st.sampled_from([*MARKS, None, Tlp.CLEAR, Tlp.GREEN])


class RelayMachine(RuleBasedStateMachine):
    """A topology is drawn first; collections, grants, subscriptions and relays go on growing."""

    @initialize(drawn=organizations, seed=st.integers(0, 2**32 - 1))
    def found(self, drawn: list[str], seed: int) -> None:
        self.federation = Federation(drawn)
        self.made = 0
        chance = random.Random(seed)
        for node in self.federation.nodes:
            for audience in chance.choices(list(Audience), k=chance.randint(1, 3)):
                node.open_shelf(audience)
        for reader in self.federation.nodes:
            self.connect(reader, chance)

    def connect(self, reader: Node, chance: random.Random) -> None:
        """About three subscriptions a node, half of them relayed: that makes cycles."""
        shelves = [shelf for node in self.federation.nodes for shelf in node.shelves]
        for shelf in chance.sample(shelves, min(3, len(shelves))):
            self.federation.grant(shelf, reader)
            pipe = self.federation.subscribe(reader, shelf)
            if pipe is not None and chance.random() < 0.5:
                pipe.targets += chance.sample(
                    reader.shelves, chance.randint(1, len(reader.shelves))
                )

    def node(self, position: int) -> Node:
        return self.federation.nodes[position % len(self.federation.nodes)]

    def shelf(self, position: int) -> Shelf:
        shelves = [shelf for node in self.federation.nodes for shelf in node.shelves]
        return shelves[position % len(shelves)]

    @rule(where=positions, audience=st.sampled_from(Audience))
    def open_a_collection(self, where: int, audience: Audience) -> None:
        self.node(where).open_shelf(audience)

    @rule(where=positions, who=st.lists(positions, min_size=1, max_size=6))
    def subscribe(self, where: int, who: list[int]) -> None:
        shelf = self.shelf(where)
        for each in who:
            self.federation.grant(shelf, self.node(each))
            self.federation.subscribe(self.node(each), shelf)

    @rule(which=positions, to=positions)
    def relay(self, which: int, to: int) -> None:
        if self.federation.pipes:
            pipe = self.federation.pipes[which % len(self.federation.pipes)]
            target = pipe.reader.shelves[to % len(pipe.reader.shelves)]
            if target not in pipe.targets:
                pipe.targets.append(target)

    @rule(who=positions)
    def relay_everything(self, who: int) -> None:
        """A hub: whatever comes in goes out wherever it may."""
        node = self.node(who)
        for pipe in self.federation.pipes:
            if pipe.reader is node:
                pipe.targets += [s for s in node.shelves if s not in pipe.targets]

    @rule(drawn=st.lists(st.tuples(positions, positions, marks), min_size=1, max_size=6))
    def publish(self, drawn: list[tuple[int, int, Tlp | None]]) -> None:
        for who, where, tlp in drawn:
            author = self.node(who)
            obj = self.new_object(author, tlp)
            self.federation.publish(author, author.shelves[where % len(author.shelves)], obj)

    def new_object(self, author: Node, tlp: Tlp | None, token: str = "") -> StixObject:
        self.made += 1
        value = indicator(
            f"{id(self)}/{self.made}",
            created_by_ref=f"identity--{author.member}",
            **({"object_marking_refs": MARKS[tlp]} if MARKS[tlp] else {}),
        )
        return replace(stix_object(value), type=token or f"token {self.made}")

    @rule(who=positions, which=positions, where=positions, tlp=marks)
    def echo(self, who: int, which: int, where: int, tlp: Tlp | None) -> None:
        """What a node has from another it claims to have seen itself."""
        author = self.node(who)
        known = [obj for obj in self.federation.objects.values() if author.holds(obj)]
        if known:
            copy = self.new_object(author, tlp, token_of(known[which % len(known)]))
            self.federation.publish(author, author.shelves[where % len(author.shelves)], copy)

    @rule(which=positions, revoked=st.booleans(), where=positions)
    def publish_again(self, which: int, revoked: bool, where: int) -> None:
        """A later version, or the last; where the first was, or on another shelf, too."""
        objects = list(self.federation.objects.values())
        if not objects:
            return
        last = max(
            (each for each in objects if each.id == objects[which % len(objects)].id),
            key=lambda each: (each.version, each.id),
        )
        author = self.federation.author(last)
        if not last.revoked:
            shelf = author.shelves[where % len(author.shelves)]
            self.federation.publish(author, shelf, later(last, revoked=revoked))

    @rule(which=positions, where=positions)
    def publish_elsewhere(self, which: int, where: int) -> None:
        """The author itself may widen whom it is for."""
        if objects := list(self.federation.objects.values()):
            obj = objects[which % len(objects)]
            author = self.federation.author(obj)
            self.federation.publish(author, author.shelves[where % len(author.shelves)], obj)

    @rule(which=positions, most=st.integers(1, 5))
    def pull(self, which: int, most: int) -> None:
        if pipes := self.federation.pipes:
            pipes[which % len(pipes)].pull(most, self.federation.by_member)

    @rule(who=positions)
    def leave(self, who: int) -> None:
        node = self.node(who)
        if node.is_active and sum(each.is_active for each in self.federation.nodes) > 2:
            node.is_active = False

    @invariant()
    def nobody_holds_what_is_not_for_them(self) -> None:
        for place, obj in self.federation.objects.items():
            shelves = self.federation.published[place]
            for node in self.federation.nodes:
                if node.holds(obj):
                    assert may_hold(node, obj, shelves), (node, obj.tlp, shelves)

    @invariant()
    def one_sight_is_corroborated_by_nobody_who_repeats_it(self) -> None:
        for node in self.federation.nodes:
            for token, claims in node.hearsay.claims.items():
                assert len(corroborating(claims)) == 1, (node.name, token, claims)

    def teardown(self) -> None:
        if not hasattr(self, "federation"):
            return
        self.federation.settle(most=3)
        self.nobody_holds_what_is_not_for_them()
        for obj in self.federation.objects.values():
            # What a member signed who has left spreads no more; that is not what converges.
            if self.federation.author(obj).is_active:
                for node in entitled(self.federation, obj):
                    assert node.holds(obj), (node.name, obj.tlp)


def later(last: StixObject, *, revoked: bool) -> StixObject:
    """The next version: another content, a second later."""
    assert last.version is not None
    version = last.version + timedelta(seconds=1)
    body = last.body + b" and again"
    return replace(
        last,
        modified=version,
        version=version,
        revoked=revoked,
        body=body,
        sha256=sha256(body).digest(),
    )


def test_marking_and_audience_hold_and_everybody_entitled_converges() -> None:
    run_state_machine_as_test(  # type: ignore[no-untyped-call]
        RelayMachine,
        settings=settings(
            max_examples=TOPOLOGIES,
            stateful_step_count=40,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
