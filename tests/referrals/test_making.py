"""What is frozen of a campaign for a recipient, and what is not."""

from datetime import UTC, datetime
from uuid import uuid4

import pytest

from indicators.models import Permission, Recipient
from indicators.referrals.content import Content, freeze, thaw
from indicators.referrals.errors import NoSuchCampaign, NothingToDisclose, TextRefused
from indicators.referrals.making import Wording, make, select
from tests.objects import id_of
from tests.referrals.case import (
    CAMPAIGN,
    TLP_AMBER,
    TLP_CLEAR,
    WORDS,
    Case,
    campaign,
    related,
    said,
)

BIRCHS = id_of("infrastructure", "birch's")


def made(case: Case, recipient: Recipient | None = None, words: Wording = WORDS) -> Content:
    to = recipient or case.recipient()
    return make(uuid4(), select(CAMPAIGN, to), to, words, datetime.now(UTC))


def test_the_objects_about_a_campaign_go_along(case: Case) -> None:
    assert {each.type for each in made(case).full} == {
        "campaign", "infrastructure", "relationship", "threat-actor",
    }  # fmt: skip


def test_of_tokens_only_the_digest_goes(case: Case) -> None:
    [evidence] = made(case).evidence
    assert evidence.type == "indicator" and evidence.kinds == ("email",)


def test_no_token_is_in_the_content(case: Case) -> None:
    assert b"psi1." not in repr(made(case)).encode()


def test_what_others_marked_amber_is_left_out_with_the_reason(case: Case) -> None:
    reasons = {each.id: each.reason for each in made(case, _amber(case)).excluded}
    assert "has not permitted it" in reasons[BIRCHS]


def test_it_goes_when_they_permitted_it(case: Case) -> None:
    authority = _amber(case)
    Permission.objects.create(
        campaign=CAMPAIGN, originator=case.birch, recipient=authority, words="By letter.",
        recorded_by=case.ana, recorded_at=datetime.now(UTC),
    )  # fmt: skip
    assert BIRCHS in {each.id for each in made(case, authority).full}


def test_a_claim_goes_as_an_allegation_with_who_makes_it(case: Case) -> None:
    [claim] = made(case).claims
    told = (claim.status, claim.alleged, claim.claimed_by, claim.confidence)
    assert told == ("alleged", "Alleged operators", case.alder.name, 70)


def test_a_name_that_may_not_go_is_not_told_by_a_claim_that_may(case: Case) -> None:
    hidden = said("threat-actor", "hidden", TLP_AMBER, name="Hidden operators")
    case.hold(hidden, related(CAMPAIGN, "attributed-to", hidden["id"], TLP_CLEAR))
    assert "Hidden operators" not in {each.alleged for each in made(case).claims}


def test_counts_keep_their_qualifier(case: Case) -> None:
    assert ("Interactions", "more than 150,000") in made(case).facts


def test_what_is_said_of_another_campaign_is_not_in_it(case: Case) -> None:
    other = said("campaign", "another", name="Another case")
    network = id_of("infrastructure", "case")
    case.hold(other, said("infrastructure", "theirs", name="Theirs"))
    case.hold(related(other["id"], "uses", network))
    assert other["id"] not in repr(made(case))


def test_a_campaign_that_may_not_go_is_not_referred(case: Case) -> None:
    case.hold(campaign(TLP_AMBER, modified="2026-03-02T12:00:00.000Z"))
    with pytest.raises(NothingToDisclose, match="The campaign itself may not go"):
        made(case)


def test_an_unknown_campaign_is_not_referred(case: Case) -> None:
    with pytest.raises(NoSuchCampaign):
        select(id_of("campaign", "nobody's"), case.recipient())


@pytest.mark.parametrize("text", ["ana@mail.example did it", "From 203.0.113.7", "+49 30 901820"])
def test_identifiers_are_refused_in_what_people_write(case: Case, text: str) -> None:
    with pytest.raises(TextRefused, match="take it out"):
        made(case, words=Wording(text, "", ("contract",), "a@lab.example"))


def test_an_observable_with_an_address_stays(case: Case) -> None:
    seen = said("note", "seen", content="It came from 203.0.113.7.", object_refs=[CAMPAIGN])
    case.hold(seen)
    reasons = {each.id: each.reason for each in made(case).excluded}
    assert "IP address" in reasons[seen["id"]]


def test_what_is_frozen_comes_back_as_it_was(case: Case) -> None:
    content = made(case)
    assert thaw(freeze(content)) == content


def test_what_is_chosen_costs_a_bounded_number_of_statements(
    case: Case, django_assert_max_num_queries: object
) -> None:
    for number in range(30):
        case.hold(said("infrastructure", f"n{number}", name="More"))
        case.hold(related(CAMPAIGN, "uses", id_of("infrastructure", f"n{number}")))
    to = case.recipient()
    with django_assert_max_num_queries(30):  # type: ignore[operator]
        make(uuid4(), select(CAMPAIGN, to), to, WORDS, datetime.now(UTC))


def test_evidence_gives_way_to_claims_when_there_is_more_than_a_pack_takes(
    case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("indicators.referrals.gathering.MOST_OBJECTS", 5)
    content = made(case)
    assert content.claims and not content.evidence
    assert "more objects are known" in content.excluded[-1].reason


def test_public_reports_can_be_referred(case: Case) -> None:
    case.read_reports()
    reported = "campaign--8d25410f-3b58-45b1-b2d5-ba9aa241f093"
    to = case.recipient("Regulator")
    content = make(uuid4(), select(reported, to), to, WORDS, datetime.now(UTC))
    assert content.claims[0].as_reported == "high confidence"


def _amber(case: Case) -> Recipient:
    return case.recipient("Ministry", max_tlp=2)
