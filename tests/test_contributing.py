"""A detector's findings on their way out, stage by stage, with the tables as the only memory."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from unittest import mock

import orjson
import pytest
from celery import current_app
from django.contrib.auth.models import Permission, User
from django.db import IntegrityError, transaction

from federation import signing
from federation.models import NodeKey
from federation.node_keys import public_keys
from indicators import pipeline
from indicators.detections.drafts.decisions import DecisionRefused
from indicators.models import (
    AuditEvent,
    Cluster,
    Collection,
    Detection,
    Detector,
    Draft,
    DraftState,
    Entry,
    IndexedToken,
    Part,
    Policy,
    Stage,
)
from indicators.stix import Tlp
from indicators.store.custody import check_custody, open_collection
from tests.contributions import Contributor, account, finding

pytestmark = pytest.mark.django_db


@pytest.fixture
def shared(db: None) -> Collection:
    return open_collection(title="Labs", alias="labs", audience="labs")


@pytest.fixture
def alder(shared: Collection) -> Contributor:
    return Contributor.trusted(shared)


@pytest.fixture(autouse=True)
def workers() -> Iterator[None]:
    """Nothing is run by itself: `work` sends what the tables say is due, and runs it."""
    with mock.patch.object(current_app, "send_task"):
        yield


def latest(collection: Collection, of_type: str | None = None) -> list[dict[str, Any]]:
    """What a reader of the collection sees: the latest version of each object."""
    entries = Entry.objects.filter(collection=collection, is_latest=True).order_by("seq")
    found = [orjson.loads(bytes(entry.object_version.body or b"")) for entry in entries]
    return [each for each in found if of_type in (None, each["type"])]


def versions(collection: Collection, stix_id: str) -> list[dict[str, Any]]:
    entries = Entry.objects.filter(collection=collection, stix_id=stix_id).order_by("seq")
    return [orjson.loads(bytes(entry.object_version.body or b"")) for entry in entries]


def tokens(objects: list[dict[str, Any]]) -> int:
    return sum(each["pattern"].count("psi1.") for each in objects if not each.get("revoked"))


def reviewer(name: str) -> User:
    person = User.objects.create_user(name)
    person.user_permissions.add(Permission.objects.get(codename="change_draft"))
    return person


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


def test_a_review_detectors_draft_waits(shared: Collection) -> None:
    alder = Contributor.trusted(shared, policy=Policy.REVIEW)
    alder.send(finding())
    alder.work()
    assert Draft.objects.get().state == DraftState.REVIEW
    assert latest(shared) == []


def test_an_approved_draft_is_published_as_it_was_shown(shared: Collection) -> None:
    alder = Contributor.trusted(shared, policy=Policy.REVIEW)
    alder.send(finding())
    alder.work()
    draft = Draft.objects.get()
    pipeline.approve(draft.pk, reviewer("ben"))
    alder.work()
    shown = {each["id"]: each for each in alder.shown(draft)}
    for each in latest(shared):
        each["extensions"].pop(signing.EXTENSION)
        if not each["extensions"]:
            del each["extensions"]
        assert each["type"] == "identity" or shown[each["id"]] == each


def test_a_rejected_draft_shares_nothing(shared: Collection) -> None:
    alder = Contributor.trusted(shared, policy=Policy.REVIEW)
    alder.send(finding())
    alder.work()
    pipeline.reject(Draft.objects.get().pk, reviewer("ben"), "A known customer.")
    alder.work()
    assert latest(shared) == []
    assert Detection.objects.get().stage == Stage.WITHHELD


def test_a_later_finding_does_not_bring_back_what_was_rejected(shared: Collection) -> None:
    alder = Contributor.trusted(shared, policy=Policy.REVIEW)
    one, two = (account(f"a{n}", device=f"device-{n}") for n in (1, 2))
    alder.send(finding("f-1", cluster={"key": "c"}, accounts=[one]))
    alder.work()
    pipeline.reject(Draft.objects.get().pk, reviewer("ben"), "A known customer.")
    alder.send(finding("f-2", cluster={"key": "c"}, accounts=[two]))
    alder.work()
    [draft] = Draft.objects.filter(state=DraftState.REVIEW)
    assert tokens([each for each in alder.shown(draft) if each["type"] == "indicator"]) == 1


def test_who_describes_a_cluster_does_not_approve_it(
    alder: Contributor, shared: Collection
) -> None:
    alder.send(finding())
    alder.work()
    ana, ben = reviewer("ana"), reviewer("ben")
    pipeline.describe_cluster(Cluster.objects.get().pk, ana, "They rotate through resellers.")
    alder.work()
    [draft] = Draft.objects.filter(state=DraftState.REVIEW)
    with pytest.raises(DecisionRefused):
        pipeline.approve(draft.pk, ana)
    pipeline.approve(draft.pk, ben)
    alder.work()
    [campaign] = latest(shared, "campaign")
    assert campaign["description"] == "They rotate through resellers."


def test_the_database_refuses_an_author_who_decides(alder: Contributor, shared: Collection) -> None:
    alder.send(finding())
    alder.work()
    ana = reviewer("ana")
    with pytest.raises(IntegrityError), transaction.atomic():
        Draft.objects.update(author=ana, decided_by=ana)


def test_who_is_no_reviewer_decides_nothing(shared: Collection) -> None:
    alder = Contributor.trusted(shared, policy=Policy.REVIEW)
    alder.send(finding())
    alder.work()
    with pytest.raises(DecisionRefused):
        pipeline.approve(Draft.objects.get().pk, User.objects.create_user("mallory"))


def test_a_description_is_kept_by_later_versions(alder: Contributor, shared: Collection) -> None:
    alder.send(finding())
    alder.work()
    pipeline.describe_cluster(Cluster.objects.get().pk, reviewer("ana"), "Resellers.")
    alder.work()
    [draft] = Draft.objects.filter(state=DraftState.REVIEW)
    pipeline.approve(draft.pk, reviewer("ben"))
    alder.work()
    alder.send(finding(revision=2, confidence=90))
    alder.work()
    [campaign] = latest(shared, "campaign")
    assert campaign["description"] == "Resellers."
    assert campaign["confidence"] == 90


def test_a_stricter_marking_waits_for_a_person(alder: Contributor, shared: Collection) -> None:
    alder.send(finding(sharing={"tlp": "amber"}))
    alder.work()
    draft = Draft.objects.get()
    assert draft.state == DraftState.REVIEW
    assert any("AMBER" in reason.upper() for reason in draft.review_reasons)


def test_what_a_collection_may_not_take_fails_with_the_reason(db: None) -> None:
    public = open_collection(title="Public", audience="public")
    alder = Contributor.trusted(public, tlp=Tlp.GREEN.rank)
    alder.send(finding())
    alder.work()
    draft = Draft.objects.get()
    assert draft.state == DraftState.FAILED
    assert "TLP:GREEN" in draft.failure
    assert latest(public) == []


def test_what_failed_can_be_run_again(db: None) -> None:
    public = open_collection(title="Public", audience="public")
    alder = Contributor.trusted(public, tlp=Tlp.GREEN.rank)
    alder.send(finding())
    alder.work()
    Detector.objects.update(tlp=Tlp.CLEAR.rank)
    assert pipeline.run_again("ana") == 1
    alder.work()
    assert latest(public, "campaign")


def test_a_draft_that_fails_holds_up_no_other(db: None) -> None:
    public = open_collection(title="Public", audience="public")
    alder = Contributor.trusted(public, tlp=Tlp.CLEAR.rank)
    alder.send(finding("f-1"), finding("f-2", sharing={"tlp": "green"}), finding("f-3"))
    alder.work()
    assert len(latest(public, "campaign")) == 2
    assert Draft.objects.get(state=DraftState.FAILED).failure


def test_an_email_in_a_models_name_stays_here(alder: Contributor, shared: Collection) -> None:
    alder.send(finding(model_targets=[{"provider": "ask sales@example.com"}]))
    alder.work()
    assert not any("example.com" in orjson.dumps(each).decode() for each in latest(shared))
    withheld = Draft.objects.get().preview["withheld"]
    assert "model_targets" in {each["field"] for each in withheld}


def test_an_identifier_in_a_models_name_does_not_pass_the_gate(
    alder: Contributor, shared: Collection
) -> None:
    owner = account("a", device="serial-77-kappa")
    alder.send(finding(accounts=[owner], model_targets=[{"provider": "serial-77-kappa"}]))
    alder.work()
    draft = Draft.objects.get()
    assert draft.state == DraftState.FAILED
    assert "serial-77" not in draft.failure
    assert latest(shared) == []


def test_what_the_gate_refused_does_not_pass_at_the_next_finding(
    alder: Contributor, shared: Collection
) -> None:
    owner = account("a", device="serial-77-kappa")
    named = [{"provider": "serial-77-kappa"}]
    alder.send(finding("f-1", cluster={"key": "c"}, accounts=[owner], model_targets=named))
    alder.work()
    pipeline.run_again("ana")
    alder.work()
    alder.send(finding("f-2", cluster={"key": "c"}))
    alder.work()
    assert latest(shared) == []


def test_an_identifier_in_a_persons_words_does_not_pass_the_gate(
    alder: Contributor, shared: Collection
) -> None:
    alder.send(finding(accounts=[account("a", device="serial-77-kappa")]))
    alder.work()
    words = "Look for serial-77-kappa."
    pipeline.describe_cluster(Cluster.objects.get().pk, reviewer("ana"), words)
    alder.work()
    assert Draft.objects.get(state=DraftState.FAILED).failure
    assert "description" not in latest(shared, "campaign")[0]


def test_a_closure_takes_back_what_a_person_described(
    alder: Contributor, shared: Collection
) -> None:
    alder.send(finding())
    alder.work()
    pipeline.describe_cluster(Cluster.objects.get().pk, reviewer("ana"), "Resellers.")
    alder.work()
    pipeline.approve(Draft.objects.get(state=DraftState.REVIEW).pk, reviewer("ben"))
    alder.work()
    alder.send(finding(revision=2, status="closed", accounts=[]))
    alder.work()
    assert latest(shared, "campaign")[0]["revoked"] is True


@pytest.mark.parametrize(("wish", "state"), [("labs", "published"), ("others", "review")])
def test_a_wish_for_another_collection_waits_for_a_person(
    alder: Contributor, wish: str, state: str
) -> None:
    alder.send(finding(sharing={"collection": wish}))
    alder.work()
    assert Draft.objects.get().state == state


def test_a_cluster_that_cannot_be_drafted_waits_with_its_reason(alder: Contributor) -> None:
    alder.send(finding("f-1"), finding("f-2"))
    with mock.patch(
        "indicators.detections.drafts.making.draft", side_effect=KeyError("one@example.org")
    ):
        alder.work()
    stopped = list(pipeline.waiting())
    assert len(stopped) == 2
    assert all("KeyError" in each.reason for each in stopped)
    assert not any("example.org" in each.reason for each in stopped)


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


_WITHOUT_VERSIONS = {"identity", "ai-traffic-aggregate"}
