"""A submission from its first word to the feed."""

import pytest
from django.contrib.auth.models import User

from indicators import pipeline
from indicators.detections.drafts.decisions import DecisionRefused
from indicators.detections.drafts.reviewing import read_draft
from indicators.detections.submissions.editing import NoSuchSubmission, SubmissionRefused
from indicators.models import (
    Collection,
    Detection,
    DraftState,
    SubmissionState,
)
from indicators.store.custody import open_collection
from tests.contributing.feed import latest, tokens
from tests.contributing.working import work
from tests.detections.submissions.author import Author, person
from tests.detections.test_claimed import CLAIM

pytestmark = pytest.mark.django_db

THREE = "one@example.org\ntwo@example.org\n198.51.100.7\n"


def test_a_prepared_submission_is_for_its_authors_eyes(ana: Author) -> None:
    ana.paste(THREE)
    ana.prepare(name="Long winter")
    assert ana.draft.state == DraftState.PREPARED
    assert ana.submission.state == SubmissionState.PREPARED


def test_its_identifiers_become_tokens(ana: Author) -> None:
    ana.paste(THREE)
    ana.prepare()
    assert ana.draft.preview["tokenized"] == {
        "email": 2,
        "email-canonical": 2,
        "ipv4": 1,
        "ipv4-24": 1,
    }


def test_nothing_but_its_campaign_tells_of_it_before_evidence(ana: Author) -> None:
    ana.prepare(name="Long winter")
    assert {each["type"] for each in ana.shown()} == {"campaign", "infrastructure", "relationship"}


def test_what_was_sent_waits_for_a_reviewer(ana: Author) -> None:
    ana.prepare(name="Long winter")
    assert ana.send().state == DraftState.REVIEW
    assert ana.draft.author == ana.user


def test_its_author_never_approves_it(ana: Author) -> None:
    ana.prepare(name="Long winter")
    with pytest.raises(DecisionRefused):
        pipeline.approve(ana.send().pk, ana.user)


def test_what_a_reviewer_approved_is_in_the_feed(
    ana: Author, rae: User, shared: Collection
) -> None:
    ana.paste(THREE)
    ana.prepare(name="Long winter")
    pipeline.approve(ana.send().pk, rae)
    work()
    assert [each["name"] for each in latest(shared, "campaign")] == ["Long winter"]
    assert tokens(latest(shared, "indicator")) == 6


def test_a_draft_that_has_changed_meanwhile_is_not_sent(ana: Author) -> None:
    ana.prepare(name="Long winter")
    seen = ana.draft.pk
    ana.prepare(name="Longer winter")
    with pytest.raises(SubmissionRefused):
        pipeline.send_submission(ana.id, ana.user, seen)


def test_what_was_returned_is_written_again_and_reviewed_again(ana: Author, rae: User) -> None:
    ana.prepare(name="Long winter")
    pipeline.return_draft(ana.send().pk, rae, "Say which model.")
    assert ana.submission.state == SubmissionState.RETURNED
    ana.prepare(name="Longer winter")
    assert ana.send().state == DraftState.REVIEW


def test_what_was_rejected_can_be_prepared_again_with_its_identifiers(
    ana: Author, rae: User
) -> None:
    ana.paste(THREE)
    ana.prepare(name="Long winter")
    pipeline.reject(ana.send().pk, rae, "A known customer.")
    pipeline.reopen_submission(ana.id, ana.user)
    ana.prepare(name="Longer winter")
    assert sum(ana.draft.preview["tokenized"].values()) == 6


def test_a_published_submission_that_is_edited_shows_what_changes(ana: Author, rae: User) -> None:
    ana.paste(THREE)
    ana.prepare(name="Long winter")
    pipeline.approve(ana.send().pk, rae)
    work()
    pipeline.reopen_submission(ana.id, ana.user)
    ana.prepare(name="Longer winter")
    assert [each["type"] for each in ana.shown()] == ["campaign"]


def test_editing_its_words_makes_no_tokens_anew(ana: Author) -> None:
    ana.paste(THREE)
    ana.prepare(name="Long winter")
    ana.prepare(name="Longer winter")
    held = Detection.objects.filter(account_count__gt=0)
    assert [each.revision for each in held] == [1]


