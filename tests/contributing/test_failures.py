"""What can not go on waits with its reason and holds up no other."""

from typing import Any
from unittest import mock

import pytest
from celery.exceptions import Retry
from django.db import OperationalError

from indicators import pipeline, tasks
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


@pytest.mark.parametrize("fault", [OperationalError("away"), KeyError("unforeseen")])
def test_a_fault_that_may_pass_is_tried_again(fault: Exception) -> None:
    task = mock.Mock(**{"request.retries": 0, "retry.return_value": Retry()})
    with pytest.raises(Retry):
        tasks._on_failure(task, fault, [7], mock.Mock())
    assert task.retry.call_args.kwargs["countdown"] == 1


def test_a_fault_that_stays_stops_the_one_that_has_it() -> None:
    task, stop = mock.Mock(**{"request.retries": tasks.UNFORESEEN_RETRIES}), mock.Mock()
    tasks._on_failure(task, KeyError("unforeseen"), [7], stop)
    assert stop.call_args.args[0] == 7


def test_a_pause_is_shorter_than_the_brokers_patience(settings: Any) -> None:
    task = mock.Mock(**{"request.retries": 50})
    tasks._again(task)
    patience = settings.CELERY_BROKER_TRANSPORT_OPTIONS["visibility_timeout"]
    assert task.retry.call_args.kwargs["countdown"] < patience
