"""Many campaigns with account networks, indicators and answers, made by the database itself."""

from datetime import UTC, datetime
from uuid import UUID

from django.db import connection

from indicators.models import Member
from indicators.store.custody import ensure_own_member
from tests.objects import id_of
from tests.reconcile.claims import cluster

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
#: Of each campaign, so many indicators of its account network; each was sighted.
INDICATORS = 20

_EXTENSION = "extension-definition--1d05ae00-88c7-463e-8fcd-601f2889970a"
_CLAIM = "extension-definition--a80d9b76-acfd-4b61-91da-826eb18ac156"
# One name each: what kind it is, which campaign's, which of several.
_MADE = """
CREATE TEMPORARY TABLE made ON COMMIT DROP AS
SELECT row_number() OVER () AS number, type, key, type || '--' || md5(key)::uuid AS stix_id,
    n, source, relation, target
FROM (
    SELECT 'campaign' AS type, 'campaign/' || n AS key, n, NULL AS source, NULL AS relation,
        NULL AS target FROM generate_series(1, %(campaigns)s) n
    UNION ALL SELECT 'infrastructure', 'network/' || n, n, NULL, NULL, NULL
        FROM generate_series(1, %(campaigns)s) n
    UNION ALL SELECT 'threat-actor', 'actor/' || n, n, NULL, NULL, NULL
        FROM generate_series(1, %(campaigns)s) n
    UNION ALL SELECT 'indicator', 'indicator/' || n || '/' || i, n, NULL, NULL, NULL
        FROM generate_series(1, %(campaigns)s) n, generate_series(1, %(indicators)s) i
    UNION ALL SELECT 'relationship', 'uses/' || n, n, 'campaign/' || n, 'uses', 'network/' || n
        FROM generate_series(1, %(campaigns)s) n
    UNION ALL SELECT 'relationship', 'attributed/' || n, n, 'campaign/' || n, 'attributed-to',
        'actor/' || n FROM generate_series(1, %(campaigns)s) n
    UNION ALL SELECT 'relationship', 'indicates/' || n || '/' || i, n,
        'indicator/' || n || '/' || i, 'indicates', 'network/' || n
        FROM generate_series(1, %(campaigns)s) n, generate_series(1, %(indicators)s) i
) s
"""
_FILL = (
    """
    INSERT INTO indicators_objectversion (id, stix_id, type, version, created_by_ref, tlp, revoked,
        sha256, contributor_id, received_at, body)
    SELECT number, stix_id, type, %(now)s, %(identity)s, 1, false, sha256(key::bytea), %(member)s,
        %(now)s, convert_to(jsonb_build_object('type', type, 'id', stix_id, 'name', key,
            'created', '2026-03-01T12:00:00.000Z', 'modified', '2026-03-01T12:00:00.000Z',
            'description', repeat(md5(key), 25), 'extensions', CASE
                WHEN type = 'campaign' THEN jsonb_build_object(%(extension)s::text,
                    '{"allegation_status": "alleged", "capability_targets": ["coding"],
                      "interaction_count": {"value": 1000000, "qualifier": "gt"}}'::jsonb)
                WHEN relation = 'attributed-to' THEN jsonb_build_object(%(claim)s::text,
                    jsonb_build_object('claimed_by_ref', %(identity)s::text, 'status', 'alleged',
                        'basis', '["not-stated"]'::jsonb))
                ELSE '{}'::jsonb END)::text, 'UTF8')
    FROM made
    """,
    """
    INSERT INTO indicators_catalogrow (stix_id, number, type, name, summary, object_version_id,
        version, received_at, origin_id, is_own, is_signed, tlp, confidence, standing, kinds, terms,
        token_count, collections, words)
    SELECT stix_id, number, type, key, '', number, %(now)s, %(now)s, %(member)s, true, true, 1, 50,
        'live', '{}',
        CASE WHEN type = 'campaign' THEN '{alleged,coding}'::varchar[] ELSE '{}' END, 500, '{}',
        'A'::tsvector
    FROM made
    """,
    """
    INSERT INTO indicators_reference (stix_id, source, relation, target)
    SELECT r.stix_id, a.stix_id, r.relation, b.stix_id
    FROM made r JOIN made a ON a.key = r.source JOIN made b ON b.key = r.target
    """,
    """
    INSERT INTO indicators_answer (stix_id, version, kind, target, origin_id, is_own, is_revoked,
        count, stance, reaction, said_at)
    SELECT 'sighting--' || md5(stix_id)::uuid, %(now)s, 'sighting', stix_id, %(birch)s, false,
        false, 1, 0, '', %(now)s FROM made WHERE type = 'indicator'
    """,
    """
    INSERT INTO indicators_jointcluster (id, formed_at, changed_at, subject_count, origins,
        confidence, terms)
    SELECT md5('joint' || n)::uuid, %(now)s, %(now)s, 1, jsonb_build_array(%(identity)s::text), 0.5,
        '[]' FROM generate_series(1, %(campaigns)s) n
    """,
    """
    INSERT INTO indicators_jointsubject (subject, joint_id, origin_id, joined_at)
    SELECT stix_id, md5('joint' || n)::uuid, %(member)s, %(now)s FROM made
    WHERE type = 'infrastructure'
    """,
    """
    INSERT INTO indicators_jointevent (joint_id, what, subjects, at)
    SELECT md5('joint' || n)::uuid, 'formed', '[]', %(now)s
    FROM generate_series(1, %(campaigns)s) n
    """,
    """
    INSERT INTO indicators_jointedge (first, second, kinds, token_count, found_at)
    SELECT stix_id, stix_id || '0', '{"email": 3}', 3, %(now)s FROM made
    WHERE type = 'infrastructure'
    """,
    """
    INSERT INTO indicators_authored (stix_id, cluster_id, incarnation, role)
    SELECT stix_id, %(cluster)s, 1, type FROM made WHERE type IN ('campaign', 'infrastructure')
    """,
    "SET CONSTRAINTS ALL IMMEDIATE",
    "ANALYZE",
)


def fill(campaigns: int) -> None:
    """So many campaigns; each brings 45 objects, 22 references and 20 answers."""
    own = ensure_own_member()
    birch = Member.objects.create(name="Birch", identity_id=id_of("identity", "Birch"))
    asked = {
        "campaigns": campaigns,
        "indicators": INDICATORS,
        "now": NOW,
        "member": own.pk,
        "identity": own.identity_id,
        "birch": birch.pk,
        "cluster": cluster().pk,
        "extension": _EXTENSION,
        "claim": _CLAIM,
    }
    with connection.cursor() as cursor:
        for statement in (_MADE, *_FILL):
            cursor.execute(statement, asked)


def stix_id(kind: str, key: str) -> str:
    """The id of an object that was made here, e.g. of campaign `campaign/7`."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT %s || '--' || md5(%s)::uuid", [kind, key])
        return str(cursor.fetchone()[0])


def joint_id(number: int) -> UUID:
    with connection.cursor() as cursor:
        cursor.execute("SELECT md5(%s)::uuid", [f"joint{number}"])
        return UUID(str(cursor.fetchone()[0]))
