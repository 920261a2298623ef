"""Matching costs by what is new, not by what is stored: every look-up is on the index it names."""

from datetime import timedelta

import pytest
from django.db import connection

from indicators.detections import due_matches
from indicators.models import Cluster, Detection, Match
from indicators.reconcile import behaviour, expiry, known, overlap, reading
from indicators.reconcile.due import match_due
from indicators.store.sql import open_cursor
from tests.detections.clusters import WINDOW
from tests.objects import id_of
from tests.reconcile.incoming import (
    NOW,
    Incoming,
    devices,
    having,
    indicates,
    lead,
    live,
    member,
)
from tests.reconcile.incoming import behaviour as behaving
from tests.store.plans import Plans, explained, settle

pytestmark = pytest.mark.django_db

_GROWING = {
    "account",
    "answer",
    "cluster",
    "detectedtoken",
    "detection",
    "duematch",
    "entry",
    "indexedtoken",
    "indication",
    "knownindicator",
    "match",
    "objectversion",
}
# 6,000 detections with two tokens each, all due to be matched later; 6,000 indicators of Cedar with
# two, each of something, seen once, every tenth on a cluster. Then comes what the tests are about.
_HISTORY = [
    """
    INSERT INTO indicators_cluster (detector_id, token, incarnation, is_open, draft_due)
    SELECT detector_id, lpad(n::text, 22, '0'), 1, true, false
    FROM indicators_detection d, generate_series(1, 6000) n WHERE d.id = %(detection)s
    """,
    """
    INSERT INTO indicators_detection
        (uuid, detector_id, uid, revision, job_id, cluster_id, is_open, digest, account_count,
         stage, stage_since, failed_stage, reason, verdict, received_at, expires_at)
    SELECT gen_random_uuid(), d.detector_id, 'old-' || c.id, 1, d.job_id, c.id, true, '', 1,
           'published', now(), '', '', '', now(), now()
    FROM indicators_detection d, indicators_cluster c
    WHERE d.id = %(detection)s AND c.token LIKE '0%%'
    """,
    """
    INSERT INTO indicators_detectedtoken (token, account_id, detection_id, kind)
    SELECT substr(sha256(int8send(id * 10 + n)), 1, 21), id * 10, id, 7
    FROM indicators_detection, generate_series(0, 1) n WHERE uid LIKE 'old-%%'
    """,
    """
    INSERT INTO indicators_knownindicator
        (stix_id, version, origin_id, is_own, is_live, semantics, min_matches, token_count,
         pattern, is_first_party, echo_of, decay_speed, revoke_score, modified, subject, ends_at)
    SELECT 'indicator--' || md5(n::text)::uuid, %(now)s, %(cedar)s, false, true, 'exact', 1, 2, '',
           true, '', 1, 0, %(now)s, 'indicator--' || md5(n::text)::uuid,
           %(now)s::timestamptz + make_interval(days => 100 + n)
    FROM generate_series(1, 6000) n
    """,
    """
    INSERT INTO indicators_indexedtoken (token, stix_id)
    SELECT substr(sha256(int8send(1000000000 + n * 10 + m)), 1, 21),
           'indicator--' || md5(n::text)::uuid
    FROM generate_series(1, 6000) n, generate_series(0, 1) m
    """,
    """
    INSERT INTO indicators_match
        (uuid, cluster_id, stix_id, semantics, kinds, token_count, account_count, state, found_at,
         changed_at)
    SELECT gen_random_uuid(), c.id, 'indicator--' || md5(n::text)::uuid, 'exact', '{}', 1, 1,
           'open', %(now)s, %(now)s
    FROM indicators_cluster c, generate_series(1, 6000, 10) n
    WHERE c.token = lpad(n::text, 22, '0')
    """,
    """
    INSERT INTO indicators_indication (stix_id, version, origin_id, indicator, subject, is_revoked)
    SELECT 'relationship--' || md5(stix_id)::uuid, version, origin_id, stix_id, stix_id, false
    FROM indicators_knownindicator
    """,
    """
    INSERT INTO indicators_answer
        (stix_id, version, kind, target, origin_id, is_own, is_revoked, count, stance, reaction,
         said_at)
    SELECT 'sighting--' || md5(stix_id)::uuid, version, 'sighting', stix_id, origin_id, false,
           false, 1, 0, '', version
    FROM indicators_knownindicator
    """,
    """
    INSERT INTO indicators_duematch (cluster_id, detection_id, since)
    SELECT cluster_id, id, %(now)s::timestamptz + interval '1 day' FROM indicators_detection
    WHERE uid LIKE 'old-%%'
    """,
]


# Before what came of late lies ten times as much that was read long ago, in the same partition.
_LONG_READ = [
    "UPDATE indicators_entry SET seq = seq + 10000 WHERE collection_id = %s",
    "UPDATE indicators_reconciled SET size = size + 10000 WHERE collection_id = %s",
    """
    INSERT INTO indicators_entry
        (collection_id, seq, date_added, object_version_id, stix_id, type, version, is_first,
         is_latest)
    SELECT collection_id, seq - 1000 * n, date_added - make_interval(days => n), object_version_id,
           'indicator--' || md5(n::text || stix_id)::uuid, type, version, false, false
    FROM indicators_entry, generate_series(1, 10) n WHERE collection_id = %s
    """,
]


