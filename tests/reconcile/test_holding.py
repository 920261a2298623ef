"""Decisions that are held: shown before they are told, taken back as long as nobody was told."""

from datetime import datetime, timedelta
from unittest import mock

import pytest
from django.contrib.auth.models import User

from indicators import pipeline
from indicators.models import (
    AuditEvent,
    Draft,
    HeldDecision,
    JointEdge,
    Match,
    MatchState,
    Person,
)
from indicators.reconcile import holding
from indicators.reconcile.rehearsing import rehearse_decision
from indicators.reconcile.replies import ReplyRefused
from indicators.reconcile.triage import Decision, TriageRefused
from tests.contributing.feed import latest
from tests.reconcile.leads import NOW, Leads, analyst

pytestmark = pytest.mark.django_db


def confirmed(*matches: Match, **more: str) -> Decision:
    return Decision(tuple(match.uuid for match in matches), MatchState.CONFIRMED, **more)


def pass_by(leads: Leads) -> None:
    """The time for second thoughts passes, and workers do what is due."""
    HeldDecision.objects.update(due_at=NOW)
    pipeline.apply_decisions()
    leads.detector.work()


def test_what_is_held_has_not_happened(leads: Leads) -> None:
    match = leads.match()
    pipeline.hold_decision(confirmed(match), analyst("ana"))
    pipeline.apply_decisions()
    leads.detector.work()
    match.refresh_from_db()
    assert match.state == MatchState.OPEN
    assert not Draft.objects.filter(match=match).exists()
    assert not JointEdge.objects.exists()


def test_what_is_held_is_told_when_its_time_is_over(leads: Leads) -> None:
    match, ana = leads.match(), analyst("ana")
    pipeline.hold_decision(confirmed(match, note="Same reseller."), ana)
    pass_by(leads)
    match.refresh_from_db()
    assert (match.state, match.decided_by, match.note) == ("confirmed", ana, "Same reseller.")
    assert len(latest(leads.shared, "sighting")) == 1
    assert not HeldDecision.objects.exists()


def test_what_is_undone_never_happens(leads: Leads) -> None:
    match, ana = leads.match(), analyst("ana")
    act = pipeline.hold_decision(confirmed(match), ana)
    assert act is not None
    assert pipeline.undo_decision(act, ana) == 1
    pass_by(leads)
    match.refresh_from_db()
    assert (match.state, match.decided_by) == (MatchState.OPEN, None)
    assert latest(leads.shared, "sighting") == []


def test_what_is_undone_leaves_a_live_answer_as_it_was(leads: Leads) -> None:
    match, ana = leads.match(), analyst("ana")
    said = {"reaction": "saw-this-too", "explanation": "The same reseller as in spring."}
    leads.decide(match, MatchState.CONFIRMED, ana, **said)
    waiting = Draft.objects.get(match=match, state="review")
    act = pipeline.hold_decision(Decision((match.uuid,), MatchState.FALSE_POSITIVE), ana)
    assert act is not None
    pipeline.undo_decision(act, ana)
    kept = Draft.objects.get(match=match, state="review")
    assert (kept.pk, bytes(kept.objects_zstd)) == (waiting.pk, bytes(waiting.objects_zstd))


def test_what_was_applied_is_not_undone(leads: Leads) -> None:
    ana = analyst("ana")
    act = pipeline.hold_decision(confirmed(leads.match()), ana)
    assert act is not None
    pass_by(leads)
    with pytest.raises(TriageRefused, match="too late"):
        pipeline.undo_decision(act, ana)


def test_what_another_decided_while_it_was_held_stands(leads: Leads) -> None:
    match = leads.match()
    pipeline.hold_decision(confirmed(match), analyst("ana"))
    leads.decide(match, MatchState.FALSE_POSITIVE, analyst("ben"))
    pass_by(leads)
    match.refresh_from_db()
    assert match.state == MatchState.FALSE_POSITIVE
    assert "in the meantime" in HeldDecision.objects.get().failure


def test_nobody_undoes_what_another_decided(leads: Leads) -> None:
    act = pipeline.hold_decision(confirmed(leads.match()), analyst("ana"))
    assert act is not None
    with pytest.raises(TriageRefused):
        pipeline.undo_decision(act, analyst("ben"))
    assert HeldDecision.objects.count() == 1


def test_both_the_decision_and_its_end_are_in_the_audit_log(leads: Leads) -> None:
    match, ana = leads.match(), analyst("ana")
    act = pipeline.hold_decision(confirmed(match, note="serial-1-kappa"), ana)
    assert act is not None
    pipeline.undo_decision(act, ana)
    events = AuditEvent.objects.filter(subject=f"match {match.uuid}").order_by("pk")
    assert [(event.actor, event.act) for event in events] == [("ana", "hold"), ("ana", "undo")]
    assert "serial" not in str([event.detail for event in events])


def test_deciding_again_takes_the_place_of_what_is_held(leads: Leads) -> None:
    match, ana = leads.match(), analyst("ana")
    pipeline.hold_decision(confirmed(match), ana)
    pipeline.hold_decision(Decision((match.uuid,), MatchState.FALSE_POSITIVE), ana)
    pass_by(leads)
    match.refresh_from_db()
    assert match.state == MatchState.FALSE_POSITIVE
    assert latest(leads.shared, "sighting") == []


