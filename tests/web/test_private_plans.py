"""Private lists, reviews and the overview cost by what they show, not by all that is held."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection

from indicators.catalog import overview as catalog
from indicators.detections import listing
from indicators.detections.clusters import read_cluster
from indicators.detections.drafts import reviewing
from indicators.detections.listing import STANDING, Bounds
from indicators.models import Cluster, Detection, Detector, Role
from indicators.pipeline.cataloguing import catalogue
from indicators.pipeline.desk.overview import overview
from indicators.store.custody import open_collection
from tests.contributing.detector import Contributor, finding
from tests.people.persons import somebody
from tests.store.plans import Plans, explained, settle

pytestmark = pytest.mark.django_db

# Two detectors; everything that came before is published, and little is not.
_HISTORY = """
INSERT INTO indicators_cluster (detector_id, token, incarnation, is_open, draft_due)
SELECT detector_id, 'k' || n, 1, true, false FROM indicators_cluster, generate_series(1, 12000) n
WHERE id = (SELECT min(id) FROM indicators_cluster);
INSERT INTO indicators_detection
    (uuid, detector_id, uid, revision, job_id, cluster_id, is_open, digest, account_count, stage,
     stage_since, received_at, expires_at)
SELECT gen_random_uuid(), d.detector_id, 'h' || c.id || '/' || n, 1, d.job_id, c.id, true, d.digest,
       3, CASE WHEN c.id % 1000 = 0 AND n = 1 THEN 'failed' ELSE 'published' END,
       now(), now(), now() + interval '90 days'
FROM (SELECT * FROM indicators_detection ORDER BY id LIMIT 1) d, indicators_cluster c,
     generate_series(1, 2) n
WHERE c.token LIKE 'k%';
INSERT INTO indicators_draft
    (id, cluster_id, collection_id, state, created_at, state_since, objects_zstd, object_count,
     parts, roles, preview, review_reasons)
SELECT gen_random_uuid(), c.id, d.collection_id,
       CASE WHEN c.id % 2 = 0 THEN 'review' ELSE 'published' END, now(),
       now() - c.id * interval '1 s', '', 5,
       '[]', '{}', '{"goes": [], "tokenized": {"email": 3}, "withheld": []}', '["policy"]'
FROM (SELECT * FROM indicators_draft LIMIT 1) d, indicators_cluster c WHERE c.token LIKE 'k%';
INSERT INTO indicators_objectversion
    (id, stix_id, type, version, revoked, sha256, body, contributor_id, received_at)
SELECT 1000000 + n, 'note--' || md5(n::text)::uuid, 'note', now(), false, sha256(n::text::bytea),
       repeat(md5(n::text), 30)::bytea, m.id, now()
FROM generate_series(1, 10000) n, (SELECT id FROM indicators_member LIMIT 1) m;
INSERT INTO indicators_entry
    (collection_id, seq, date_added, object_version_id, stix_id, type, version, is_first, is_latest)
SELECT c.id, 1000000 + n, now() - interval '90 days' + n * interval '1 second', 1000000 + n,
       'note--' || md5(n::text)::uuid, 'note', now(), true, true
FROM generate_series(1, 10000) n, indicators_collection c;
INSERT INTO indicators_catalogrow
    (stix_id, number, type, name, summary, object_version_id, version, received_at, origin_id,
     is_own, is_signed, standing, kinds, terms, token_count, collections, words)
SELECT c.type || '--' || gen_random_uuid(), c.number + n * 1000, c.type, c.name, '',
       c.object_version_id, c.version, c.received_at, c.origin_id, true, true, 'live', '{}', '{}',
       0, '{}', ''
FROM (SELECT DISTINCT ON (type) * FROM indicators_catalogrow) c, generate_series(1, 2000) n
"""

_LARGE = {
    "indicators_detection", "indicators_cluster", "indicators_draft", "indicators_catalogrow",
    "indicators_objectversion",
}  # fmt: skip


@pytest.fixture(scope="module")
def rae(lasting: None) -> User:
    """A reviewer of a node with 24,000 findings, 12,000 drafts and thousands of objects."""
    alder = Contributor.trusted(open_collection(title="Labs", alias="labs", audience="labs"))
    alder.send(finding("f-1"), finding("f-2"))
    alder.work()
    Detector.objects.create(name="second-finder")
    catalogue()
    with connection.cursor() as cursor:
        cursor.execute(_HISTORY)
    settle()
    return somebody("rae", Role.ANALYST, Role.REVIEWER)


def detectors() -> list[Any]:
    return list(Detector.objects.values_list("pk", flat=True))


def halfway() -> int:
    return Detection.objects.earliest("pk").pk + 10_000


def first_cluster() -> int:
    number: int = Cluster.objects.order_by("pk").values_list("pk", flat=True)[0]
    return number


READS: dict[str, tuple[Callable[[User], Any], int, str]] = {
    "findings": (
        lambda _: listing.findings(detectors(), STANDING, Bounds(), 51), 500, "detections_by_stage",
    ),
    "a rare state": (
        lambda _: listing.findings(detectors(), ["failed"], Bounds(), 51), 60,
        "detections_by_stage",
    ),
    "a page far back": (
        lambda _: listing.findings(detectors(), STANDING, Bounds(below=halfway()), 51), 900,
        "detections_by_stage",
    ),
    "clusters": (
        lambda _: listing.clusters(detectors(), None, Bounds(), 51), 2_500, "clusters_of_detector",
    ),
    "detectors": (lambda _: listing.detectors(), 100, "detections_"),
    "a cluster": (
        lambda user: read_cluster(first_cluster(), user.pk), 300, "detections_of_cluster",
    ),
    "the queue": (lambda user: reviewing.waiting(user.pk), 500, "drafts_under_way"),
    "what is decided": (lambda _: reviewing.lately_decided(), 100, "drafts_by_decision"),
    "active campaigns": (
        lambda _: catalog.active_campaigns(datetime.now(UTC)), 1_000, "catalog_by_type",
    ),
    "news": (lambda _: catalog.lately(), 500, "catalog_by_type"),
    "the flow": (lambda _: catalog.flow(datetime.now(UTC)), 300, "entry_by_date"),
    "the overview": (lambda user: overview(user, datetime.now(UTC)), 3_500, "drafts_under_way"),
}  # fmt: skip


def plans_of(read: Callable[[User], Any], user: User) -> Plans:
    with explained() as plans:
        read(user)
    return plans


@pytest.mark.parametrize("name", READS)
def test_a_read_costs_by_what_it_shows(rae: User, name: str) -> None:
    read, most, index = READS[name]
    plans = plans_of(read, rae)
    # Of two that hold the same few rows, either will do.
    assert any(each.startswith(index) for each in plans.indexes)
    assert plans.visited <= most
    assert not plans.scanned & _LARGE


def test_the_overview_is_read_in_few_statements(rae: User) -> None:
    assert plans_of(lambda user: overview(user, datetime.now(UTC)), rae).statements <= 6
