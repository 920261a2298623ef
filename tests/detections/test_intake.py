"""What is taken, what is recognized, what is refused; and that all of it is sealed."""

from datetime import timedelta

import pytest
from django.conf import settings
from django.db import connection

from indicators.detections.feedback import record_feedback
from indicators.detections.formats.line import Line, LineError
from indicators.detections.identifiers import intake as intake_module
from indicators.detections.identifiers.intake import (
    LineStatus,
    untokenized,
    unusable_identifiers,
)
from indicators.detections.identifiers.sealed_rows import (
    FINGERPRINTS,
    open_account,
    open_fingerprints,
)
from indicators.detections.identifiers.sealing import open_sealer, place
from indicators.models import Account, Cluster, Detection, Detector, Stage, Verdict
from tests.detections.intake import NOW, Intake, account, finding, line_of
from tests.store.plans import explained

pytestmark = pytest.mark.django_db

MINHASH = "A" * 683 + "="
SECRET = "ana.secret@example.org"


def statuses(intake: Intake, *findings: object) -> list[str]:
    return [result.status.value for result in intake.post(*findings)]  # type: ignore[arg-type]


def opened(found: Account) -> bytes:
    bound = place("account", found.detection_id, found.number)
    return open_sealer().unseal(found.data_key_id, bytes(found.sealed), bound)


def test_a_new_finding_is_accepted_under_an_id_of_its_own(intake: Intake) -> None:
    [result] = intake.post(finding())
    assert (result.line, result.status, result.uid) == (1, LineStatus.ACCEPTED, "f-1")
    assert Detection.objects.get().uuid == result.id


def test_an_accepted_finding_waits_for_tokens(intake: Intake) -> None:
    intake.post(finding())
    assert Detection.objects.get().stage == Stage.RECEIVED


def test_identifiers_expire_after_the_days_that_settings_say(intake: Intake) -> None:
    intake.post(finding())
    assert Detection.objects.get().expires_at == NOW + timedelta(days=settings.IDENTIFIER_DAYS)


def test_the_same_line_again_is_a_duplicate_with_the_same_id(intake: Intake) -> None:
    first, again = intake.post(finding())[0], intake.post(finding())[0]
    assert (again.status, again.id) == (LineStatus.DUPLICATE, first.id)


def test_equal_lines_in_one_post_are_one_finding(intake: Intake) -> None:
    first, second = intake.post(finding(), finding())
    assert (second.status, second.id) == (LineStatus.DUPLICATE, first.id)


def test_replaying_a_post_stores_nothing(intake: Intake) -> None:
    posted = [finding("f-1"), finding("f-2"), finding("f-2", 2)]
    intake.post(*posted)
    assert statuses(intake, *posted) == ["duplicate"] * 3
    assert Detection.objects.count() == 3


def test_another_content_under_a_held_revision_is_rejected(intake: Intake) -> None:
    [_, result] = intake.post(finding(), finding(confidence=50))
    assert (result.status, result.errors[0].pointer) == (LineStatus.REJECTED, "/revision")


def test_an_older_revision_is_rejected_with_the_one_held(intake: Intake) -> None:
    intake.post(finding(revision=5))
    [result] = intake.post(finding(revision=2))
    assert result.status == LineStatus.REJECTED
    assert "Revision 5 of this finding is held" in result.errors[0].message


def test_a_higher_revision_supersedes_the_one_before(intake: Intake) -> None:
    intake.post(finding())
    intake.post(finding(revision=2))
    stages = dict(Detection.objects.values_list("revision", "stage"))
    assert stages == {1: Stage.SUPERSEDED, 2: Stage.RECEIVED}


def test_of_several_revisions_in_one_post_the_last_holds(intake: Intake) -> None:
    intake.post(finding(), finding(revision=2), finding(revision=3))
    stages = dict(Detection.objects.values_list("revision", "stage"))
    assert stages == {1: Stage.SUPERSEDED, 2: Stage.SUPERSEDED, 3: Stage.RECEIVED}


