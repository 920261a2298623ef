"""What is answered to others, where it goes, and who has to look at it first."""

from typing import Any

import pytest

from federation import signing
from indicators import pipeline
from indicators.detections.drafts.decisions import DecisionRefused
from indicators.models import (
    Collection,
    Draft,
    DraftState,
    Match,
    MatchState,
    Role,
    Submission,
    SubmissionState,
)
from indicators.reconcile.answering import NO_COLLECTION
from indicators.reconcile.replies import ReplyRefused
from indicators.stix import Tlp
from indicators.store.custody import ensure_own_member, open_collection
from tests.contributing.feed import latest, versions
from tests.objects import TLP_AMBER, TLP_GREEN
from tests.reconcile.leads import Leads, analyst, live_answer

pytestmark = pytest.mark.django_db
FEEDBACK = "extension-definition--3ef51111-ce9c-4ffd-a32f-3008c6475752"


def confirm(leads: Leads, match: Match, **said: Any) -> None:
    leads.decide(match, MatchState.CONFIRMED, analyst("ana"), **said)


def only(leads: Leads, of_type: str) -> dict[str, Any]:
    [found] = latest(leads.shared, of_type)
    return found


def test_a_confirmed_match_is_a_sighting_of_the_indicator(leads: Leads) -> None:
    match = leads.match()
    confirm(leads, match)
    sighting = only(leads, "sighting")
    assert sighting["sighting_of_ref"] == match.stix_id
    assert sighting["where_sighted_refs"] == [ensure_own_member().identity_id]
    assert sighting["count"] == 12
    assert sighting["confidence"] == 70
    assert sighting["first_seen"] <= sighting["last_seen"]


def test_an_answer_is_signed_and_its_author_is_in_the_feed(leads: Leads) -> None:
    confirm(leads, leads.match())
    assert signing.EXTENSION in only(leads, "sighting")["extensions"]
    assert only(leads, "identity")["id"] == only(leads, "sighting")["created_by_ref"]


def test_a_reaction_is_an_opinion_with_feedback(leads: Leads) -> None:
    confirm(leads, leads.match(), reaction="actioned")
    opinion = only(leads, "opinion")
    assert opinion["opinion"] == "agree"
    feedback = opinion["extensions"][FEEDBACK]
    assert feedback["reaction"] == "actioned"
    assert feedback["matched_account_count"] == 12
    assert feedback["human_reviewed"] is True


def test_a_false_positive_is_an_opinion_and_no_sighting(leads: Leads) -> None:
    leads.decide(leads.match(), MatchState.FALSE_POSITIVE, analyst("ana"))
    opinion = only(leads, "opinion")
    assert opinion["opinion"] == "disagree"
    feedback = opinion["extensions"][FEEDBACK]
    assert (feedback["reaction"], feedback["false_positive_count"]) == ("non-malicious", 12)
    assert latest(leads.shared, "sighting") == []


def test_who_is_sure_disagrees_strongly(leads: Leads) -> None:
    leads.decide(leads.match(), MatchState.FALSE_POSITIVE, analyst("ana"), is_sure=True)
    assert only(leads, "opinion")["opinion"] == "strongly-disagree"


@pytest.mark.parametrize("state", [MatchState.CONFIRMED, MatchState.FALSE_POSITIVE])
def test_few_accounts_are_not_counted(leads: Leads, state: MatchState) -> None:
    match = leads.match(accounts=9)
    reaction = "saw-this-too" if state == MatchState.CONFIRMED else ""
    leads.decide(match, state, analyst("ana"), reaction=reaction)
    told = str([latest(leads.shared, "sighting"), latest(leads.shared, "opinion")])
    assert "count" not in told
    withheld = Draft.objects.get(match=match).preview["withheld"]
    assert [each["field"] for each in withheld] == ["account_count"]


def test_an_answer_is_marked_like_the_indicator(leads: Leads) -> None:
    match = leads.match(tlp=Tlp.CLEAR)
    confirm(leads, match)
    assert only(leads, "sighting")["object_marking_refs"] == [TLP_GREEN]


