"""The pages of matches: what an analyst sees, is seen before it is told, and can take back."""

import re
from collections.abc import Iterator
from typing import Any
from unittest import mock
from uuid import uuid4

import pytest
from celery import current_app
from django.contrib.auth.models import User
from django.test import Client

from indicators import pipeline
from indicators.models import Grant, HeldDecision, Match, MatchState, Role
from tests.contributing.feed import latest
from tests.people.persons import at_the_desk_of, somebody
from tests.reconcile.leads import NOW, Leads
from tests.web.reading import page, words

pytestmark = pytest.mark.django_db


@pytest.fixture
def leads(db: None) -> Iterator[Leads]:
    with mock.patch.object(current_app, "send_task"):
        yield Leads.begin()


def shown(answer: Any) -> dict[str, Any]:
    """The fields of the form that a confirm seen shows, as a browser would send them."""
    seen = answer.content.decode()
    fields: dict[str, Any] = {"match": re.findall(r'name="match" value="([^"]+)"', seen)}
    for name in ("shown", "finding", "query"):
        found = re.search(rf'name="{name}" value="([^"]*)"', seen)
        fields[name] = found[1] if found else ""
    return fields


def ask(client: Client, finding: str, *matches: Match, **more: str) -> Any:
    chosen = [str(match.uuid) for match in matches]
    return client.post("/matches/preview/", {"match": chosen, "finding": finding, **more})


def confirm(client: Client, finding: str, *matches: Match, **told: str) -> Any:
    """As a person does: look at the page, fill it in, look again, send."""
    first = shown(ask(client, finding, *matches))
    again = shown(client.post("/matches/preview/", {**first, **told}))
    return client.post("/matches/decide/", {**again, **told})


def test_an_analyst_sees_whose_indicator_matched(leads: Leads, ana: Client) -> None:
    match = leads.match()
    Match.objects.update(kinds={"device": 12})
    seen = ana.get("/matches/")
    assert f"/matches/{match.uuid}/" in seen.content.decode()
    assert "12 devices" in words(seen)
    assert "Birch" in words(seen)


def test_an_empty_queue_says_what_it_is_for(ana: Client) -> None:
    assert "No open leads" in words(ana.get("/matches/"))


def test_a_filter_that_makes_no_sense_is_an_error_of_the_form(ana: Client) -> None:
    for query in ("state=x", "origin=1", "strength=x", "place=x", "cluster=-1"):
        assert ana.get(f"/matches/?{query}").status_code == 422


def test_a_filter_is_kept_in_the_address_of_tabs(leads: Leads, ana: Client) -> None:
    leads.match()
    seen = page(ana, f"/matches/?origin={leads.birch.pk}")
    assert f"origin={leads.birch.pk}&amp;state=confirmed" in seen


def test_the_queue_costs_the_same_however_many_there_are(
    leads: Leads, ana: Client, django_assert_max_num_queries: Any
) -> None:
    for number in range(30):
        leads.match(f"key {number}")
    with django_assert_max_num_queries(9):
        page(ana, "/matches/")


def test_a_match_shows_ours_beside_theirs(leads: Leads, ana: Client) -> None:
    seen = words(ana.get(f"/matches/{leads.match().uuid}/"))
    assert "hydra-finder" in seen
    assert "B: Usually reliable" in seen
    assert "A lead, not a verdict" in seen


def test_a_match_costs_a_bounded_number_of_queries(
    leads: Leads, ana: Client, django_assert_max_num_queries: Any
) -> None:
    match = leads.match()
    ana.get("/matches/")
    with django_assert_max_num_queries(20):
        page(ana, f"/matches/{match.uuid}/")


def test_an_unknown_match_is_404(ana: Client) -> None:
    assert ana.get(f"/matches/{uuid4()}/").status_code == 404


def test_what_will_be_told_is_shown_first(leads: Leads, ana: Client) -> None:
    Grant.objects.create(member=leads.birch, collection=leads.shared)
    seen = words(ask(ana, "confirmed", leads.match()))
    assert "We saw this indicator on 12 accounts." in seen
    assert "through Members , read by Birch" in seen
    assert "sighting_of_ref" in seen
    assert not HeldDecision.objects.exists()


def test_a_confirmed_match_becomes_a_sighting(leads: Leads, ana: Client) -> None:
    match = leads.match()
    assert confirm(ana, "confirmed", match).status_code == 302
    HeldDecision.objects.update(due_at=NOW)
    pipeline.apply_decisions()
    leads.detector.work()
    assert len(latest(leads.shared, "sighting")) == 1


