"""What people found of a detector's findings."""

import pytest

from indicators.models import AuditEvent, Cluster, Detection, Detector, Policy, Stage
from tests.ingest.conftest import Service, content, finding


def say(service: Service, uid: str, verdict: str) -> dict[str, object]:
    response = service.ask("feedback", {"uid": uid, "verdict": verdict})
    assert response.status_code == 200, response.content
    return content(response)


def counts(service: Service) -> tuple[int, int]:
    held = Detector.objects.get(pk=service.detector.pk)
    return held.reviewed_count, held.false_positive_count


def test_a_verdict_counts_for_the_detectors_record(alder: Service) -> None:
    alder.sent(finding("f-1"), finding("f-2"))
    say(alder, "f-1", "true-positive")
    assert say(alder, "f-2", "false-positive") == {
        "uid": "f-2",
        "verdict": "false-positive",
        "reviewed": 2,
        "false_positives": 1,
        "policy": "review",
    }


def test_a_finding_is_counted_once_whatever_its_revisions(alder: Service) -> None:
    alder.sent(finding("f-1"))
    say(alder, "f-1", "true-positive")
    alder.sent(finding("f-1", revision=2))
    say(alder, "f-1", "true-positive")
    assert counts(alder) == (1, 0)


@pytest.mark.parametrize(
    ("verdict", "expected"), [("true-positive", (1, 0)), ("inconclusive", (0, 0))]
)
def test_a_changed_verdict_is_counted_anew(
    alder: Service, verdict: str, expected: tuple[int, int]
) -> None:
    alder.sent(finding("f-1"))
    say(alder, "f-1", "false-positive")
    say(alder, "f-1", verdict)
    assert counts(alder) == expected


def test_a_false_positive_is_withheld_and_its_cluster_due(alder: Service) -> None:
    alder.sent(finding("f-1"))
    Detection.objects.update(stage=Stage.PUBLISHED)
    say(alder, "f-1", "false-positive")
    assert Detection.objects.get().stage == Stage.WITHHELD
    assert Cluster.objects.get().draft_due


def test_a_false_positive_that_was_none_goes_on(alder: Service) -> None:
    alder.sent(finding("f-1"))
    say(alder, "f-1", "false-positive")
    say(alder, "f-1", "true-positive")
    assert Detection.objects.get().stage == Stage.RECEIVED


def test_what_a_person_kept_back_for_other_reasons_stays(alder: Service) -> None:
    alder.sent(finding("f-1"))
    say(alder, "f-1", "false-positive")
    Detection.objects.update(reason="The reviewer keeps it back.")
    say(alder, "f-1", "true-positive")
    assert Detection.objects.get().stage == Stage.WITHHELD


def test_another_detectors_finding_is_not_found(alder: Service, birch: Service) -> None:
    alder.sent(finding("f-1"))
    response = birch.ask("feedback", {"uid": "f-1", "verdict": "false-positive"})
    assert response.status_code == 404
    assert counts(alder) == (0, 0)


def test_a_detector_that_errs_too_often_is_demoted(alder: Service) -> None:
    Detector.objects.filter(pk=alder.detector.pk).update(
        policy=Policy.PUBLISH, reviewed_count=99, false_positive_count=19
    )
    alder.sent(finding("f-1"))
    assert say(alder, "f-1", "false-positive")["policy"] == "review"
    held = Detector.objects.get(pk=alder.detector.pk)
    assert held.demoted_at is not None
    assert "20 of 100" in held.demoted_because


def test_a_detector_that_rarely_errs_keeps_its_trust(alder: Service) -> None:
    Detector.objects.filter(pk=alder.detector.pk).update(
        policy=Policy.PUBLISH, reviewed_count=999, false_positive_count=1
    )
    alder.sent(finding("f-1"))
    assert say(alder, "f-1", "false-positive")["policy"] == "publish"


def test_a_verdict_is_audited(alder: Service) -> None:
    alder.sent(finding("f-1"))
    say(alder, "f-1", "inconclusive")
    event = AuditEvent.objects.get()
    assert (event.actor, event.act) == ("alder-service", "feedback")


def test_a_verdict_that_is_none_is_refused(alder: Service) -> None:
    response = alder.ask("feedback", {"uid": "f-1", "verdict": "guilty"})
    assert response.status_code == 422
    assert content(response)["errors"][0]["pointer"] == "/verdict"