def test_a_revision_of_an_earlier_chunk_is_superseded(
    intake: Intake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(intake_module, "CHUNK_LINES", 1)
    intake.post(finding(), finding(revision=2))
    assert Detection.objects.get(revision=1).stage == Stage.SUPERSEDED


def test_a_revision_of_a_false_positive_is_withheld_as_well(intake: Intake) -> None:
    intake.post(finding())
    record_feedback(intake.detector, "f-1", Verdict.FALSE_POSITIVE, actor="ana")
    intake.post(finding(revision=2))
    newest = Detection.objects.get(revision=2)
    assert (newest.stage, newest.verdict) == (Stage.WITHHELD, Verdict.FALSE_POSITIVE)


def test_it_goes_on_when_the_person_thinks_again(intake: Intake) -> None:
    intake.post(finding())
    record_feedback(intake.detector, "f-1", Verdict.FALSE_POSITIVE, actor="ana")
    intake.post(finding(revision=2))
    record_feedback(intake.detector, "f-1", Verdict.TRUE_POSITIVE, actor="ana")
    stages = dict(Detection.objects.values_list("revision", "stage"))
    assert stages == {1: Stage.SUPERSEDED, 2: Stage.RECEIVED}


def test_what_was_withheld_loses_its_accounts_with_the_next_revision(intake: Intake) -> None:
    intake.post(finding())
    Detection.objects.update(stage=Stage.WITHHELD)
    intake.post(finding(revision=2))
    assert set(Account.objects.values_list("detection__revision", flat=True)) == {2}


def test_another_detectors_finding_of_the_same_name_is_another(intake: Intake) -> None:
    intake.post(finding())
    intake.credential.detector = Detector.objects.create(name="other-finder")
    assert statuses(intake, finding(confidence=1)) == ["accepted"]


def test_findings_of_one_cluster_share_its_row(intake: Intake) -> None:
    cluster = {"key": "cluster-1"}
    intake.post(finding("f-1", cluster=cluster), finding("f-2", cluster=cluster))
    assert Cluster.objects.count() == 1


def test_a_detectors_key_of_a_cluster_is_not_stored(intake: Intake) -> None:
    intake.post(finding(cluster={"key": "reseller-west"}))
    token = Cluster.objects.get().token
    assert len(token) == 22
    assert "reseller" not in token


def test_two_detectors_have_two_clusters_of_one_key(intake: Intake) -> None:
    intake.post(finding())
    intake.credential.detector = Detector.objects.create(name="other-finder")
    intake.post(finding())
    assert len(set(Cluster.objects.values_list("token", flat=True))) == 2


def test_accounts_are_numbered_by_their_place(intake: Intake) -> None:
    intake.post(finding(accounts=[account("a"), account("b", email=SECRET)]))
    found = {each.number: open_account(opened(each)) for each in Account.objects.all()}
    assert {number: each.ref for number, each in found.items()} == {0: "a", 1: "b"}
    assert found[1].identifiers[0].value == SECRET


def test_prompt_fingerprints_are_an_account_of_their_own(intake: Intake) -> None:
    intake.post(finding(prompt_fingerprints=[{"minhash": MINHASH}]))
    assert open_fingerprints(opened(Account.objects.get(number=FINGERPRINTS)))[0].minhash == MINHASH


def test_the_sealed_body_is_the_line_without_its_accounts(intake: Intake) -> None:
    intake.post(finding(confidence=70))
    found = Detection.objects.get()
    assert found.data_key_id is not None
    assert found.sealed is not None
    body = open_sealer().unseal(
        found.data_key_id, bytes(found.sealed), place("detection", found.pk)
    )
    assert b'"confidence":70' in body
    assert b"example.org" not in body


def test_no_table_holds_an_identifier_in_clear(intake: Intake) -> None:
    intake.post(finding(accounts=[account("secret-ref", email=SECRET)], title="Secret title"))
    with connection.cursor() as cursor:
        for table in ("detection", "account", "cluster", "job"):
            cursor.execute(f"SELECT string_agg(t::text, ' ') FROM indicators_{table} t")
            dump = cursor.fetchone()[0].lower()
            for planted in (SECRET, "secret-ref", "secret title"):
                assert planted not in dump
                assert planted.encode().hex() not in dump


def test_a_closed_finding_keeps_no_accounts(intake: Intake) -> None:
    intake.post(finding(status="closed"))
    assert not Detection.objects.get().is_open
    assert not Account.objects.exists()


def test_a_line_with_errors_is_rejected_with_them(intake: Intake) -> None:
    fault = LineError("/uid", "is missing")
    [result] = intake.post_lines([Line(7, None, b"{}", (fault,))])
    assert (result.line, result.status) == (7, LineStatus.REJECTED)
    assert result.errors == (fault,)


def test_an_unusable_identifier_is_named_by_its_place(intake: Intake) -> None:
    [result] = intake.post(finding(accounts=[account("a"), account("b", email="nobody")]))
    assert result.status == LineStatus.REJECTED
    assert [error.pointer for error in result.errors] == ["/accounts/1/identifiers/0/value"]


@pytest.mark.parametrize(
    ("kind", "value"),
    [("email", "nobody"), ("ip", "999.1.2.3"), ("payment_instrument", "4111 1111 1111 1111")],
)
def test_an_error_never_shows_the_identifier(kind: str, value: str) -> None:
    found = finding(accounts=[account("a", **{kind: value})])
    [error] = unusable_identifiers(found)
    assert value not in error.message


def test_one_bad_line_does_not_fail_the_others(intake: Intake) -> None:
    bad = finding("f-2", accounts=[account("b", email="nobody")])
    assert statuses(intake, finding("f-1"), bad, finding("f-3")) == [
        "accepted",
        "rejected",
        "accepted",
    ]


def test_errors_of_one_line_are_at_most_twenty() -> None:
    found = finding(accounts=[account(str(n), email="nobody") for n in range(100)])
    assert len(unusable_identifiers(found)) == 20


def test_what_waits_for_tokens_is_told_by_job(intake: Intake) -> None:
    intake.post(finding("f-1"), finding("f-2", accounts=[]), finding("f-2", 2))
    job = Detection.objects.values_list("job_id", flat=True)[0]
    counts = [(Detection.objects.get(pk=number).uid, count) for number, count in untokenized(job)]
    assert counts == [("f-1", 1), ("f-2", 1)]


def test_a_chunk_costs_a_fixed_number_of_statements(intake: Intake) -> None:
    def statements(count: int, first: int) -> int:
        lines = [line_of(finding(f"f-{n}"), n) for n in range(first, first + count)]
        with explained() as plans:
            intake.post_lines(lines)
        return plans.statements

    open_sealer()
    assert statements(50, 100) == statements(5, 200)


def test_known_findings_are_looked_up_by_index(intake: Intake) -> None:
    with connection.cursor() as cursor:
        intake.post(*(finding(f"f-{n}") for n in range(500)))
        cursor.execute("ANALYZE indicators_detection, indicators_cluster")
    with explained() as plans:
        intake.post(finding("f-3"), finding("f-1000"))
    assert {"one_detection_a_revision", "one_cluster_a_key"} <= plans.indexes
    assert not plans.scanned & {"indicators_detection", "indicators_cluster"}
