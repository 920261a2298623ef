"""Matches and joint clusters in the administration: what is shown, and who decides."""

from collections.abc import Iterator
from unittest import mock

import pytest
from celery import current_app
from django.test import Client

from indicators.models import Draft, JointCluster, Match, MatchState
from indicators.stix import Tlp
from tests.contributing.feed import latest
from tests.reconcile.leads import Leads, analyst
from tests.test_admin import signed_in

pytestmark = pytest.mark.django_db

MATCHES = "/admin/indicators/match/"


@pytest.fixture(autouse=True)
def workers() -> Iterator[None]:
    with mock.patch.object(current_app, "send_task"):
        yield


@pytest.fixture
def ours(db: None) -> Leads:
    return Leads.begin()


@pytest.fixture
def ana(db: None) -> Client:
    return signed_in("ana", "view_match", "change_match", "view_jointcluster", "view_answer")


def chosen(action: str, *matches: Match) -> dict[str, object]:
    return {"action": action, "_selected_action": [each.pk for each in matches]}


def test_matches_are_confirmed_in_bulk(ours: Leads, ana: Client) -> None:
    matches = [ours.match(f"key {n}") for n in range(5)]
    ana.post(MATCHES, chosen("confirm", *matches))
    ours.detector.work()
    assert len(latest(ours.shared, "sighting")) == 5


def test_a_false_positive_is_told_with_its_strength(ours: Leads, ana: Client) -> None:
    match = ours.match()
    told = {"finding": "false-positive", "is_sure": "on", "own_note": "A university."}
    ana.post(f"{MATCHES}{match.pk}/change/", told)
    ours.detector.work()
    match.refresh_from_db()
    assert match.note == "A university."
    assert latest(ours.shared, "opinion")[0]["opinion"] == "strongly-disagree"


def test_what_can_not_be_said_is_refused_with_the_reason(ours: Leads, ana: Client) -> None:
    match = ours.match()
    told = {"finding": "confirmed", "reaction": "non-malicious"}
    page = ana.post(f"{MATCHES}{match.pk}/change/", told, follow=True).content.decode()
    match.refresh_from_db()
    assert match.state == MatchState.OPEN
    assert "does not go with confirmed" in page


def test_who_may_only_look_decides_nothing(ours: Leads) -> None:
    match = ours.match()
    mallory = signed_in("mallory", "view_match")
    mallory.post(MATCHES, chosen("confirm", match))
    mallory.post(f"{MATCHES}{match.pk}/change/", {"finding": "confirmed"})
    match.refresh_from_db()
    assert match.state == MatchState.OPEN


def test_a_match_shows_what_is_answered_and_why_it_waits(ours: Leads, ana: Client) -> None:
    match = ours.match(tlp=Tlp.AMBER)
    ours.decide(match, MatchState.CONFIRMED, analyst("ana"))
    assert Draft.objects.get(match=match).review_reasons
    page = ana.get(f"{MATCHES}{match.pk}/change/").content.decode()
    assert "TLP:AMBER" in page
    assert "serial-" not in page


def test_a_joint_cluster_says_why_it_is_how_sure(ours: Leads, ana: Client) -> None:
    ours.decide(ours.match(), MatchState.CONFIRMED, analyst("ana"))
    joint = JointCluster.objects.get(ended_at=None)
    page = ana.get(f"/admin/indicators/jointcluster/{joint.pk}/change/").content.decode()
    assert "Birch (usually reliable" in page
    assert "formed" in page


def test_joint_clusters_are_listed_with_who_sees_them(ours: Leads, ana: Client) -> None:
    ours.decide(ours.match(), MatchState.CONFIRMED, analyst("ana"))
    assert "Birch" in ana.get("/admin/indicators/jointcluster/").content.decode()