@pytest.fixture(scope="module")
def history(lasting: None) -> Incoming:
    """The store described above."""
    alder = Incoming.begin()
    alder.detect(accounts=having("serial-1", "serial-2"), windows=[WINDOW])
    facts = {
        "detection": Detection.objects.get().pk,
        "cedar": member("Cedar").pk,
        "now": NOW,
    }
    with connection.cursor() as cursor:
        for statement in _HISTORY:
            cursor.execute(statement, facts)
    settle()
    return alder


@pytest.fixture
def alder(history: Incoming, db: None) -> Incoming:
    """As it was, whatever a test before this one shared with it."""
    history.inboxes.clear()
    return history


def scanned(plans: Plans) -> set[str]:
    return {name for name in plans.scanned if name.split("_")[1] in _GROWING}


def test_what_is_new_in_a_collection_is_read_from_where_it_begins(alder: Incoming) -> None:
    token = devices("x")
    inbox = alder.share("Birch", *(lead(n, *token) for n in range(300)))
    alder.receive("Birch", *(lead(n, *token, version=1) for n in range(50)))
    with connection.cursor() as cursor:
        for statement in _LONG_READ:
            cursor.execute(statement, [inbox.pk])
        cursor.execute("ANALYZE")
    with explained() as plans:
        batch = reading.read_new(inbox.pk)
    assert len(batch.objects) == 50
    assert scanned(plans) == set()
    assert plans.visited < 50 * 4


def test_what_is_known_is_looked_up_by_id(alder: Incoming) -> None:
    source = id_of("indicator", 1)
    inbox = alder.receive("Birch", lead(1, *devices("x")), indicates(source, id_of("campaign")))
    batch = reading.read_new(inbox.pk)
    with explained() as plans, open_cursor() as cursor:
        learned = known.learn(cursor, batch, NOW)
    assert learned.changed == [source]
    assert scanned(plans) == set()
    assert plans.visited < 100


def test_tokens_are_looked_up_by_hash(alder: Incoming) -> None:
    alder.share("Birch", lead("i", *devices("serial-1")))
    tokens = {id_of("indicator", "i"): _stored_tokens(alder, 50)}
    with explained() as plans, open_cursor() as cursor:
        found = overlap.match_indicators(cursor, tokens, NOW)
    assert len(found.retired) == 1
    assert len(found.changed) == 50
    assert scanned(plans) == set()
    assert plans.indexes >= {"indicators_detectedtoken_pkey", "matches_of_indicator"}
    assert plans.visited < 50 * 20


def test_new_detections_are_matched_by_hash(alder: Incoming) -> None:
    alder.share("Birch", lead("i", *devices("serial-1")))
    detection = Detection.objects.get(uid="f-1").pk
    with open_cursor() as cursor:
        due_matches.has_new_tokens(cursor, [detection], NOW)
    with explained() as plans:
        assert match_due(1)
    assert len(live()) == 600 + 1
    assert scanned(plans) == set()
    assert plans.visited < 200


def test_a_cluster_that_lost_something_is_matched_with_what_it_matched(alder: Incoming) -> None:
    [cluster] = Cluster.objects.filter(token="1".rjust(22, "0"))
    with open_cursor() as cursor:
        due_matches.has_changed(cursor, [cluster.pk], NOW)
    with explained() as plans:
        assert match_due(1)
    assert Match.objects.get(cluster=cluster).retired_at is not None
    assert scanned(plans) == set()
    assert plans.indexes >= {"one_match_each", "indexed_tokens_of_indicator"}
    assert plans.visited < 200


def test_patterns_are_found_among_all_indicators(alder: Incoming) -> None:
    pattern = "[ai-traffic-aggregate:account_count >= 100]"
    alder.share("Birch", behaving("i", pattern))
    [cluster] = Cluster.objects.filter(sealed_facts__isnull=False)
    with explained() as plans, open_cursor() as cursor:
        found = behaviour.match_behaviour(cursor, [cluster.pk], NOW)
    assert len(found.changed) == 1
    assert scanned(plans) == set()
    assert "behaviour_indicators" in plans.indexes


def test_the_end_of_indicators_is_looked_for_in_its_order(alder: Incoming) -> None:
    with explained() as plans:
        assert expiry.retire_over(NOW + timedelta(days=111), 20)
        assert not expiry.retire_over(NOW + timedelta(days=111), 20)
    assert scanned(plans) == set()
    assert "indicators_by_end" in plans.indexes
    assert Match.objects.exclude(retired_at=None).count() == 2


def _stored_tokens(alder: Incoming, count: int) -> list[bytes]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT min(token) FROM indicators_detectedtoken t JOIN indicators_detection d"
            " ON d.id = t.detection_id WHERE d.uid LIKE 'old-%%' GROUP BY d.id LIMIT %s",
            [count],
        )
        return [bytes(token) for (token,) in cursor.fetchall()]
