"""One match with all that a decision needs."""

from uuid import uuid4

import pytest

from indicators.models import Answer, Match, MatchState, Member
from indicators.reconcile.case import read_case
from tests.objects import id_of
from tests.reconcile.leads import NOW, Leads, analyst

pytestmark = pytest.mark.django_db


@pytest.fixture
def leads(db: None) -> Leads:
    return Leads.begin(capability_targets=["coding"])


def answer(match: Match, name: str, **more: object) -> Member:
    member = Member.objects.create(name=name, identity_id=id_of("identity", name))
    told = {"kind": "opinion", "stance": -1, "is_own": False, "is_revoked": False} | more
    Answer.objects.create(
        stix_id=id_of("opinion", name), version=NOW, target=match.stix_id, origin=member,
        said_at=NOW, **told,
    )  # fmt: skip
    return member


def test_what_we_found_stands_beside_what_they_say(leads: Leads) -> None:
    case = read_case(leads.match().uuid)
    assert case is not None
    assert case.theirs is not None
    assert (case.ours.account_count, case.ours.finding_count) == (12, 1)
    assert case.theirs.origin == leads.birch


def test_why_it_is_sure_is_said_term_by_term(leads: Leads) -> None:
    case = read_case(leads.match().uuid)
    assert case is not None
    assert "Birch (usually reliable, 0.8) states nothing, so 50" in case.why_indicator[1]


def test_the_doubts_of_others_are_a_term(leads: Leads) -> None:
    match = leads.match()
    answer(match, "Cedar")
    case = read_case(match.uuid)
    assert case is not None
    assert "after the doubts of Cedar" in case.why_indicator[1]
    assert [(word.origin, word.stance) for word in case.words] == [("Cedar", -1)]


def test_what_was_taken_back_is_not_shown(leads: Leads) -> None:
    match = leads.match()
    answer(match, "Cedar", is_revoked=True)
    case = read_case(match.uuid)
    assert case is not None
    assert case.words == ()


def test_earlier_answers_are_shown(leads: Leads) -> None:
    match = leads.match()
    leads.decide(match, MatchState.CONFIRMED, analyst("ana"))
    case = read_case(match.uuid)
    assert case is not None
    assert [(reply.says, reply.state) for reply in case.replies] == [(("sighting",), "published")]


def test_there_is_no_case_without_a_match(leads: Leads) -> None:
    assert read_case(uuid4()) is None


def test_a_case_costs_a_bounded_number_of_statements(
    leads: Leads, django_assert_max_num_queries: object
) -> None:
    match = leads.match()
    for number in range(30):
        answer(match, f"Lab {number}")
    with django_assert_max_num_queries(16):  # type: ignore[operator]
        read_case(match.uuid)
