"""Who decides what of a match, and what becomes of it."""

from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest
from django.contrib.auth.models import User

from indicators.models import AuditEvent, Draft, JointEdge, Match, MatchState
from indicators.reconcile.replies import ReplyRefused
from indicators.reconcile.triage import MOST, Decision, TriageRefused, decide
from tests.contributing.feed import latest
from tests.reconcile.leads import NOW, Leads, analyst

pytestmark = pytest.mark.django_db


def confirmed(*matches: UUID, **said: str) -> Decision:
    return Decision(matches, MatchState.CONFIRMED, **said)


def test_a_decision_says_who_and_why(leads: Leads) -> None:
    match, ana = leads.match(), analyst("ana")
    leads.decide(match, MatchState.CONFIRMED, ana, "Same reseller.")
    match.refresh_from_db()
    assert (match.state, match.decided_by, match.note) == ("confirmed", ana, "Same reseller.")
    assert match.decided_at is not None


def test_a_decision_is_in_the_audit_log_without_the_note(leads: Leads) -> None:
    match = leads.match()
    leads.decide(match, MatchState.CONFIRMED, analyst("ana"), "serial-1-kappa")
    event = AuditEvent.objects.get(subject=f"match {match.uuid}")
    assert (event.actor, event.act) == ("ana", "confirmed")
    assert "serial" not in str(event.detail)


def test_who_may_not_triage_decides_nothing(leads: Leads) -> None:
    match = leads.match()
    with pytest.raises(TriageRefused, match="mallory"):
        decide(confirmed(match.uuid), User.objects.create_user("mallory"))
    match.refresh_from_db()
    assert match.state == MatchState.OPEN


def test_many_are_decided_at_once(leads: Leads) -> None:
    matches = [leads.match(f"key {n}") for n in range(20)]
    drafts = decide(confirmed(*(each.uuid for each in matches)), analyst("ana"))
    leads.detector.work()
    assert len(drafts) == 20
    assert len(latest(leads.shared, "sighting")) == 20


def test_one_unknown_match_leaves_all_undecided(leads: Leads) -> None:
    match = leads.match()
    with pytest.raises(TriageRefused, match="no match"):
        decide(confirmed(match.uuid, uuid4()), analyst("ana"))
    match.refresh_from_db()
    assert match.state == MatchState.OPEN


def test_more_than_can_be_decided_at_once_are_refused(leads: Leads) -> None:
    with pytest.raises(TriageRefused, match=str(MOST)):
        decide(confirmed(*(uuid4() for _ in range(MOST + 1))), analyst("ana"))


def test_of_a_match_that_is_over_nothing_is_said(leads: Leads) -> None:
    match = leads.match()
    Match.objects.update(retired_at=NOW, retired_because="revoked")
    with pytest.raises(TriageRefused, match="revoked"):
        decide(confirmed(match.uuid), analyst("ana"))


def test_what_was_said_of_a_match_that_is_over_can_be_taken_back(leads: Leads) -> None:
    match, ana = leads.match(), analyst("ana")
    leads.decide(match, MatchState.CONFIRMED, ana)
    Match.objects.update(retired_at=NOW, retired_because="revoked")
    leads.decide(match, MatchState.OPEN, ana)
    [sighting] = latest(leads.shared, "sighting")
    assert sighting["revoked"] is True


def test_a_reaction_that_does_not_fit_is_refused_with_those_that_do(leads: Leads) -> None:
    with pytest.raises(ReplyRefused, match="saw-this-too"):
        decide(confirmed(reaction="non-malicious"), analyst("ana"))


def test_words_without_a_reaction_are_refused(leads: Leads) -> None:
    with pytest.raises(ReplyRefused, match="actioned"):
        decide(confirmed(explanation="We know them."), analyst("ana"))


def test_a_reopened_match_is_nobodys_decision(leads: Leads) -> None:
    match, ana = leads.match(), analyst("ana")
    leads.decide(match, MatchState.CONFIRMED, ana, "Same reseller.")
    leads.decide(match, MatchState.OPEN, ana)
    match.refresh_from_db()
    assert (match.decided_by, match.decided_at) == (None, None)


def test_a_match_that_waits_for_information_says_nothing(leads: Leads) -> None:
    leads.decide(leads.match(), MatchState.NEEDS_INFORMATION, analyst("ana"))
    assert not Draft.objects.filter(match__isnull=False).exists()


def test_a_false_positive_connects_nobody(leads: Leads) -> None:
    match, ana = leads.match(), analyst("ana")
    leads.decide(match, MatchState.CONFIRMED, ana)
    assert JointEdge.objects.count() == 1
    leads.decide(match, MatchState.FALSE_POSITIVE, ana)
    assert not JointEdge.objects.exists()


def test_what_was_decided_later_stands(leads: Leads) -> None:
    match, before = leads.match(), datetime.now(UTC)
    leads.decide(match, MatchState.FALSE_POSITIVE, analyst("ben"))
    late = Decision((match.uuid,), MatchState.CONFIRMED, as_of=before)
    with pytest.raises(TriageRefused, match="in the meantime"):
        decide(late, analyst("ana"))
