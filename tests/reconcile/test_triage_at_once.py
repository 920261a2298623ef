"""People decide, and workers publish, at the same time on real connections."""

import contextlib
from collections.abc import Callable

import pytest

from indicators import pipeline
from indicators.models import Draft, DraftState, HeldDecision, Match, MatchState
from indicators.reconcile.triage import Decision, TriageRefused, decide
from tests.contributing.feed import latest
from tests.reconcile.leads import NOW, Leads, analyst
from tests.store.witness import together

pytestmark = pytest.mark.django_db(transaction=True)
COUNT = 20


@pytest.fixture
def leads(transactional_db: None) -> Leads:
    return Leads.begin()


def deciding(matches: list[Match], name: str, state: MatchState) -> Callable[[], None]:
    person = analyst(name)
    decision = Decision(tuple(each.uuid for each in matches), state)
    return lambda: decide(decision, person) and None


def test_of_two_people_at_once_the_later_is_heard(leads: Leads) -> None:
    matches = [leads.match(f"key {n}") for n in range(COUNT)]
    together(
        deciding(matches, "ana", MatchState.CONFIRMED),
        deciding(matches[::-1], "ben", MatchState.FALSE_POSITIVE),
    )
    leads.detector.work()
    [state] = set(Match.objects.values_list("state", flat=True))
    said = [each for each in latest(leads.shared) if not each.get("revoked")]
    answers = [each["type"] for each in said if each["type"] in ("sighting", "opinion")]
    assert answers == ["sighting" if state == MatchState.CONFIRMED else "opinion"] * COUNT


def test_what_is_published_while_it_is_taken_back_does_not_stand(leads: Leads) -> None:
    matches = [leads.match(f"key {n}") for n in range(COUNT)]
    deciding(matches, "ana", MatchState.CONFIRMED)()
    drafts = list(Draft.objects.filter(state=DraftState.APPROVED).values_list("pk", flat=True))
    together(
        lambda: pipeline.publish(drafts),
        deciding(matches, "ben", MatchState.OPEN),
    )
    leads.detector.work()
    assert all(each["revoked"] for each in latest(leads.shared, "sighting"))


def test_what_is_undone_as_it_falls_due_is_applied_or_undone_and_never_half(leads: Leads) -> None:
    matches = [leads.match(f"key {n}") for n in range(COUNT)]
    ana, undone = analyst("ana"), []
    act = pipeline.hold_decision(
        Decision(tuple(each.uuid for each in matches), MatchState.CONFIRMED), ana
    )
    assert act is not None
    HeldDecision.objects.update(due_at=NOW)

    def undo() -> None:
        with contextlib.suppress(TriageRefused):
            undone.append(pipeline.undo_decision(act, ana))

    together(lambda: pipeline.apply_decisions() and None, undo)
    states = [*Match.objects.values_list("state", flat=True)]
    assert states == [MatchState.OPEN if undone else MatchState.CONFIRMED] * COUNT
    assert not HeldDecision.objects.exists()


def test_two_workers_apply_a_decision_once(leads: Leads) -> None:
    match = leads.match()
    pipeline.hold_decision(Decision((match.uuid,), MatchState.CONFIRMED), analyst("ana"))
    HeldDecision.objects.update(due_at=NOW)
    together(
        lambda: pipeline.apply_decisions() and None, lambda: pipeline.apply_decisions() and None
    )
    leads.detector.work()
    assert Draft.objects.filter(match=match).count() == 1


def test_who_decides_again_as_it_falls_due_is_heard_last(leads: Leads) -> None:
    matches = [leads.match(f"key {n}") for n in range(COUNT)]
    ana, chosen = analyst("ana"), tuple(each.uuid for each in matches)
    pipeline.hold_decision(Decision(chosen, MatchState.CONFIRMED), ana)
    HeldDecision.objects.update(due_at=NOW)
    again = Decision(chosen[::-1], MatchState.FALSE_POSITIVE)
    together(
        lambda: pipeline.apply_decisions() and None,
        lambda: pipeline.hold_decision(again, ana) and None,
    )
    HeldDecision.objects.update(due_at=NOW)
    pipeline.apply_decisions()
    assert {*Match.objects.values_list("state", flat=True)} == {MatchState.FALSE_POSITIVE}