def test_an_identifier_that_is_taken_out_leaves_its_indicator(ana: Author) -> None:
    ana.paste(THREE)
    ana.prepare()
    ana.paste("one@example.org\n")
    ana.prepare()
    assert ana.draft.preview["tokenized"] == {"email": 1, "email-canonical": 1}


def test_another_marking_is_on_every_object(ana: Author, rae: User) -> None:
    ana.paste(THREE)
    ana.prepare()
    pipeline.approve(ana.send().pk, rae)
    work()
    pipeline.reopen_submission(ana.id, ana.user)
    ana.prepare(tlp="amber")
    assert len(ana.shown("indicator")) == 4


def test_a_word_that_is_an_identifier_keeps_all_of_it_here(ana: Author) -> None:
    ana.paste(THREE)
    ana.prepare(description="Write to one@example.org.")
    [refused, *_] = ana.draft.preview["refused"]
    assert refused["pointer"] == "/description"
    assert ana.shown() == []


def test_what_keeps_a_submission_here_is_for_its_authors_eyes(ana: Author) -> None:
    ana.prepare(description="Write to one@example.org.")
    assert (ana.draft.state, read_draft(ana.draft.pk)) == (DraftState.PREPARED, None)


def test_what_can_not_be_shared_is_not_sent(ana: Author) -> None:
    ana.prepare(description="Write to one@example.org.")
    with pytest.raises(SubmissionRefused, match="can't be shared"):
        ana.send()


def test_a_claim_without_a_source_keeps_all_of_it_here(ana: Author) -> None:
    bare = {name: CLAIM[name] for name in ("organization", "claimed_by", "status", "basis")}
    ana.prepare(claims=[bare])
    assert "source" in ana.draft.failure


def test_nobody_else_sends_it(ana: Author, rae: User) -> None:
    ana.prepare()
    with pytest.raises(NoSuchSubmission):
        pipeline.send_submission(ana.id, rae, ana.draft.pk)


def test_a_marking_that_is_too_strict_for_the_collection_is_refused(ana: Author) -> None:
    with pytest.raises(SubmissionRefused):
        ana.prepare(tlp="red")


def test_what_is_published_is_changed_where_it_is_published(ana: Author, rae: User) -> None:
    ana.prepare(name="Long winter")
    pipeline.approve(ana.send().pk, rae)
    work()
    pipeline.reopen_submission(ana.id, ana.user)
    ana.collection = open_collection(title="Named", alias="named", audience="named")
    with pytest.raises(SubmissionRefused, match="published in Labs"):
        ana.prepare(tlp="red")


def test_a_hold_that_is_over_already_is_refused(ana: Author) -> None:
    with pytest.raises(SubmissionRefused, match="over already"):
        ana.prepare(hold_until="2026-01-01T00:00:00Z")


def test_what_waits_for_review_can_be_taken_back_by_its_author(ana: Author) -> None:
    ana.prepare(name="Long winter")
    ana.send()
    pipeline.reopen_submission(ana.id, ana.user)
    assert ana.draft.state == DraftState.PREPARED


def test_what_is_being_checked_is_not_changed(ana: Author) -> None:
    with pytest.raises(SubmissionRefused):
        ana.submission.__class__.objects.filter(pk=ana.id).update(state="checking")
        ana.paste(THREE)


def test_what_is_being_checked_can_be_taken_back_by_its_author(ana: Author) -> None:
    ana.submission.__class__.objects.filter(pk=ana.id).update(state="checking")
    pipeline.reopen_submission(ana.id, ana.user)
    ana.paste(THREE)


def test_who_is_no_analyst_submits_nothing(db: None) -> None:
    with pytest.raises(SubmissionRefused):
        Author.begun(person("adam", "administrator"))


def test_a_submitted_cluster_is_described_in_its_submission_alone(ana: Author) -> None:
    ana.prepare(name="Long winter")
    with pytest.raises(DecisionRefused):
        pipeline.describe_cluster(ana.cluster.pk, ana.user, "Other words.")
