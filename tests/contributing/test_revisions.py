"""What a later revision, a closure and a re-opening change in the feed."""

import pytest

from indicators.models import (
    Cluster,
    Collection,
    Detection,
    IndexedToken,
    Policy,
    Stage,
)
from tests.contributing.detector import Contributor, account, finding
from tests.contributing.feed import latest, versions

pytestmark = pytest.mark.django_db

_WITHOUT_VERSIONS = {"identity", "ai-traffic-aggregate"}


def test_a_revision_makes_new_versions_of_the_same_objects(
    alder: Contributor, shared: Collection
) -> None:
    alder.send(finding(accounts=[account("a", device="device-a"), account("b", device="device-b")]))
    alder.work()
    before = {each["id"] for each in latest(shared)}
    alder.send(finding(revision=2, accounts=[account("b", device="device-b")]))
    alder.work()
    assert {each["id"] for each in latest(shared)} == before
    [indicator] = latest(shared, "indicator")
    assert indicator["pattern"].count("psi1.") == 1
    assert len(versions(shared, indicator["id"])) == 2
    assert IndexedToken.objects.count() == 1


def test_a_closed_finding_revokes_its_objects(alder: Contributor, shared: Collection) -> None:
    alder.send(finding())
    alder.work()
    alder.send(finding(revision=2, status="closed", closed_because="resolved", accounts=[]))
    alder.work()
    authored = [each for each in latest(shared) if each["type"] not in _WITHOUT_VERSIONS]
    assert authored
    assert all(each["revoked"] for each in authored)
    assert not IndexedToken.objects.exists()
    assert not Cluster.objects.get().is_open


def test_a_reopened_finding_gets_new_objects(alder: Contributor, shared: Collection) -> None:
    alder.send(finding())
    alder.work()
    closed = latest(shared, "campaign")
    alder.send(finding(revision=2, status="closed", accounts=[]))
    alder.work()
    alder.send(finding(revision=3))
    alder.work()
    campaigns = {each["id"]: each.get("revoked", False) for each in latest(shared, "campaign")}
    assert len(campaigns) == 2
    assert campaigns[closed[0]["id"]] is True
    assert sorted(campaigns.values()) == [False, True]
    assert IndexedToken.objects.count() == 2


def test_a_closed_finding_leaves_what_another_supports(
    alder: Contributor, shared: Collection
) -> None:
    for number in (1, 2):
        both = [account("s", device="device-s"), account(f"a{number}", device=f"device-{number}")]
        alder.send(finding(f"f-{number}", cluster={"key": "c"}, accounts=both))
    alder.work()
    alder.send(finding("f-1", revision=2, status="closed", cluster={"key": "c"}, accounts=[]))
    alder.work()
    [indicator] = latest(shared, "indicator")
    assert indicator["pattern"].count("psi1.") == 2
    assert not latest(shared, "campaign")[0].get("revoked")


def test_what_was_closed_before_it_was_shared_is_withheld(shared: Collection) -> None:
    alder = Contributor.trusted(shared, policy=Policy.REVIEW)
    alder.send(finding())
    alder.work()
    alder.send(finding(revision=2, status="closed", accounts=[]))
    alder.work()
    assert Detection.objects.get(revision=2).stage == Stage.WITHHELD
    assert latest(shared) == []