def test_a_decision_can_be_taken_back_from_the_queue(leads: Leads, ana: Client) -> None:
    match = leads.match()
    confirm(ana, "confirmed", match)
    seen = ana.get("/matches/")
    assert "1 match confirmed. Nobody is told before" in words(seen)
    found = re.search(r'name="act" value="([^"]+)"', seen.content.decode())
    assert found is not None
    assert "nobody was told" in words(ana.post("/matches/undo/", {"act": found[1]}, follow=True))
    assert not HeldDecision.objects.exists()


def test_too_late_is_said(leads: Leads, ana: Client) -> None:
    answer = ana.post("/matches/undo/", {"act": str(uuid4())}, follow=True)
    assert "too late" in words(answer)


def test_several_are_decided_at_once(leads: Leads, ana: Client) -> None:
    confirm(ana, "confirmed", leads.match("one"), leads.match("two"))
    assert HeldDecision.objects.count() == 2
    assert "2 matches confirmed" in words(ana.get("/matches/"))


def test_nothing_selected_is_said(leads: Leads, ana: Client) -> None:
    answer = ana.post("/matches/preview/", {"finding": "confirmed"}, follow=True)
    assert "Select matches first" in words(answer)


def test_a_false_positive_needs_a_reason(leads: Leads, ana: Client) -> None:
    match = leads.match()
    refused = confirm(ana, "false-positive", match)
    assert "whoever looks at the match later" in words(refused, 422)
    assert not HeldDecision.objects.exists()


def test_the_reason_stays_with_the_match(leads: Leads, ana: Client) -> None:
    confirm(ana, "false-positive", leads.match(), reason="research", note="Project Lark.")
    held = HeldDecision.objects.get()
    assert held.note == "A research programme or an evaluation vendor. Project Lark."
    assert held.explanation == ""


def test_what_was_not_shown_is_not_sent(leads: Leads, ana: Client) -> None:
    fields = shown(ask(ana, "confirmed", leads.match()))
    answer = ana.post("/matches/decide/", {**fields, "reaction": "actioned"})
    assert "You changed something" in words(answer)
    assert "We acted on it" in words(answer)
    assert not HeldDecision.objects.exists()


def test_words_that_hold_an_identifier_are_refused(leads: Leads, ana: Client) -> None:
    told = {"reaction": "saw-this-too", "explanation": "It is serial-1-kappa."}
    answer = confirm(ana, "confirmed", leads.match(), **told)
    assert answer.status_code == 409
    assert not HeldDecision.objects.exists()


def test_words_for_the_origin_wait_for_another_person(leads: Leads, ana: Client) -> None:
    told = {"reaction": "saw-this-too", "explanation": "The same reseller as in spring."}
    first = shown(ask(ana, "confirmed", leads.match()))
    seen = words(ana.post("/matches/preview/", {**first, **told}))
    assert "waits for another person first" in seen
    assert "In our words: The same reseller as in spring." in seen


def test_a_match_that_is_over_says_so(leads: Leads, ana: Client) -> None:
    match = leads.match()
    Match.objects.update(retired_at=NOW, retired_because="The indicator was revoked.")
    assert "This lead is over." in words(ana.get(f"/matches/{match.uuid}/"))
    assert "there is nothing to decide" in words(ask(ana, "confirmed", match))


def test_a_decided_match_says_by_whom(leads: Leads, ana: Client) -> None:
    match = leads.match()
    leads.decide(match, MatchState.CONFIRMED, User.objects.get(username="ana"), "Same reseller.")
    seen = words(ana.get(f"/matches/{match.uuid}/"))
    assert "ana confirmed it" in seen
    assert "Same reseller." in seen
    assert "sighting published" in seen


def test_a_reviewer_looks_but_does_not_decide(leads: Leads) -> None:
    match, rae = leads.match(), at_the_desk_of(somebody("rae", Role.REVIEWER))
    seen = rae.get(f"/matches/{match.uuid}/")
    assert seen.status_code == 200
    assert "matches/preview" not in seen.content.decode()
    assert ask(rae, "confirmed", match).status_code == 403


def test_garbled_requests_are_refused(leads: Leads, ana: Client) -> None:
    match = leads.match()
    for told in (
        {"match": "x", "finding": "confirmed"},
        {"match": str(match.uuid), "finding": "guilty"},
    ):
        assert ana.post("/matches/preview/", told).status_code == 400
        assert ana.post("/matches/decide/", told).status_code == 400
    assert ana.post("/matches/undo/", {"act": "x"}).status_code == 400


def test_the_way_back_leads_only_to_the_queue(leads: Leads, ana: Client) -> None:
    query = "state=open&next=//mallory.example&place=x"
    answer = ana.post("/matches/undo/", {"act": str(uuid4()), "query": query})
    assert answer["Location"] == "/matches/?state=open"
