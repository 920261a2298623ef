"""Each stage of a contribution costs by what is new, not by what was contributed before."""

from datetime import UTC, datetime

import pytest

from indicators import pipeline
from indicators.models import Detection, Draft
from indicators.store.custody import open_collection
from tests.contributing.detector import Contributor, account, finding
from tests.store.plans import Plans, explained, settle

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("workers")]

_GROWING = {
    "account",
    "authored",
    "cluster",
    "detectedtoken",
    "detection",
    "draft",
    "objectversion",
    "part",
    "seat",
}
STAGES = ("pseudonymize", "draft", "publish")


@pytest.fixture(scope="module")
def history(lasting: None) -> Contributor:
    """A detector with 400 published clusters, and one of 3,000 accounts; then comes one more."""
    alder = Contributor.trusted(open_collection(title="Labs", audience="labs"))
    many = [account(f"m{n}", device=f"device-m-{n}") for n in range(3000)]
    alder.send(finding("many", cluster={"key": "many"}, accounts=many))
    alder.send(*(finding(f"f-{n}") for n in range(400)))
    alder.work()
    settle()
    return alder


def run(stage: str) -> Plans:
    """The plans of a stage, for what came last."""
    newest = Detection.objects.latest("pk")
    draft = Draft.objects.order_by("-created_at").values_list("pk", flat=True).first()
    with explained() as plans:
        if stage == "pseudonymize":
            pipeline.pseudonymize([newest.pk])
        elif stage == "draft":
            pipeline.draft([newest.cluster_id])
        elif draft is not None:
            pipeline.publish([draft])
    return plans


def scanned(plans: Plans) -> set[str]:
    return {name for name in plans.scanned if name.split("_")[1] in _GROWING}


def test_a_new_cluster_costs_by_itself(history: Contributor) -> None:
    history.send(finding("new"))
    for stage in STAGES:
        plans = run(stage)
        assert scanned(plans) == set(), stage
        assert plans.visited < 400, stage


def test_a_closure_costs_by_what_it_takes_back(history: Contributor) -> None:
    history.send(finding("f-7", revision=2, status="closed", accounts=[]))
    for stage in STAGES:
        plans = run(stage)
        assert scanned(plans) == set(), stage
        if stage != "publish":  # which may read a small part of the token index to its end
            assert plans.visited < 400, stage


def test_looking_for_lost_work_finds_none_at_once(history: Contributor) -> None:
    with explained() as plans:
        pipeline.resume(datetime.now(UTC))
    assert scanned(plans) == set()
    assert plans.visited < 20
