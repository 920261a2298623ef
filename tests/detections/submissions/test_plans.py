"""What PostgreSQL does for a submission's pages and its worker, on tables that are large enough."""

from datetime import UTC, datetime

import pytest
from django.db import connection

from indicators.detections.identifiers.sealing import open_sealer
from indicators.detections.submissions import pieces, standing
from indicators.models import Role, Submission
from indicators.store.custody import open_collection
from indicators.store.sql import open_cursor
from tests.detections.submissions.author import Author
from tests.people.persons import somebody
from tests.store.plans import Plans, explained, settle

pytestmark = pytest.mark.django_db

_OTHERS = """
INSERT INTO indicators_cluster (detector_id, token, incarnation, is_open, draft_due)
SELECT detector_id, 'other-' || n, 1, true, false
FROM indicators_cluster CROSS JOIN generate_series(1, 3000) n;
INSERT INTO indicators_submission
    (id, author_id, state, state_since, created_at, changed_at, cluster_id, revision,
     evidence_revision, evidence_parts, evidence_version, checked_version, taken_version)
SELECT gen_random_uuid(), s.author_id, 'sent', now(), now(), now(), c.id, 1, 0, 0, 0, 0, 0
FROM indicators_submission s CROSS JOIN indicators_cluster c WHERE c.token LIKE 'other-%';
INSERT INTO indicators_piece (submission_id, role, number, data_key_id, sealed)
SELECT s.id, 'stated', 0, p.data_key_id, p.sealed FROM indicators_submission s
CROSS JOIN (SELECT * FROM indicators_piece LIMIT 1) p ON CONFLICT DO NOTHING;
INSERT INTO indicators_draft (id, cluster_id, state, created_at, objects_zstd, object_count, parts,
                              roles, preview, review_reasons, state_since)
SELECT gen_random_uuid(), id, 'superseded', now(), '', 0, '[]', '{}', '{}', '[]', now()
FROM indicators_cluster;
INSERT INTO indicators_detection
    (uuid, detector_id, uid, revision, job_id, cluster_id, is_open, digest, account_count, stage,
     stage_since, received_at, expires_at)
SELECT gen_random_uuid(), d.detector_id, 'h' || c.id, 1, d.job_id, c.id, true, d.digest,
       3, 'published', now(), now(), now() + interval '90 days'
FROM (SELECT * FROM indicators_detection ORDER BY id LIMIT 1) d, indicators_cluster c
WHERE c.token LIKE 'other-%'
"""
_SMALL = {"indicators_detector", "indicators_datakey"}


@pytest.fixture(scope="module")
def among_many(lasting: None) -> Author:
    """One prepared submission among three thousand."""
    labs = open_collection(title="Labs", alias="labs", audience="labs")
    ana = Author.begun(somebody("ana", Role.ANALYST), labs)
    ana.prepare(name="Long winter")
    with connection.cursor() as cursor:
        cursor.execute(_OTHERS)
    settle()
    return ana


def scanned(plans: Plans) -> set[str]:
    return plans.scanned - _SMALL


def test_a_preview_looks_up_what_is_its_own(among_many: Author) -> None:
    with explained() as plans:
        standing.read_standing(among_many.id, among_many.user)
        pieces.read(among_many.id, pieces.PieceRole.STATED)
    assert scanned(plans) == set()
    assert {"drafts_of_cluster", "one_piece_a_number"} <= plans.indexes


def test_a_page_of_the_list_costs_what_it_shows(among_many: Author) -> None:
    Submission.objects.filter(pk=among_many.id).update(changed_at=datetime.now(UTC))
    with explained() as plans:
        standing.submissions_of(among_many.user, limit=10)
    assert "submissions_of_author" in plans.indexes
    assert plans.visited < 200


def test_a_batch_of_drafts_reads_what_was_submitted_of_its_clusters(among_many: Author) -> None:
    sealer = open_sealer()
    with explained() as plans, open_cursor() as cursor:
        pieces.submitted(cursor, [among_many.cluster.pk], sealer)
    assert scanned(plans) == set()


def test_what_is_due_is_read_from_its_index(among_many: Author) -> None:
    now = datetime.now(UTC)
    Submission.objects.filter(pk=among_many.id).update(due_since=now)
    due = Submission.objects.filter(due_since__lte=now).order_by("due_since")
    assert "submissions_due" in due.explain()
