"""The private side's pages: what detectors found, and who looked at whom."""

from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth.models import User
from django.test import Client

from indicators import pipeline
from indicators.models import (
    AuditEvent,
    Cluster,
    Collection,
    Detection,
    Draft,
    Grant,
    Member,
    Policy,
    Remark,
    Role,
    Stage,
    Submission,
    SubmissionState,
    Verdict,
)
from tests.contributing.detector import Contributor, account, finding
from tests.detections.intake import NOW
from tests.objects import id_of
from tests.people.persons import somebody
from tests.web.reading import page

pytestmark = pytest.mark.django_db

SECRET = "ana.secret@example.org"


def found(alder: Contributor, **told: Any) -> Detection:
    alder.send(finding(**told))
    alder.work()
    return Detection.objects.latest("pk")


def shown(client: Client, detection: Detection, **told: Any) -> Any:
    asked = {"reason": "abuse case 7", **told}
    return client.post(f"/detections/{detection.uuid}/identifiers/", asked)


# --- Lists ---


def test_a_node_without_detectors_says_what_one_is(ana: Client) -> None:
    assert "No detector yet" in page(ana, "/detections/")


def test_findings_are_listed_the_newest_first(alder: Contributor, ana: Client) -> None:
    alder.send(finding("uid-1"), finding("uid-2"))
    listed = page(ana, "/detections/")
    assert listed.index("uid-2") < listed.index("uid-1")


def test_findings_are_listed_by_state(alder: Contributor, ana: Client) -> None:
    found(alder, uid="uid-1")
    alder.send(finding("uid-2"))
    listed = page(ana, "/detections/?stage=received")
    assert "uid-2" in listed
    assert "uid-1" not in listed


def test_findings_are_listed_by_detector(
    alder: Contributor, shared: Collection, ana: Client
) -> None:
    found(alder, uid="uid-1")
    assert "uid-1" not in page(ana, f"/detections/?detector={uuid4()}")
    assert "uid-1" in page(ana, f"/detections/?detector={alder.detector.pk}")


@pytest.mark.parametrize("query", ["before=x", "after=-1", "stage=gone", "detector=x"])
def test_a_filter_that_is_none_is_no_error(alder: Contributor, ana: Client, query: str) -> None:
    found(alder)
    page(ana, f"/detections/?{query}")
    page(ana, f"/clusters/?{query}&state=odd")


def test_lists_go_on_where_a_page_ended(alder: Contributor, ana: Client) -> None:
    alder.send(*(finding(f"f-{n}") for n in range(60)))
    first = ana.get("/detections/").context["page"]
    second = ana.get(f"/detections/?{first.older}").context["page"]
    back = ana.get(f"/detections/?{second.newer}").context["page"]
    assert len({each.id for each in (*first.rows, *second.rows)}) == 60
    assert back.rows == first.rows


@pytest.mark.parametrize("path", ["/detections/", "/clusters/", "/detections/stopped/"])
def test_a_list_costs_the_same_however_long_it_is(
    alder: Contributor, ana: Client, django_assert_max_num_queries: Any, path: str
) -> None:
    alder.send(*(finding(f"f-{n}") for n in range(60)))
    alder.work()
    with django_assert_max_num_queries(12):
        page(ana, path)


def test_clusters_are_listed_with_what_is_known_of_them(alder: Contributor, ana: Client) -> None:
    found(alder, accounts=[account(f"a{n}", device=f"d-{n}") for n in range(7)])
    [row] = ana.get("/clusters/").context["page"].rows
    assert (row.findings, row.accounts) == (1, 7)


def test_an_administrator_sees_no_detections(alder: Contributor, client: Client) -> None:
    client.force_login(somebody("adam", Role.ADMINISTRATOR))
    assert client.get("/detections/").status_code == 403
    assert shown(client, found(alder)).status_code == 403


# --- A finding, and its identifiers ---


def test_a_finding_is_shown_without_its_identifiers(alder: Contributor, ana: Client) -> None:
    detection = found(
        alder, accounts=[account("acct-9", email=SECRET)], description=f"Ask {SECRET}."
    )
    told = page(ana, f"/detections/{detection.uuid}/")
    assert SECRET not in told
    assert "acct-9" not in told


def test_identifiers_are_shown_to_who_says_why(alder: Contributor, ana: Client) -> None:
    detection = found(alder, accounts=[account("acct-9", email=SECRET)])
    assert SECRET in shown(ana, detection).content.decode()


def test_who_looks_at_identifiers_is_in_the_audit_log(alder: Contributor, ana: Client) -> None:
    detection = found(alder)
    shown(ana, detection)
    event = AuditEvent.objects.get(act="reveal")
    assert (event.actor, event.subject) == ("ana", f"detection/{detection.uuid}")
    assert event.detail == {"accounts": 1, "reason": "abuse case 7"}


