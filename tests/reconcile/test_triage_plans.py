"""A decision costs by what is decided, not by what was decided before."""

from datetime import timedelta

import pytest
from django.db import transaction

from indicators import pipeline
from indicators.models import Cluster, KnownIndicator, Match, MatchState, Semantics
from indicators.reconcile.answering import draft_answers
from indicators.reconcile.leads import leads as read_leads
from indicators.reconcile.replies import Said
from indicators.reconcile.triage import Decision, decide
from indicators.store.sql import open_cursor
from tests.contributing.detector import finding
from tests.objects import id_of
from tests.reconcile.leads import NOW, Leads, analyst
from tests.store.plans import Plans, explained, settle

pytestmark = pytest.mark.django_db
MANY = 3_000
_GROWING = {
    "cluster",
    "detection",
    "draft",
    "knownindicator",
    "match",
    "objectversion",
}


@pytest.fixture(scope="module")
def history(lasting: None) -> Leads:
    """Thousands of matches, hundreds of which are confirmed and answered."""
    ours = Leads.begin()
    ours.detector.send(*(finding(f"f-{n}") for n in range(2, 402)))
    ours.detector.work()
    clusters = [*Cluster.objects.order_by("pk")]
    ids = [id_of("indicator", f"old {n}") for n in range(MANY)]
    KnownIndicator.objects.bulk_create(
        KnownIndicator(
            stix_id=name,
            version=NOW,
            modified=NOW,
            origin=ours.birch,
            is_own=False,
            is_live=True,
            is_first_party=True,
            semantics=Semantics.EXACT,
            subject=name,
            inbox=ours.inbox.pk,
        )
        for name in ids
    )
    Match.objects.bulk_create(
        Match(
            cluster=clusters[number % 400 + 1],
            stix_id=name,
            semantics=Semantics.EXACT,
            token_count=1,
            account_count=1,
            found_at=NOW,
            changed_at=NOW - timedelta(seconds=number),
        )
        for number, name in enumerate(ids)
    )
    answered = Match.objects.filter(stix_id__in=ids[:400]).values_list("uuid", flat=True)
    decide(Decision(tuple(answered), MatchState.CONFIRMED), analyst("ana"))
    ours.detector.work()
    settle()
    return ours


def scanned(plans: Plans) -> set[str]:
    return {name for name in plans.scanned if name.split("_")[1] in _GROWING}


def test_an_answer_costs_by_itself(history: Leads) -> None:
    match = history.match("new", cluster=Cluster.objects.order_by("pk")[7])
    said, person = Said("confirmed", "actioned"), analyst("ana")
    with explained() as plans, transaction.atomic(), open_cursor() as cursor:
        assert draft_answers(cursor, [match.pk], said, person)
    assert {"drafts_of_match", "detections_of_cluster"} <= plans.indexes
    assert scanned(plans) == set()
    assert plans.visited < 100


def test_the_first_page_of_leads_costs_by_itself(history: Leads) -> None:
    with explained() as plans:
        found = read_leads(MatchState.OPEN, limit=20)
    assert len(found) == 20
    assert "matches_to_triage" in plans.indexes
    assert scanned(plans) == set()


def test_looking_for_answers_without_a_collection_costs_nothing(history: Leads) -> None:
    with explained() as plans:
        pipeline.send_homeless_answers()
    assert scanned(plans) == set()
    assert plans.visited < 20
