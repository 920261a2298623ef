"""No identifier passes, whoever wrote it where."""

import orjson
import pytest

from indicators import pipeline
from indicators.models import (
    Cluster,
    Collection,
    Draft,
    DraftState,
)
from tests.contributing.detector import Contributor, account, finding
from tests.contributing.feed import latest, reviewer

pytestmark = pytest.mark.django_db


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
