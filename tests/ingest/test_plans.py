"""What is asked at the door costs by its own size, not by what was sent before."""

import pytest

from indicators.detections import feedback
from indicators.ingest import jobs, limits
from indicators.models import Job, Verdict
from tests.ingest.conftest import Service, at_door, finding
from tests.store.plans import explained, settle


@pytest.fixture(scope="module")
def history(lasting: None) -> Service:
    """A detector that has sent 3,000 findings, and then one more."""
    alder = at_door("Alder", "hydra-finder", "ingest", "feedback")
    for start in range(0, 3000, 1000):
        alder.sent(*(finding(f"old-{n}") for n in range(start, start + 1000)))
    alder.sent(finding("new"))
    settle()
    return alder


def test_a_jobs_progress_is_found_by_its_job(history: Service) -> None:
    newest = Job.objects.latest("received_at")
    assert dict(jobs.stages(newest)) == {"received": 1}
    assert "Seq Scan on indicators_detection" not in jobs.stages(newest).explain()


def test_a_verdict_looks_at_its_own_finding(history: Service) -> None:
    with explained() as plans:
        feedback.record_feedback(history.detector, "new", Verdict.FALSE_POSITIVE, actor="Ana")
    assert not plans.scanned & {"indicators_detection", "indicators_cluster"}
    assert plans.visited <= 10


def test_an_allowance_is_one_statement(history: Service) -> None:
    with explained() as plans:
        limits.take_request(history.credential.pk)
    assert plans.statements == 1