@pytest.mark.parametrize("reason", ["", "  ", f"about {SECRET}"])
def test_without_a_reason_that_may_be_kept_nothing_is_shown(
    alder: Contributor, ana: Client, reason: str
) -> None:
    detection = found(alder, accounts=[account("acct-9", email="ben.secret@example.org")])
    answer = shown(ana, detection, reason=reason)
    assert answer.status_code == 422
    assert "ben.secret" not in answer.content.decode()
    assert not AuditEvent.objects.filter(act="reveal").exists()


def test_no_cache_keeps_identifiers(alder: Contributor, ana: Client) -> None:
    assert "no-store" in shown(ana, found(alder))["Cache-Control"]


def test_identifiers_have_no_address(alder: Contributor, ana: Client) -> None:
    assert ana.get(f"/detections/{found(alder).uuid}/identifiers/").status_code == 405


def test_a_look_shows_a_hundred_accounts(alder: Contributor, ana: Client) -> None:
    accounts = [account(f"acct-{n}", device=f"d-{n}") for n in range(130)]
    detection = found(alder, accounts=accounts)
    first = shown(ana, detection).context["shown"]
    second = shown(ana, detection, after=first.following).context["shown"]
    assert (len(first.accounts), len(second.accounts)) == (100, 30)
    assert second.following is None


def test_the_detectors_own_words_are_shown_and_recorded(alder: Contributor, ana: Client) -> None:
    detection = found(alder, description="Ask the reseller.")
    assert "Ask the reseller." in shown(ana, detection).content.decode()
    assert AuditEvent.objects.filter(act="reveal", detail__words=True).exists()


def test_what_is_destroyed_is_not_shown(alder: Contributor, ana: Client) -> None:
    detection = found(alder)
    Detection.objects.update(sealed=None, data_key=None)
    page(ana, f"/detections/{detection.uuid}/")
    assert shown(ana, detection).status_code == 409


def test_an_unknown_finding_is_not_there(ana: Client) -> None:
    assert ana.get(f"/detections/{uuid4()}/").status_code == 404


def test_a_finding_costs_few_queries(
    alder: Contributor, ana: Client, django_assert_max_num_queries: Any
) -> None:
    detection = found(alder)
    with django_assert_max_num_queries(12):
        page(ana, f"/detections/{detection.uuid}/")


# --- A cluster ---


def test_a_cluster_is_shown_with_what_is_shared_of_it(alder: Contributor, ana: Client) -> None:
    cluster = found(alder, capability_targets=["coding"]).cluster_id
    told = page(ana, f"/clusters/{cluster}/")
    assert "coding" in told
    assert "campaign--" in told


def test_a_cluster_says_who_has_what_was_published(
    alder: Contributor, shared: Collection, ana: Client
) -> None:
    birch = Member.objects.create(name="Birch", identity_id=id_of("identity", "Birch"))
    Grant.objects.create(collection=shared, member=birch, can_read=True)
    answer = ana.get(f"/clusters/{found(alder).cluster_id}/")
    assert [(each.name, each.has_it) for each in answer.context["page"].holders] == [
        ("Birch", False)
    ]


def test_a_cluster_costs_few_queries(
    alder: Contributor, ana: Client, django_assert_max_num_queries: Any
) -> None:
    alder.send(*(finding(f"f-{n}", cluster={"key": "one"}) for n in range(40)))
    alder.work()
    with django_assert_max_num_queries(18):
        page(ana, f"/clusters/{Cluster.objects.get().pk}/")


def test_an_unknown_cluster_is_not_there(ana: Client) -> None:
    assert ana.get("/clusters/987654/").status_code == 404


def test_what_another_analyst_works_at_alone_is_not_there(alder: Contributor, ana: Client) -> None:
    detection = found(alder)
    Draft.objects.update(state="prepared")
    Submission.objects.create(
        author=somebody("ben", Role.ANALYST),
        state=SubmissionState.PREPARED,
        state_since=NOW,
        created_at=NOW,
        changed_at=NOW,
        cluster_id=detection.cluster_id,
    )
    assert ana.get(f"/clusters/{detection.cluster_id}/").status_code == 404
    assert ana.get(f"/detections/{detection.uuid}/").status_code == 404
    assert shown(ana, detection).status_code == 404


def submitted(alder: Contributor, author: User) -> str:
    """The path of a submission that stands behind the cluster that was found."""
    submission = Submission.objects.create(
        author=author,
        state=SubmissionState.SENT,
        state_since=NOW,
        created_at=NOW,
        changed_at=NOW,
        cluster_id=found(alder).cluster_id,
    )
    return f"/submissions/{submission.pk}/"


def test_the_author_gets_from_a_cluster_to_the_submission(alder: Contributor, ana: Client) -> None:
    path = submitted(alder, User.objects.get(username="ana"))
    assert f'href="{path}"' in page(ana, f"/clusters/{Cluster.objects.get().pk}/")


