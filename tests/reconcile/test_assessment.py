"""What is made of a joint cluster: whose evidence counts, how sure it is, and why."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from indicators.models import Answer, JointCluster, Match, Member
from indicators.reconcile.assessment import explained, reassess_old
from tests.objects import id_of
from tests.reconcile.claims import (
    DAY,
    NOW,
    claim,
    cluster,
    connect,
    know,
    match,
    member,
    network_id,
    publish,
    seat,
)

pytestmark = pytest.mark.django_db


def answer(origin: str, target: str, kind: str = "sighting", **facts: Any) -> None:
    told: dict[str, Any] = {
        "version": NOW,
        "kind": kind,
        "origin": member(origin),
        "is_own": origin == "Alder",
        "is_revoked": False,
        "said_at": NOW,
        **facts,
    }
    Answer.objects.create(stix_id=id_of(kind), target=target, **told)


def assessed(subject: str, now: datetime = NOW + 2 * DAY) -> JointCluster:
    reassess_old(now)
    return seat(subject)


def origins(joint: JointCluster) -> set[str]:
    named = Member.objects.filter(identity_id__in=joint.origins)
    return set(named.values_list("name", flat=True))


def test_each_organization_with_first_party_evidence_counts_once() -> None:
    ids = [claim(origin, f"{origin}/{n}", [1, n]) for origin in ("Birch", "Cedar") for n in (2, 3)]
    connect(*ids)
    assert origins(seat(ids[0])) == {"Birch", "Cedar"}


def test_an_echo_adds_neither_an_origin_nor_confidence() -> None:
    a = claim("Birch", "a", [1])
    connect(a)
    before = seat(a)
    copy = claim("Mallory", "copy", [1], echo_of="Birch", confidence=100)
    connect(copy)
    after = seat(copy)
    assert after == before
    assert (after.confidence, after.origins) == (before.confidence, before.origins)


def test_confirmed_sightings_of_two_others_make_three_organizations() -> None:
    own = cluster()
    published = publish(own, "own", [1])
    connect(published)
    answer("Birch", published)
    answer("Cedar", published)
    assert origins(assessed(network_id(f"{own.pk}/1"))) == {"Alder", "Birch", "Cedar"}


def test_a_sighting_that_was_taken_back_counts_for_nothing() -> None:
    a = claim("Birch", "a", [1])
    connect(a)
    answer("Cedar", a, is_revoked=True)
    assert origins(assessed(a)) == {"Birch"}


def test_a_cluster_here_counts_once_a_person_confirmed_its_match() -> None:
    own, a = cluster(), claim("Birch", "a", [1])
    number = match(own, a)
    connect(a, matches=[number])
    assert seat(a).origins == [member("Birch").identity_id]
    Match.objects.filter(pk=number).update(state="confirmed", decided_at=NOW)
    connect(matches=[number])
    assert seat(a).origins == sorted(member(name).identity_id for name in ("Alder", "Birch"))


def test_it_fades_and_a_sighting_restarts_that() -> None:
    a = claim("Birch", "a", [1], lifetime_days=10.0)
    connect(a)
    fresh = seat(a).confidence
    later = NOW + 5 * DAY
    assert assessed(a, later).confidence == pytest.approx(fresh / 2)
    answer("Birch", a, said_at=later)
    assert assessed(a, later + timedelta(hours=2)).confidence > 0.9 * fresh


def test_a_sighting_fades_as_what_it_is_of() -> None:
    a = claim("Birch", "a", [1], lifetime_days=10.0)
    connect(a)
    answer("Cedar", a)
    assert assessed(a, NOW + 11 * DAY).confidence == 0


def test_a_person_relying_less_on_a_source_shows_within_the_hour() -> None:
    a = claim("Birch", "a", [1])
    connect(a)
    before = seat(a).confidence
    Member.objects.filter(name="Birch").update(reliability="E")
    assert assessed(a).confidence == pytest.approx(before / 4)


def test_of_one_organizations_words_on_an_object_the_newest_counts() -> None:
    a = claim("Birch", "a", [1])
    connect(a)
    before = seat(a).confidence
    answer("Cedar", a, "opinion", stance=-2)
    answer("Cedar", a, "opinion", stance=1, version=NOW + DAY)
    assert assessed(a).confidence == before


def test_a_word_on_the_network_is_on_all_its_indicators() -> None:
    network = network_id("birch's")
    a = claim("Birch", "a", [1], subject=network)
    connect(a)
    before = seat(network).confidence
    answer("Cedar", network, "opinion", stance=-1)
    assert assessed(network).confidence < before


def test_it_is_explained_by_name() -> None:
    a = claim("Birch", "a", [1])
    connect(a)
    first, second = explained(seat(a))
    assert first == "0.64 = 1 - (1 - 0.64)."
    assert second.startswith("Birch (usually reliable, 0.8) states 80 of 100 by indicator")


def test_the_hourly_look_takes_what_is_old_and_ends() -> None:
    a, b = claim("Birch", "a", [1]), claim("Birch", "b", [2])
    connect(a, b)
    assert reassess_old(NOW + timedelta(minutes=59)) == 0
    assert reassess_old(NOW + 2 * DAY, limit=1) == 1
    assert reassess_old(NOW + 2 * DAY) == 1
    assert reassess_old(NOW + 2 * DAY) == 0


def test_what_was_never_assessed_is_taken_first() -> None:
    a, b = claim("Birch", "a", [1]), claim("Birch", "b", [2])
    connect(a, b)
    JointCluster.objects.filter(pk=seat(b).pk).update(assessed_at=None)
    know("Birch", "b", confidence=10)
    assert reassess_old(NOW + 2 * DAY, limit=1) == 1
    assert seat(b).confidence == pytest.approx(0.08)
