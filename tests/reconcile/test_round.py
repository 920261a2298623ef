"""From an indicator that comes in to the answer that goes out, and what is made of it here."""

from typing import Any

import pytest

from indicators import pipeline
from indicators.models import Answer, Collection, JointCluster, Match, MatchState
from indicators.reconcile.triage import Decision
from indicators.store.custody import ensure_own_member
from tests.contributing.feed import latest
from tests.reconcile.incoming import Incoming, devices, having, lead, member, reconcile
from tests.reconcile.leads import analyst

pytestmark = pytest.mark.django_db
ACCOUNTS = [f"serial-{n}-kappa" for n in range(12)]
# One that this node never saw: what only repeats our own tokens would be an echo.
BIRCHS = [*ACCOUNTS, "serial-99-kappa"]


@pytest.fixture
def node(db: None) -> Incoming:
    """It found a cluster, and Birch shares the devices of that, and one more."""
    found = Incoming.begin()
    found.detect(accounts=having(*ACCOUNTS))
    inbox = found.share("Birch", by_birch())
    Collection.objects.filter(pk=inbox.pk).update(answers=shared(found))
    return found


def by_birch(**changes: Any) -> dict[str, Any]:
    author = member("Birch").identity_id
    told = {"basis": "first-party"}
    return lead("birch's", *devices(*BIRCHS), created_by_ref=author, told=told, **changes)


def shared(node: Incoming) -> Collection:
    collection = node.detector.detector.collection
    assert collection is not None
    return collection


def decide(node: Incoming, state: MatchState, **said: Any) -> None:
    """On the one match; what goes out is reconciled here, too."""
    decision = Decision((Match.objects.get().uuid,), state, **said)
    pipeline.decide_matches(decision, analyst("ana"))
    node.detector.work()
    reconcile(shared(node))


def joint() -> JointCluster:
    return JointCluster.objects.get(ended_at=None)


def test_a_match_tells_of_all_accounts_that_are_shared(node: Incoming) -> None:
    decide(node, MatchState.CONFIRMED)
    assert [each["count"] for each in latest(shared(node), "sighting")] == [12]


def test_an_own_answer_is_known_as_such(node: Incoming) -> None:
    decide(node, MatchState.CONFIRMED)
    answer = Answer.objects.get()
    assert (answer.kind, answer.is_own, answer.count) == ("sighting", True, 12)


def test_a_confirmation_makes_this_node_one_of_those_that_see_it(node: Incoming) -> None:
    decide(node, MatchState.CONFIRMED)
    assert set(joint().origins) == {
        ensure_own_member().identity_id,
        member("Birch").identity_id,
    }


def test_a_false_positive_parts_what_tokens_joined(node: Incoming) -> None:
    together = joint().subject_count
    decide(node, MatchState.FALSE_POSITIVE)
    assert together == 2
    assert {each.subject_count for each in JointCluster.objects.filter(ended_at=None)} == {1}


def test_what_is_taken_back_is_no_answer_any_more(node: Incoming) -> None:
    decide(node, MatchState.FALSE_POSITIVE)
    decide(node, MatchState.OPEN)
    assert Answer.objects.get().is_revoked


def test_no_identifier_is_in_what_goes_out(node: Incoming) -> None:
    decide(node, MatchState.CONFIRMED, reaction="actioned", is_sure=True)
    assert "kappa" not in str(latest(shared(node)))


def test_a_match_whose_indicator_is_revoked_keeps_what_was_decided(node: Incoming) -> None:
    decide(node, MatchState.CONFIRMED)
    node.share("Birch", by_birch(version=5, revoked=True))
    match = Match.objects.get()
    assert (match.state, match.retired_because != "") == ("confirmed", True)
