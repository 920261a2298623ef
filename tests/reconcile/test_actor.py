"""One actor, seen by several organizations: from what arrives to what is said of it here."""

from typing import Any

import pytest

from indicators.models import Authored, JointCluster, JointSubject, Member
from tests.objects import id_of, stamp
from tests.reconcile.incoming import NOW, Incoming, devices, having, indicates, lead, reconcile

pytestmark = pytest.mark.django_db

FIRST_PARTY = {"basis": "first-party"}


@pytest.fixture
def alder(db: None) -> Incoming:
    """Alder's detector saw accounts with the devices a, b and c, and published them."""
    node = Incoming.begin()
    node.detect(accounts=having("a", "b", "c"))
    reconcile(node.detector.detector.collection)
    return node


def actor() -> JointCluster:
    """The joint cluster that Alder's network is in."""
    network = Authored.objects.get(role="infrastructure").stix_id
    return JointSubject.objects.get(pk=network).joint


def origins() -> set[str]:
    named = Member.objects.filter(identity_id__in=actor().origins)
    return set(named.values_list("name", flat=True))


def sighting(key: str, version: int = 0, **changes: Any) -> dict[str, Any]:
    """A sighting of an indicator of Alder's."""
    own = Authored.objects.filter(role__startswith="part/").earliest("role")
    return {
        "type": "sighting",
        "spec_version": "2.1",
        "id": id_of("sighting", key),
        "created": stamp(NOW),
        "modified": stamp(NOW),
        "sighting_of_ref": own.stix_id,
        **changes,
    }


def test_what_only_this_node_saw_is_one_organizations_word(alder: Incoming) -> None:
    assert len(origins()) == 1


def test_another_that_shares_identifiers_joins_and_corroborates(alder: Incoming) -> None:
    before = actor()
    network = id_of("infrastructure", "birch's")
    made = lead("i", *devices("a", "z"), told=FIRST_PARTY)
    alder.share("Birch", made, indicates(made["id"], network))
    after = actor()
    assert JointSubject.objects.get(pk=network).joint == after
    assert after.pk == before.pk
    assert after.confidence > before.confidence
    assert len(origins()) == 2


def test_an_echo_joins_and_corroborates_nothing(alder: Incoming) -> None:
    before = actor()
    alder.share("Mallory", lead("copy", *devices("a", "b"), told=FIRST_PARTY))
    after = actor()
    assert after.subject_count == 2
    assert after.confidence == pytest.approx(before.confidence, abs=1e-4)
    assert after.origins == before.origins


def test_one_claim_brought_by_two_counts_once(alder: Incoming) -> None:
    made = lead("i", *devices("a", "z"), told=FIRST_PARTY)
    alder.share("Birch", made)
    before = actor()
    alder.share("Birch", made, by="Forum")
    after = actor()
    assert after.confidence == pytest.approx(before.confidence, abs=1e-4)
    assert after.origins == before.origins


def test_two_sightings_make_three_organizations(alder: Incoming) -> None:
    before = actor().confidence
    alder.share("Birch", sighting("birch's"))
    alder.share("Cedar", sighting("cedar's"))
    assert {"Birch", "Cedar"} < origins()
    assert len(origins()) == 3
    assert actor().confidence > before
    alder.detector.detector.refresh_from_db()
    assert alder.detector.detector.peer_confirmed_count == 2