def test_an_answer_to_a_stricter_indicator_waits_for_another_person(leads: Leads) -> None:
    match = leads.match(tlp=Tlp.AMBER)
    confirm(leads, match)
    draft = live_answer(match)
    assert draft.state == DraftState.REVIEW
    assert any("AMBER" in reason for reason in draft.review_reasons)
    pipeline.approve(draft.pk, analyst("ben", Role.REVIEWER))
    leads.detector.work()
    assert only(leads, "sighting")["object_marking_refs"] == [TLP_AMBER]


def test_who_decided_on_the_match_does_not_approve_the_answer(leads: Leads) -> None:
    match = leads.match(tlp=Tlp.AMBER)
    leads.decide(match, MatchState.CONFIRMED, analyst("ana", Role.REVIEWER))
    with pytest.raises(DecisionRefused, match="another person"):
        pipeline.approve(live_answer(match).pk, analyst("ana", Role.REVIEWER))


def test_words_wait_for_another_person(leads: Leads) -> None:
    match = leads.match()
    confirm(leads, match, reaction="actioned", explanation="They buy from one reseller.")
    draft = live_answer(match)
    assert any("explanation" in reason for reason in draft.review_reasons)
    pipeline.approve(draft.pk, analyst("ben", Role.REVIEWER))
    leads.detector.work()
    assert only(leads, "opinion")["explanation"] == "They buy from one reseller."


@pytest.mark.parametrize("words", ["Look for serial-3-kappa.", "Ask ana@example.org."])
def test_an_identifier_in_the_words_is_refused_without_repeating_it(
    leads: Leads, words: str
) -> None:
    match = leads.match()
    with pytest.raises(ReplyRefused, match="/explanation") as refusal:
        confirm(leads, match, reaction="actioned", explanation=words)
    assert words not in str(refusal.value)
    assert not Draft.objects.filter(match=match).exists()


def test_an_answer_without_a_collection_waits_for_one(leads: Leads) -> None:
    Collection.objects.filter(pk=leads.inbox.pk).update(answers=None)
    match = leads.match()
    confirm(leads, match)
    assert live_answer(match).review_reasons == [NO_COLLECTION]
    Collection.objects.filter(pk=leads.inbox.pk).update(answers=leads.shared)
    leads.detector.work()
    assert only(leads, "sighting")


def test_what_else_needs_a_person_still_does_once_a_collection_is_named(leads: Leads) -> None:
    Collection.objects.filter(pk=leads.inbox.pk).update(answers=None)
    match = leads.match(tlp=Tlp.AMBER)
    confirm(leads, match)
    Collection.objects.filter(pk=leads.inbox.pk).update(answers=leads.shared)
    leads.detector.work()
    draft = live_answer(match)
    assert (draft.state, draft.collection) == (DraftState.REVIEW, leads.shared)


def test_what_its_collection_may_not_take_fails_with_the_reason(leads: Leads) -> None:
    match = leads.match(tlp=Tlp.RED)
    confirm(leads, match)
    pipeline.approve(live_answer(match).pk, analyst("ben", Role.REVIEWER))
    leads.detector.work()
    assert "TLP:RED" in live_answer(match).failure


def test_an_answer_that_failed_goes_where_answers_go_now(leads: Leads) -> None:
    public = open_collection(title="Public", audience="public")
    Collection.objects.filter(pk=leads.inbox.pk).update(answers=public)
    match = leads.match()
    confirm(leads, match)
    assert "TLP:GREEN" in live_answer(match).failure
    Collection.objects.filter(pk=leads.inbox.pk).update(answers=leads.shared)
    assert pipeline.run_again("ana", [live_answer(match).pk]) == 1
    leads.detector.work()
    assert only(leads, "sighting")


def test_what_a_person_approved_for_elsewhere_is_looked_at_again(leads: Leads) -> None:
    public = open_collection(title="Public", audience="public")
    Collection.objects.filter(pk=leads.inbox.pk).update(answers=public)
    match = leads.match(tlp=Tlp.AMBER)
    confirm(leads, match)
    pipeline.approve(live_answer(match).pk, analyst("ben", Role.REVIEWER))
    leads.detector.work()
    Collection.objects.filter(pk=leads.inbox.pk).update(answers=leads.shared)
    pipeline.run_again("ana")
    draft = live_answer(match)
    assert (draft.state, draft.collection) == (DraftState.REVIEW, leads.shared)