def test_two_people_do_not_decide_on_one_match_at_once(leads: Leads) -> None:
    match = leads.match()
    pipeline.hold_decision(confirmed(match), analyst("ana"))
    with pytest.raises(TriageRefused, match="ana decided"):
        pipeline.hold_decision(confirmed(match), analyst("ben"))


def test_who_is_no_analyst_holds_nothing(leads: Leads) -> None:
    mallory = User.objects.create_user("mallory")
    with pytest.raises(TriageRefused, match="mallory"):
        pipeline.hold_decision(confirmed(leads.match()), mallory)


def test_whose_role_was_taken_meanwhile_decides_nothing(leads: Leads) -> None:
    match = leads.match()
    pipeline.hold_decision(confirmed(match), analyst("ana"))
    Person.objects.update(roles=[])
    pass_by(leads)
    match.refresh_from_db()
    assert match.state == MatchState.OPEN
    assert "analyst" in HeldDecision.objects.get().failure


def test_a_lead_that_ended_meanwhile_holds_up_no_other(leads: Leads) -> None:
    over, other, ana = leads.match("over"), leads.match("other"), analyst("ana")
    pipeline.hold_decision(confirmed(over, other), ana)
    Match.objects.filter(pk=over.pk).update(retired_at=NOW, retired_because="revoked")
    pass_by(leads)
    other.refresh_from_db()
    assert other.state == MatchState.CONFIRMED
    [held] = holding.held_by(ana)
    assert (held.count, "revoked" in held.failure) == (1, True)


def test_what_failed_can_be_discarded_by_any_analyst(leads: Leads) -> None:
    act = pipeline.hold_decision(confirmed(leads.match()), analyst("ana"))
    assert act is not None
    HeldDecision.objects.update(failure="It is over.")
    assert pipeline.undo_decision(act, analyst("ben")) == 1


def test_words_that_the_gate_refuses_are_never_held(leads: Leads) -> None:
    decision = confirmed(
        leads.match(), reaction="saw-this-too", explanation="They use serial-1-kappa."
    )
    with pytest.raises(ReplyRefused):
        pipeline.hold_decision(decision, analyst("ana"))
    assert not HeldDecision.objects.exists()


def test_without_a_time_for_second_thoughts_nothing_is_held(leads: Leads, settings: object) -> None:
    settings.ANSWER_HOLD = 0  # type: ignore[attr-defined]
    match = leads.match()
    assert pipeline.hold_decision(confirmed(match), analyst("ana")) is None
    match.refresh_from_db()
    assert match.state == MatchState.CONFIRMED


def test_a_failure_that_nobody_foresaw_waits_for_a_person(leads: Leads) -> None:
    pipeline.hold_decision(confirmed(leads.match()), analyst("ana"))
    HeldDecision.objects.update(due_at=NOW)
    with mock.patch.object(holding, "apply", side_effect=KeyError("serial-1-kappa")):
        pipeline.apply_decisions()
    failure = HeldDecision.objects.get().failure
    assert failure.startswith("KeyError")
    assert "serial" not in failure


def test_a_rehearsal_shows_what_will_be_published(leads: Leads) -> None:
    match, ana = leads.match(), analyst("ana")
    [answer] = rehearse_decision(confirmed(match), ana).answers
    leads.decide(match, MatchState.CONFIRMED, ana)
    [published] = latest(leads.shared, "sighting")
    [shown] = answer.objects
    for varying in ("created", "modified"):
        assert datetime.fromisoformat(published.pop(varying)) >= NOW
    published.pop("extensions", None)
    assert {name: shown[name] for name in published} == published


def test_a_rehearsal_says_who_will_read_it(leads: Leads) -> None:
    from indicators.models import Grant

    Grant.objects.create(member=leads.birch, collection=leads.shared)
    [home] = rehearse_decision(confirmed(leads.match()), analyst("ana")).homes
    assert (home.collection, home.count, home.readers) == ("Members", 1, ("Birch",))


def test_a_rehearsal_changes_nothing(leads: Leads) -> None:
    drafts = Draft.objects.count()
    rehearse_decision(confirmed(leads.match()), analyst("ana"))
    assert Draft.objects.count() == drafts
    assert not HeldDecision.objects.exists()


def test_a_rehearsal_says_when_another_person_looks_first(leads: Leads) -> None:
    decision = confirmed(
        leads.match(), reaction="saw-this-too", explanation="The same reseller as in spring."
    )
    rehearsal = rehearse_decision(decision, analyst("ana"))
    assert rehearsal.review_count == 1
    assert rehearsal.answers[0].review_reasons


def test_what_is_due_is_found_only_when_it_is(leads: Leads) -> None:
    pipeline.hold_decision(confirmed(leads.match()), analyst("ana"))
    held = HeldDecision.objects.get()
    assert holding.due_acts(held.due_at - timedelta(seconds=1)) == []
    assert holding.due_acts(held.due_at) == [held.act]
