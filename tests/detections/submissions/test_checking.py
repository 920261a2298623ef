"""What workers do with a submission, and what happens when people act while they do."""

from datetime import UTC, datetime

import pytest
from django.contrib.auth.models import User
from django.db.models import F

from indicators import pipeline
from indicators.detections.drafts.decisions import NoSuchDraft
from indicators.detections.identifiers import allowlist
from indicators.detections.judging import judge
from indicators.detections.submissions import checking
from indicators.models import (
    Collection,
    Detection,
    Draft,
    Stage,
    Submission,
    SubmissionState,
    Verdict,
)
from tests.contributing.feed import latest
from tests.contributing.working import work
from tests.detections.submissions.author import Author
from tests.detections.submissions.test_submitting import THREE
from tests.detections.test_claimed import CLAIM

pytestmark = pytest.mark.django_db


def test_an_abandoned_submission_is_taken_back(ana: Author, rae: User, shared: Collection) -> None:
    ana.paste(THREE)
    ana.prepare(name="Long winter", claims=[CLAIM])
    pipeline.approve(ana.send().pk, rae)
    work()
    pipeline.abandon_submission(ana.id, ana.user)
    work()
    named = [each for each in latest(shared) if each["type"] != "identity" or "labels" not in each]
    assert all(each.get("revoked") for each in named)


def test_an_abandoned_submission_that_nobody_saw_shares_nothing(
    ana: Author, shared: Collection
) -> None:
    ana.paste(THREE)
    ana.prepare(name="Long winter")
    pipeline.abandon_submission(ana.id, ana.user)
    work()
    assert latest(shared) == []
    assert not Draft.objects.filter(state__in=["prepared", "review"]).exists()


def test_what_was_given_up_is_not_decided_any_more(ana: Author, rae: User) -> None:
    ana.prepare(name="Long winter")
    draft = ana.send()
    pipeline.abandon_submission(ana.id, ana.user)
    with pytest.raises(NoSuchDraft):
        pipeline.return_draft(draft.pk, rae, "Say which model.")
    assert ana.submission.state == SubmissionState.ABANDONED


def test_what_was_given_up_unseen_has_no_cluster(ana: Author) -> None:
    ana.paste(THREE)
    Submission.objects.update(state=SubmissionState.CHECKING)
    pipeline.abandon_submission(ana.id, ana.user)
    work()
    assert (ana.submission.cluster, ana.submission.due_since) == (None, None)


def test_a_worker_that_fails_at_what_was_given_up_leaves_it_due(
    ana: Author, rae: User, shared: Collection
) -> None:
    ana.prepare(name="Long winter")
    pipeline.approve(ana.send().pk, rae)
    work()
    pipeline.abandon_submission(ana.id, ana.user)
    pipeline.stop_submission(ana.id, "A table is locked.")
    work()
    assert all(each["revoked"] for each in latest(shared, "campaign"))


def test_a_version_that_comes_while_another_is_read_is_not_brought_in_as_that(
    ana: Author, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A worker reads for a while: by then another has brought it in, and Ana prepared it anew."""
    ana.paste(THREE)
    ana.prepare(name="Long winter")
    Submission.objects.update(state=SubmissionState.CHECKING, due_since=datetime.now(UTC))
    read = checking._needs_reading

    def slowly(submission: Submission) -> bool:
        Submission.objects.update(revision=F("revision") + 1)
        return read(submission)

    monkeypatch.setattr(checking, "_needs_reading", slowly)
    assert checking.check(ana.id) is None
    assert ana.submission.due_since is not None
    assert ana.submission.failure == ""


def test_what_was_judged_false_goes_back_to_its_author(ana: Author, rae: User) -> None:
    ana.prepare(name="Long winter")
    told = Detection.objects.get(uid__endswith="told")
    judge([told.uuid], Verdict.FALSE_POSITIVE, rae, "A known customer.")
    ana.prepare(name="Longer winter")
    assert ana.submission.state == SubmissionState.EDITING
    assert "false positive" in ana.submission.failure


def test_more_accounts_than_a_finding_takes_are_several_findings(
    ana: Author, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checking, "MOST_ACCOUNTS", 2)
    ana.paste(THREE)
    ana.prepare()
    assert [e.account_count for e in Detection.objects.order_by("pk")] == [0, 2, 1]
    assert ana.draft.preview["tokenized"]["ipv4"] == 1


def test_findings_that_are_not_needed_any_more_are_closed(
    ana: Author, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checking, "MOST_ACCOUNTS", 2)
    ana.paste(THREE)
    ana.prepare()
    ana.paste("one@example.org")
    ana.prepare()
    newest = Detection.objects.exclude(stage=Stage.SUPERSEDED).exclude(uid__endswith="told")
    assert [e.is_open for e in newest.order_by("uid")] == [True, False]
    assert "ipv4" not in ana.draft.preview["tokenized"]


def test_accounts_on_the_allow_list_are_said_to_stay(ana: Author) -> None:
    allowlist.add("email", "one@example.org", reason="A research programme.", actor="adam")
    ana.paste("one@example.org\n")
    ana.prepare()
    assert Detection.objects.get(account_count__gt=0).stage == Stage.WITHHELD
    assert ana.submission.state == SubmissionState.PREPARED
