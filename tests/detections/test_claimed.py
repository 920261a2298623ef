"""What a person states of a campaign, drafted without a database."""

from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from indicators.detections.drafts import gate
from indicators.detections.drafts.claimed import ATTRIBUTION
from indicators.detections.drafts.drafting import Content, Drafted, draft
from indicators.detections.drafts.policy import review_reasons
from indicators.detections.stated import Stated
from indicators.stix import Tlp, parse_objects
from tests.detections.clusters import (
    by_type,
    facts,
    only,
    part,
    published,
    state,
    terms,
)

CLAIM: dict[str, Any] = {
    "organization": "Example Laboratory",
    "claimed_by": {"name": "Birch"},
    "status": "alleged",
    "basis": ["ip-correlation"],
    "source": "Birch's report",
    "address": "https://birch.example/report",
    "confidence": 85,
    "grade": "B3",
    "claimed_on": "2026-02-23",
}


def stated(**changes: Any) -> Stated:
    return msgspec.convert({"tlp": "amber", "name": "Long winter", **changes}, Stated)


def told(held: dict[str, Content] | None = None, **changes: Any) -> Drafted:
    cluster = state(facts(), part(), stated=stated(**changes))
    return draft(cluster, terms(tlp=Tlp.AMBER), held or {})


def test_a_campaign_has_the_name_that_a_person_gave_it() -> None:
    assert only(told(), "campaign")["name"] == "Long winter"


def test_what_a_source_said_of_a_count_goes_with_the_count() -> None:
    campaign = only(told(as_reported={"interaction_count": "over sixty thousand"}), "campaign")
    [extension] = campaign["extensions"].values()
    assert extension["interaction_count"]["as_reported"] == "over sixty thousand"


def test_a_claim_is_two_relationships_that_carry_it() -> None:
    claims = [e for e in by_type(told(claims=[CLAIM]), "relationship") if ATTRIBUTION in str(e)]
    assert {each["extensions"][ATTRIBUTION]["status"] for each in claims} == {"alleged"}
    assert len(claims) == 2


def test_claims_of_several_parties_about_one_organization_stand_side_by_side() -> None:
    other = {**CLAIM, "claimed_by": {"name": "Cedar"}, "status": "disputed"}
    drafted = told(claims=[CLAIM, other])
    assert len(by_type(drafted, "threat-actor")) == 1
    assert len([e for e in by_type(drafted, "relationship") if ATTRIBUTION in str(e)]) == 4


def test_the_same_claim_has_the_same_ids() -> None:
    ids = [[content["id"] for _, content in told(claims=[CLAIM]).objects] for _ in range(2)]
    assert ids[0] == ids[1]


def test_a_claim_that_is_gone_is_taken_back() -> None:
    held = published(told(claims=[CLAIM]))
    gone = [content for _, content in told(held).objects if content.get("revoked")]
    assert {each["type"] for each in gone} == {"identity", "threat-actor", "relationship"}


def test_a_claim_that_was_taken_back_can_be_stated_again() -> None:
    first = told(claims=[CLAIM])
    held = published(first)
    held |= published(told(held))
    again = told(held, claims=[CLAIM])
    assert only(again, "threat-actor")["id"] != only(first, "threat-actor")["id"]


def test_a_claim_is_always_reviewed() -> None:
    contents = [content for _, content in told(claims=[CLAIM]).objects]
    reasons = review_reasons(contents, "publish", Tlp.GREEN)
    assert any(reason.startswith("named organization") for reason in reasons)


def test_a_claim_without_a_source_is_refused() -> None:
    bare = {name: CLAIM[name] for name in ("organization", "claimed_by", "status", "basis")}
    contents = [content for _, content in told(claims=[bare]).objects]
    assert "without a source" in gate.sentence(gate.unclaimed(contents))


def test_an_organization_without_a_claim_is_refused() -> None:
    contents = by_type(told(claims=[CLAIM]), "identity")
    assert "without a claim" in gate.sentence(gate.unclaimed(contents))


def test_what_is_claimed_with_status_and_source_may_go() -> None:
    assert gate.unclaimed([content for _, content in told(claims=[CLAIM]).objects]) == []


def test_a_hold_marks_every_object_but_the_aggregates() -> None:
    drafted = told(hold_until="2026-12-01T00:00:00Z", claims=[CLAIM])
    hold = only(drafted, "marking-definition")["id"]
    unmarked = {e["type"] for _, e in drafted.objects if hold not in e["object_marking_refs"]}
    assert unmarked == {"marking-definition", "ai-traffic-aggregate"}


def test_a_hold_passes_the_gate() -> None:
    drafted = told(hold_until="2026-12-01T00:00:00Z")
    assert gate.check([only(drafted, "marking-definition")], [], []) == []


def test_a_hold_that_is_published_is_not_published_again() -> None:
    until = datetime(2026, 12, 1, tzinfo=UTC)
    held = published(told(hold_until=until))
    again = draft(
        state(facts(), stated=stated(hold_until=until)),
        terms(tlp=Tlp.AMBER, now=datetime(2026, 3, 2, tzinfo=UTC)),
        held,
    )
    assert again.objects == []


def test_counts_of_a_reported_campaign_whose_accounts_nobody_knows_are_not_withheld() -> None:
    cluster = {"key": "c"}
    reported = state(facts(cluster=cluster), stated=stated(), account_count=0)
    campaign = only(draft(reported, terms(), {}), "campaign")
    [extension] = campaign["extensions"].values()
    assert extension["interaction_count"]["value"] == 61240


def test_the_legal_basis_stays() -> None:
    drafted = told(legal_basis=["terms-of-service"])
    assert "legal_basis" in {each.field for each in drafted.preview.withheld}


@pytest.mark.parametrize(
    "changes", [{}, {"claims": [CLAIM]}, {"hold_until": "2026-12-01T00:00:00Z"}]
)
def test_what_is_stated_is_valid_stix(changes: dict[str, Any]) -> None:
    drafted = told(**changes)
    source = msgspec.json.encode({"objects": [content for _, content in drafted.objects]})
    assert parse_objects(source, max_bytes=len(source)).problems == []
