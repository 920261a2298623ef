"""Joint clusters cost by what changes, not by what was there before."""

from collections.abc import Callable

import pytest
from django.db import connection

from federation.canonical import canonical
from indicators.models import (
    Authored,
    Cluster,
    Detector,
    IndexedToken,
    KnownIndicator,
    Match,
    Member,
    ObjectId,
)
from indicators.reconcile import joint
from indicators.reconcile.answers import take
from indicators.reconcile.assessment import reassess_old
from indicators.reconcile.echoes import echoes
from indicators.store.sql import Cursor, open_cursor
from tests.objects import moment
from tests.reconcile.claims import (
    DAY,
    NOW,
    claim,
    connect,
    indicator_id,
    member,
    network_id,
    token,
)
from tests.reconcile.test_answers import NOW as TAKEN
from tests.reconcile.test_answers import opinion, sighting
from tests.reconcile.test_answers import take as take_from
from tests.store.plans import Plans, explained, settle

pytestmark = pytest.mark.django_db

_NETWORKS = 1_200
# Tokens of indicators that nothing here asks for: of a few pages the planner reads all.
_UNRELATED = """
INSERT INTO indicators_indexedtoken (token, stix_id)
SELECT substr(sha256(number::text::bytea), 1, 21), 'indicator--unrelated-' || number / 500
FROM generate_series(1, %s) AS number
"""
_GROWING = (
    "answer", "authored", "cluster", "indexedtoken", "jointcluster", "jointedge", "jointevent",
    "jointlink", "jointsubject", "knownindicator", "match", "objectid",
)  # fmt: skip


@pytest.fixture(scope="module")
def history(lasting: None) -> None:
    """Networks of which every two share a token, half of them published here and half matched."""
    ids = [indicator_id(f"old/{number}") for number in range(_NETWORKS)]
    birch = member("Birch")
    ObjectId.objects.bulk_create(ObjectId(id=each, owner=birch) for each in ids)
    IndexedToken.objects.bulk_create(
        IndexedToken(token=token(each), stix_id=ids[number])
        for number in range(_NETWORKS)
        for each in (f"shared/{number // 2}", f"only/{number}/a", f"only/{number}/b")
    )
    with connection.cursor() as cursor:
        cursor.execute(_UNRELATED, [40 * _NETWORKS])
    KnownIndicator.objects.bulk_create(_known(number, birch) for number in range(_NETWORKS))
    detector = Detector.objects.create(name="hydra-finder")
    clusters = Cluster.objects.bulk_create(
        Cluster(detector=detector, token=f"{number:022}") for number in range(_NETWORKS)
    )
    Authored.objects.bulk_create(
        Authored(
            stix_id=network_id(f"own/{each.pk}"),
            cluster=each,
            incarnation=1,
            role="infrastructure",
        )
        for each in clusters[::2]
    )
    matches = Match.objects.bulk_create(
        _match(each, stix_id) for each, stix_id in zip(clusters, ids, strict=True)
    )
    connect(*ids, matches=[each.pk for each in matches])
    contents = [sighting(each, key=f"s/{each}") for each in ids]
    take_from("Cedar", *contents)
    settle()


def _known(number: int, origin: Member) -> KnownIndicator:
    return KnownIndicator(
        stix_id=indicator_id(f"old/{number}"),
        version=NOW,
        origin=origin,
        is_own=False,
        is_live=True,
        semantics="exact",
        confidence=80,
        is_first_party=True,
        modified=NOW,
        subject=network_id(f"old/{number}"),
    )


def _match(cluster: Cluster, stix_id: str) -> Match:
    return Match(
        cluster=cluster,
        stix_id=stix_id,
        semantics="exact",
        kinds={"email": 1},
        token_count=1,
        account_count=1,
        found_at=NOW,
        changed_at=NOW,
    )


def plans_of(call: Callable[[Cursor], object]) -> Plans:
    with explained() as plans, open_cursor() as cursor:
        call(cursor)
    return plans


def check(plans: Plans, most: int) -> None:
    scanned = {table.removeprefix("indicators_") for table in plans.scanned}
    assert scanned & set(_GROWING) == set()
    assert plans.visited < most


def test_one_more_indicator_costs_by_its_tokens(history: None) -> None:
    new = claim("Birch", "new", ["shared/7", "only here"])
    check(plans_of(lambda cursor: joint.connect(cursor, [new], [], [], NOW)), 800)


def test_whether_it_is_an_echo_costs_by_its_tokens(history: None) -> None:
    new = claim("Birch", "new", ["shared/7", "only here"])
    check(plans_of(lambda cursor: echoes(cursor, [new])), 100)


def test_a_decided_match_costs_by_what_it_joined(history: None) -> None:
    number = Match.objects.order_by("pk").values_list("pk", flat=True)[7]
    Match.objects.filter(pk=number).update(state="false-positive")
    check(plans_of(lambda cursor: joint.connect(cursor, [], [number], [], NOW)), 800)


def test_a_revoked_indicator_costs_by_what_it_joined(history: None) -> None:
    gone = indicator_id("old/9")
    KnownIndicator.objects.filter(pk=gone).update(is_live=False)
    check(plans_of(lambda cursor: joint.connect(cursor, [], [], [gone], NOW)), 800)


def test_an_answer_costs_by_what_it_is_on(history: None) -> None:
    own = Authored.objects.values_list("stix_id", flat=True)[7]
    told = opinion(indicator_id("old/9"), own, key="new")
    objects = [(told["id"], moment(0), canonical(told), member("Birch").pk)]
    check(plans_of(lambda cursor: take(cursor, objects, TAKEN)), 400)


def test_the_hourly_look_costs_by_what_is_old(history: None) -> None:
    with explained() as plans:
        reassess_old(NOW)
    check(plans, 20)
    with explained() as plans:
        reassess_old(NOW + 2 * DAY, limit=3)
    check(plans, 400)
