"""Going through matches: filters, pages in both directions, a bounded look."""

from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from django.db import connection

from indicators import pipeline
from indicators.models import (
    Cluster,
    Detector,
    KnownIndicator,
    Match,
    MatchState,
    Member,
    Semantics,
)
from indicators.reconcile import queue
from indicators.reconcile.queue import Filter, Place, read_queue
from indicators.reconcile.triage import Decision
from tests.objects import id_of
from tests.reconcile.leads import NOW, Leads, analyst
from tests.store.plans import explained

pytestmark = pytest.mark.django_db


def many(leads: Leads, count: int, **more: object) -> list[UUID]:
    """So many matches, three at a time of one moment; the newest first."""
    ids = [id_of("indicator", f"many {n}") for n in range(count)]
    KnownIndicator.objects.bulk_create(
        KnownIndicator(
            stix_id=each, version=NOW, modified=NOW, origin=leads.birch, is_own=False, is_live=True,
            is_first_party=True, semantics=Semantics.EXACT, subject=each, inbox=leads.inbox.pk,
        )
        for each in ids
    )  # fmt: skip
    cluster = Cluster.objects.get()
    made = Match.objects.bulk_create(
        Match(
            cluster=cluster, stix_id=each, semantics=Semantics.EXACT, token_count=n % 7 + 1,
            account_count=1, found_at=NOW, changed_at=NOW - timedelta(minutes=n // 3), **more,
        )
        for n, each in enumerate(ids)
    )  # fmt: skip
    ordered = sorted(made, key=lambda match: (match.changed_at, match.uuid), reverse=True)
    return [match.uuid for match in ordered]


def shown(page: queue.Page) -> list[UUID]:
    return [lead.uuid for lead in page.leads]


def test_pages_show_every_match_once(leads: Leads) -> None:
    everything = many(leads, 25)
    seen: list[UUID] = []
    page = read_queue(Filter(), limit=10)
    while True:
        seen += shown(page)
        if page.older is None:
            break
        page = read_queue(Filter(), page.older, limit=10)
    assert seen == everything


def test_the_way_back_shows_the_same_pages(leads: Leads) -> None:
    everything = many(leads, 30)
    first = read_queue(Filter(), limit=10)
    second = read_queue(Filter(), first.older, limit=10)
    back = read_queue(Filter(), second.newer, limit=10)
    assert shown(back) == shown(first) == everything[:10]
    assert back.newer is None


def test_a_place_survives_its_url(leads: Leads) -> None:
    many(leads, 3)
    older = read_queue(Filter(), limit=1).older
    assert older is not None
    assert Place.read(str(older)) == older


@pytest.mark.parametrize("text", ["", "1_2", "-x_y", "-nan_0", "-1e400_0", "+99999999999999_00"])
def test_a_place_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        Place.read(text)


def test_only_what_is_in_the_state_is_shown(leads: Leads) -> None:
    many(leads, 3)
    Match.objects.filter(uuid=shown(read_queue(Filter()))[0]).update(state=MatchState.CONFIRMED)
    assert len(shown(read_queue(Filter()))) == 2
    assert len(shown(read_queue(Filter(state=MatchState.CONFIRMED)))) == 1


def test_what_was_decided_a_moment_ago_is_no_open_lead(leads: Leads) -> None:
    match = leads.match()
    ana = analyst("ana")
    act = pipeline.hold_decision(Decision((match.uuid,), MatchState.CONFIRMED), ana)
    assert shown(read_queue(Filter())) == []
    assert act is not None
    pipeline.undo_decision(act, ana)
    assert shown(read_queue(Filter())) == [match.uuid]


def test_each_filter_leaves_what_fits(leads: Leads) -> None:
    many(leads, 14)
    detector = Detector.objects.get().pk
    fitting = {
        Filter(origin=leads.birch.pk): 14,
        Filter(origin=uuid4()): 0,
        Filter(detector=detector): 14,
        Filter(detector=uuid4()): 0,
        Filter(cluster=Cluster.objects.get().pk): 14,
        Filter(cluster=-1): 0,
        Filter(semantics="exact"): 14,
        Filter(semantics="behaviour"): 0,
        Filter(strength=7): 2,
    }
    assert {each: len(shown(read_queue(each))) for each in fitting} == fitting


def test_a_rare_filter_looks_only_so_far_and_says_where_to_go_on(
    leads: Leads, monkeypatch: pytest.MonkeyPatch
) -> None:
    many(leads, 40)
    rare = Member.objects.create(name="Cedar", identity_id=id_of("identity", "Cedar"))
    last = Match.objects.order_by("changed_at", "uuid").first()
    assert last is not None
    KnownIndicator.objects.filter(pk=last.stix_id).update(origin=rare)
    monkeypatch.setattr(queue, "MOST_SEEN", 15)
    which = Filter(origin=rare.pk)
    page, steps = read_queue(which), 1
    while not page.leads:
        assert page.is_short
        assert page.older is not None
        page, steps = read_queue(which, page.older), steps + 1
    assert (shown(page), steps) == ([last.uuid], 3)


def test_counts_end_where_they_are_told(leads: Leads, monkeypatch: pytest.MonkeyPatch) -> None:
    many(leads, 12)
    assert queue.counts()[MatchState.OPEN] == (12, None)
    monkeypatch.setattr(queue, "MOST_COUNTED", 10)
    assert queue.counts()[MatchState.OPEN] == (10, "gt")


@pytest.mark.parametrize("place", ["first", "middle"])
def test_a_page_costs_by_what_it_shows(leads: Leads, place: str) -> None:
    many(leads, 4_000)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    start = None
    if place == "middle":
        lead = read_queue(Filter(), limit=2_000).leads[-1]
        start = Place(lead.changed_at, lead.uuid)
    with explained() as plans:
        assert len(read_queue(Filter(), start, limit=20).leads) == 20
    assert "matches_to_triage" in plans.indexes
    assert not plans.scanned & {"indicators_match", "indicators_knownindicator"}
    assert plans.visited < 400
