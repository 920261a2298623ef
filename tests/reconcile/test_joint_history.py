"""Whatever comes and goes, joint clusters are what they would be if all were joined at once."""

from dataclasses import dataclass, field
from itertools import combinations
from random import Random

import pytest

from indicators.models import JointCluster, JointEdge, JointSubject, Match
from indicators.reconcile.components import components
from tests.reconcile.claims import claim, cluster, connect, know, match, network_id, store, together

pytestmark = pytest.mark.django_db

_NAMES = "abcdefgh"
_ORIGINS = ("Birch", "Cedar", "Forum")


@dataclass
class Told:
    """An indicator as it was told last."""

    origin: str
    stix_id: str
    tokens: frozenset[int]
    subject: str
    is_live: bool = True


@dataclass
class History:
    """What happened so far: of indicators, and of one cluster here with its matches."""

    random: Random
    told: dict[str, Told] = field(default_factory=dict)
    matched: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.cluster = cluster()
        self.local = f"cluster/{self.cluster.pk}"

    def step(self) -> None:
        steps = [self.tell, self.tell, self.tell]
        if self.told:
            steps += [self.revoke, self.belong, self.match, self.decide]
        self.random.choice(steps)()

    def tell(self) -> None:
        """One or two indicators, new or in a new version, with some of few tokens."""
        names = self.random.sample(_NAMES, self.random.randint(1, 2))
        for name in names:
            before = self.told.get(name)
            origin = before.origin if before else self.random.choice(_ORIGINS)
            tokens = frozenset(self.random.sample(range(10), self.random.randint(1, 3)))
            facts = {"subject": before.subject} if before else {}
            stix_id = claim(origin, name, sorted(tokens), **facts)
            self.told[name] = Told(origin, stix_id, tokens, facts.get("subject", stix_id))
        connect(*(self.told[name].stix_id for name in names))

    def revoke(self) -> None:
        name = self.random.choice(sorted(self.told))
        told = self.told[name]
        told.is_live, told.tokens = False, frozenset()
        store(told.origin, name, [])
        know(told.origin, name, is_live=False, subject=told.subject)
        connect(gone=[told.stix_id])

    def belong(self) -> None:
        """Its origin says of which network it is."""
        name = self.random.choice(sorted(self.told))
        told = self.told[name]
        told.subject = network_id(f"{told.origin}/{self.random.randint(1, 2)}")
        know(told.origin, name, is_live=told.is_live, subject=told.subject)
        connect(told.stix_id)

    def match(self) -> None:
        name = self.random.choice(sorted(self.told))
        self.matched[name] = match(self.cluster, self.told[name].stix_id)
        connect(matches=[self.matched[name]])

    def decide(self) -> None:
        for name in self.random.sample(sorted(self.matched), min(1, len(self.matched))):
            number = self.matched.pop(name)
            Match.objects.filter(pk=number).update(state="false-positive")
            connect(matches=[number])
            Match.objects.filter(pk=number).delete()

    def edges(self) -> set[tuple[str, str]]:
        live = [told for told in self.told.values() if told.is_live]
        shared = {
            (one.subject, other.subject)
            for one, other in combinations(live, 2)
            if one.tokens & other.tokens and one.subject != other.subject
        }
        shared |= {
            (self.told[name].subject, self.local)
            for name in self.matched
            if self.told[name].is_live
        }
        return {(min(pair), max(pair)) for pair in shared}

    def groups(self) -> set[frozenset[str]]:
        edges = self.edges()
        live = {told.subject for told in self.told.values() if told.is_live}
        return set(components(live.union(*edges), edges))


@pytest.mark.parametrize("seed", range(8))
def test_they_are_the_components_of_what_is_shared_now(seed: int) -> None:
    history = History(Random(seed))
    for _ in range(15):
        history.step()
        assert together() == history.groups()
        assert set(JointEdge.objects.values_list("first", "second")) == history.edges()
        counted = {
            each.pk: each.subject_count for each in JointCluster.objects.filter(ended_at=None)
        }
        seated = JointSubject.objects.values_list("joint_id", flat=True)
        assert counted == {joint: list(seated).count(joint) for joint in seated}