def test_the_same_decision_again_says_nothing_new(leads: Leads) -> None:
    match = leads.match()
    confirm(leads, match)
    confirm(leads, match)
    assert len(versions(leads.shared, only(leads, "sighting")["id"])) == 1


def test_more_accounts_make_a_new_version_of_the_same_sighting(leads: Leads) -> None:
    match = leads.match()
    confirm(leads, match)
    first = only(leads, "sighting")
    Match.objects.update(account_count=30)
    confirm(leads, match)
    assert only(leads, "sighting")["id"] == first["id"]
    assert only(leads, "sighting")["count"] == 30


def test_a_changed_mind_takes_the_sighting_back(leads: Leads) -> None:
    match = leads.match()
    confirm(leads, match)
    leads.decide(match, MatchState.FALSE_POSITIVE, analyst("ben"))
    assert only(leads, "sighting")["revoked"] is True
    assert only(leads, "opinion")["opinion"] == "disagree"


def test_what_was_taken_back_is_said_again_under_a_new_id(leads: Leads) -> None:
    match = leads.match()
    for state in (MatchState.CONFIRMED, MatchState.OPEN, MatchState.CONFIRMED):
        leads.decide(match, state, analyst("ana"))
    said = {each["id"]: each.get("revoked", False) for each in latest(leads.shared, "sighting")}
    assert sorted(said.values()) == [False, True]


def test_taking_back_needs_nobody_else(leads: Leads) -> None:
    match = leads.match(tlp=Tlp.AMBER)
    confirm(leads, match)
    pipeline.approve(live_answer(match).pk, analyst("ben", Role.REVIEWER))
    leads.detector.work()
    leads.decide(match, MatchState.OPEN, analyst("ana"))
    assert only(leads, "sighting")["revoked"] is True


def test_a_later_decision_takes_the_place_of_an_answer_that_waits(leads: Leads) -> None:
    match = leads.match(tlp=Tlp.AMBER)
    confirm(leads, match)
    waiting = live_answer(match)
    leads.decide(match, MatchState.OPEN, analyst("ana"))
    waiting.refresh_from_db()
    assert waiting.state == DraftState.SUPERSEDED
    assert bytes(waiting.objects_zstd) == b""


def test_what_was_answered_once_is_changed_where_it_was(leads: Leads) -> None:
    match = leads.match()
    confirm(leads, match)
    Collection.objects.filter(pk=leads.inbox.pk).update(answers=leads.inbox)
    leads.decide(match, MatchState.OPEN, analyst("ana"))
    assert only(leads, "sighting")["revoked"] is True


def test_publishing_an_answer_twice_changes_nothing(leads: Leads) -> None:
    match = leads.match()
    confirm(leads, match)
    pipeline.publish([Draft.objects.get(match=match).pk])
    assert len(versions(leads.shared, only(leads, "sighting")["id"])) == 1


def in_review(leads: Leads) -> Draft:
    """An answer with words, which another person reads first."""
    match = leads.match()
    confirm(leads, match, reaction="actioned", explanation="They buy from one reseller.")
    return live_answer(match)


def test_an_answer_that_is_returned_leaves_submissions_as_they_were(leads: Leads) -> None:
    begun = pipeline.begin_submission(analyst("ben"))
    pipeline.return_draft(in_review(leads).pk, analyst("rae", Role.REVIEWER), "Which reseller?")
    assert Submission.objects.get(pk=begun).state == SubmissionState.EDITING


def test_a_submission_that_is_taken_back_leaves_answers_in_review(leads: Leads) -> None:
    begun, answer = pipeline.begin_submission(analyst("ben")), in_review(leads)
    Submission.objects.update(state=SubmissionState.CHECKING)
    pipeline.reopen_submission(begun, analyst("ben"))
    answer.refresh_from_db()
    assert answer.state == DraftState.REVIEW
