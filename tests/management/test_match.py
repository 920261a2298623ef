"""Matches on the command line."""

import json
from collections.abc import Iterator
from io import StringIO
from typing import Any
from unittest import mock

import pytest
from celery import current_app
from django.core.management import CommandError, call_command

from indicators.models import Match, MatchState
from indicators.reconcile.leads import lead_counts, leads
from indicators.store.custody import grant_access
from tests.contributing.feed import latest
from tests.reconcile.leads import NOW, Leads, analyst

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def workers() -> Iterator[None]:
    with mock.patch.object(current_app, "send_task"):
        yield


@pytest.fixture
def ours(db: None) -> Leads:
    return Leads.begin()


def run(*arguments: object) -> Any:
    out = StringIO()
    call_command(*map(str, arguments), "--json", stdout=out)
    return json.loads(out.getvalue())


def test_a_lead_says_whose_indicator_it_is(ours: Leads) -> None:
    match = ours.match()
    [row] = run("match", "list")
    assert (row["id"], row["origin"], row["detector"]) == (str(match.uuid), "Birch", "hydra-finder")


def test_a_match_is_confirmed_by_a_person(ours: Leads) -> None:
    match = ours.match()
    analyst("ana")
    run("match", "confirm", match.uuid, "--as", "ana", "--reaction", "actioned")
    ours.detector.work()
    assert latest(ours.shared, "opinion")[0]["opinion"] == "agree"
    assert run("match", "list") == []


def test_what_was_answered_is_shown(ours: Leads) -> None:
    match = ours.match()
    analyst("ana")
    run("match", "false-positive", match.uuid, "--as", "ana", "--note", "A university.", "--sure")
    shown = run("match", "show", match.uuid)
    assert (shown["state"], shown["note"]) == ("false-positive", "A university.")
    assert [each["objects"] for each in shown["answers"]] == [["opinion"]]


def test_who_may_not_triage_is_told(ours: Leads) -> None:
    match = ours.match()
    with pytest.raises(CommandError, match="no person"):
        run("match", "confirm", match.uuid, "--as", "nobody")


def test_matches_of_one_time_are_all_paged_through(ours: Leads) -> None:
    for number in range(7):
        ours.match(f"key {number}")
    seen, page = [], leads(MatchState.OPEN, limit=3)
    while page:
        seen += page
        page = leads(MatchState.OPEN, after=page[-1], limit=3)
    assert len({each.uuid for each in seen}) == len(seen) == 7


def test_what_is_over_is_no_lead(ours: Leads) -> None:
    ours.match()
    Match.objects.update(retired_at=NOW, retired_because="revoked")
    assert leads(MatchState.OPEN) == []
    assert lead_counts()[MatchState.OPEN] == 0


def test_how_far_readers_are_is_listed_by_collection(ours: Leads) -> None:
    grant_access(ours.shared, ours.birch, can_read=True, can_write=False)
    [row] = run("delivery", "list")
    assert (row["reader"], row["holds"], row["by"]) == ("Birch", 0, "nothing yet")


def test_a_sighting_that_was_taken_back_is_awaited_by_who_has_not_read_it(ours: Leads) -> None:
    grant_access(ours.shared, ours.birch, can_read=True, can_write=False)
    match = ours.match()
    ours.decide(match, MatchState.CONFIRMED, analyst("ana"))
    ours.decide(match, MatchState.OPEN, analyst("ana"))
    [row] = run("delivery", "retractions", "members", "--awaited")
    assert (row["object"].partition("--")[0], row["awaited"]) == ("sighting", "Birch")
