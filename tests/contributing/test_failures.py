"""What can not go on waits with its reason and holds up no other."""

from unittest import mock

import pytest

from indicators import pipeline
from indicators.models import (
    Detector,
    Draft,
    DraftState,
)
from indicators.stix import Tlp
from indicators.store.custody import open_collection
from tests.contributing.detector import Contributor, finding
from tests.contributing.feed import latest

pytestmark = pytest.mark.django_db


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
