"""A finding's way into the feed, with the tables as the only memory."""

from datetime import UTC, datetime, timedelta

import pytest

from federation import signing
from federation.models import NodeKey
from federation.node_keys import public_keys
from indicators import pipeline
from indicators.models import (
    AuditEvent,
    Collection,
    Detection,
    Draft,
    DraftState,
    Entry,
    IndexedToken,
    Part,
    Stage,
)
from indicators.store.custody import check_custody
from tests.contributing.detector import Contributor, account, finding
from tests.contributing.feed import latest, tokens, versions

pytestmark = pytest.mark.django_db


def test_a_trusted_detectors_finding_is_published_signed(
    alder: Contributor, shared: Collection
) -> None:
    alder.send(finding(accounts=[account("a", email="one@example.org", phone="+14155550100")]))
    alder.work()
    published = latest(shared)
    assert {each["type"] for each in published} >= {
        "identity", "campaign", "infrastructure", "indicator", "relationship",
    }  # fmt: skip
    [key] = public_keys(NodeKey.Purpose.OBJECT)
    for entry in Entry.objects.filter(collection=shared):
        signing.verify(bytes(entry.object_version.body or b""), key.public_key)
    assert Detection.objects.get().stage == Stage.PUBLISHED
    size = Entry.objects.filter(collection=shared).count()
    assert check_custody(shared, size).served == size


def test_published_tokens_are_indexed(alder: Contributor, shared: Collection) -> None:
    alder.send(finding(accounts=[account("a", email="one@example.org")]))
    alder.work()
    assert tokens(latest(shared, "indicator")) == IndexedToken.objects.count() == 2


def test_the_same_body_again_changes_nothing(alder: Contributor, shared: Collection) -> None:
    first = alder.send(finding(), key="k")
    alder.work()
    seen = latest(shared)
    again = alder.send(finding(), key="k")
    alder.work()
    assert again.replayed
    assert again.results == first.results
    assert latest(shared) == seen


def test_a_used_key_takes_no_other_body(alder: Contributor) -> None:
    alder.send(finding(), key="k")
    with pytest.raises(pipeline.IdempotencyConflict):
        alder.send(finding("f-2"), key="k")


def test_a_kind_has_indicators_of_its_own(alder: Contributor, shared: Collection) -> None:
    alder.send(finding(accounts=[account("a", email="one@example.org", ip="10.1.2.3")]))
    alder.work()
    kinds = [each["extensions"] for each in latest(shared, "indicator")]
    found = sorted(
        extension["kinds"][0]
        for each in kinds
        for extension in each.values()
        if "kinds" in extension
    )
    assert found == ["email", "email-canonical", "ipv4", "ipv4-24"]


def test_no_indicator_has_more_than_500_tokens(alder: Contributor, shared: Collection) -> None:
    accounts = [account(f"a{n}", device=f"device-{n:05}") for n in range(1001)]
    alder.send(finding(accounts=accounts))
    alder.work()
    sizes = sorted(each["pattern"].count("psi1.") for each in latest(shared, "indicator"))
    assert sizes == [1, 500, 500]


def test_findings_of_one_cluster_share_its_objects(alder: Contributor, shared: Collection) -> None:
    for number in range(3):
        one = account(f"a{number}", device=f"device-{number}")
        alder.send(finding(f"f-{number}", cluster={"key": "c"}, accounts=[one]))
        alder.work()
    assert len(latest(shared, "campaign")) == 1
    [indicator] = latest(shared, "indicator")
    assert indicator["pattern"].count("psi1.") == 3


def test_only_the_part_that_grows_gets_a_new_version(
    alder: Contributor, shared: Collection
) -> None:
    for number, first in enumerate((0, 600)):
        accounts = [account(f"a{n}", device=f"device-{n:05}") for n in range(first, first + 600)]
        alder.send(finding(f"f-{number}", cluster={"key": "c"}, accounts=accounts))
        alder.work()
    counts = sorted(len(versions(shared, each["id"])) for each in latest(shared, "indicator"))
    assert counts == [1, 1, 2]


def test_publishing_twice_changes_nothing(alder: Contributor, shared: Collection) -> None:
    alder.send(finding())
    alder.work()
    size = Entry.objects.filter(collection=shared).count()
    Draft.objects.update(state=DraftState.APPROVED)
    alder.work()
    assert Entry.objects.filter(collection=shared).count() == size


def test_parts_know_what_the_feed_shows(alder: Contributor) -> None:
    alder.send(finding())
    alder.work()
    assert all(part.version == part.published_version for part in Part.objects.all())


def test_every_look_at_identifiers_is_written_down(alder: Contributor) -> None:
    alder.send(finding())
    alder.work()
    looks = AuditEvent.objects.filter(act="read identifiers").order_by("pk")
    assert [(each.actor, each.detail["why"], each.detail["count"]) for each in looks] == [
        ("worker", "tokens", 1),
        ("worker", "gate", 1),
    ]


def test_lost_work_is_sent_again_once(alder: Contributor) -> None:
    alder.send(finding())
    later = datetime.now(UTC) + timedelta(minutes=2)
    assert pipeline.resume(later) == 1
    assert pipeline.resume(datetime.now(UTC) - timedelta(seconds=30)) == 0