def test_others_are_not_led_to_a_submission_that_is_not_there_for_them(
    alder: Contributor, ana: Client
) -> None:
    path = submitted(alder, somebody("ben", Role.ANALYST))
    told = page(ana, f"/clusters/{Cluster.objects.get().pk}/")
    assert "analyst&#x27;s submission" in told.replace("'", "&#x27;")
    assert path not in told


def test_words_for_peers_wait_for_another_person(alder: Contributor, ana: Client) -> None:
    cluster = found(alder).cluster_id
    ana.post(f"/clusters/{cluster}/describe/", {"text": "They rotate resellers."})
    alder.work()
    draft = Draft.objects.get(state="review")
    assert draft.author is not None
    assert draft.author.username == "ana"


def test_who_wrote_words_reads_what_should_change(alder: Contributor, ana: Client) -> None:
    cluster = found(alder).cluster_id
    ana.post(f"/clusters/{cluster}/describe/", {"text": "They rotate resellers."})
    alder.work()
    rae = somebody("rae", Role.REVIEWER)
    pipeline.return_draft(Draft.objects.get(state="review").pk, rae, "Which resellers?")
    told = page(ana, f"/clusters/{cluster}/")
    assert "asked for changes" in told
    assert "Which resellers?" in told


def judged(client: Client, detection: Detection, verdict: Verdict, reason: str = "") -> Any:
    told = {"findings": [str(detection.uuid)], "verdict": verdict.value, "reason": reason}
    return client.post(f"/clusters/{detection.cluster_id}/judge/", told)


def test_a_false_positive_is_withheld(alder: Contributor, ana: Client) -> None:
    detection = found(alder)
    judged(ana, detection, Verdict.FALSE_POSITIVE, "A customer's own test.")
    detection.refresh_from_db()
    assert (detection.stage, detection.verdict) == (Stage.WITHHELD, "false-positive")


def test_a_verdict_is_remembered_with_its_reason(alder: Contributor, ana: Client) -> None:
    detection = found(alder)
    judged(ana, detection, Verdict.FALSE_POSITIVE, "A customer's own test.")
    assert "A customer&#x27;s own test." in page(ana, f"/clusters/{detection.cluster_id}/")


def test_a_false_positive_needs_a_reason(alder: Contributor, ana: Client) -> None:
    detection = found(alder)
    assert judged(ana, detection, Verdict.FALSE_POSITIVE).status_code == 422
    assert not Remark.objects.exists()


def test_a_verdict_counts_for_its_detector(alder: Contributor, ana: Client) -> None:
    judged(ana, found(alder), Verdict.TRUE_POSITIVE)
    alder.detector.refresh_from_db()
    assert (alder.detector.reviewed_count, alder.detector.false_positive_count) == (1, 0)


def test_a_finding_of_another_cluster_is_not_judged_here(alder: Contributor, ana: Client) -> None:
    one, two = found(alder, uid="f-1"), found(alder, uid="f-2")
    told = {"findings": [str(two.uuid)], "verdict": "true-positive"}
    assert ana.post(f"/clusters/{one.cluster_id}/judge/", told).status_code == 422


def test_an_administrator_judges_nothing_behind_the_pages(alder: Contributor) -> None:
    from indicators.detections.judging import VerdictRefused, judge

    detection = found(alder)
    with pytest.raises(VerdictRefused):
        judge([detection.uuid], Verdict.TRUE_POSITIVE, somebody("adam", Role.ADMINISTRATOR), "")


# --- What stopped ---


def test_what_failed_is_shown_with_its_reason(alder: Contributor, ana: Client) -> None:
    alder.send(finding())
    pipeline.stop_detection(Detection.objects.get().pk, "The key-holder refused a kind.")
    assert "The key-holder refused a kind." in page(ana, "/detections/stopped/")


def test_what_failed_is_sent_again(alder: Contributor, ana: Client) -> None:
    alder.send(finding())
    detection = Detection.objects.get()
    pipeline.stop_detection(detection.pk, "The key-holder refused a kind.")
    ana.post("/detections/stopped/retry/", {"ids": [str(detection.uuid)]})
    detection.refresh_from_db()
    assert detection.stage == Stage.RECEIVED
    assert AuditEvent.objects.filter(actor="ana", act="run again").exists()


@pytest.mark.parametrize("told", [{}, {"ids": ["x"]}])
def test_nothing_chosen_sends_nothing_again(ana: Client, told: dict[str, Any]) -> None:
    assert ana.post("/detections/stopped/retry/", told).status_code == 302
    assert not AuditEvent.objects.exists()


def test_a_failed_draft_is_shown_with_its_cluster(shared: Collection, ana: Client) -> None:
    alder = Contributor.trusted(shared, policy=Policy.REVIEW)
    detection = found(alder)
    Draft.objects.update(state="failed", failure="The store refused it.")
    told = page(ana, "/detections/stopped/")
    assert "The store refused it." in told
    assert f"/clusters/{detection.cluster_id}/" in told
