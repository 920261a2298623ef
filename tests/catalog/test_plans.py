"""Searches and look-ups run on the indexes named beside them, whatever the size of the catalog."""

from uuid import uuid4

import pytest
from django.db import connection

from indicators.catalog import choices, rows, searching
from indicators.catalog.naming import named
from indicators.catalog.question import Query
from indicators.catalog.relations import relations
from indicators.catalog.searching import Place, search
from indicators.models import CatalogRow, Collection, Member
from indicators.store.custody import open_collection
from indicators.store.sql import open_cursor
from tests.objects import START, id_of
from tests.store.plans import explained, settle

pytestmark = pytest.mark.django_db

SIZE = 60_000
_BUILD = [
    """
    CREATE TEMPORARY TABLE listed ON COMMIT DROP AS
    SELECT n, type, type || '--' || md5(n::text)::uuid AS stix_id FROM (
        SELECT n, CASE WHEN n %% 1000 = 0 THEN 'campaign' WHEN n %% 2 = 0 THEN 'indicator'
                       ELSE 'relationship' END AS type
        FROM generate_series(1, %(size)s) n
    ) s
    """,
    """
    INSERT INTO indicators_objectversion (id, stix_id, type, version, revoked, sha256, body,
                                          contributor_id, received_at)
    SELECT n, stix_id, type, %(start)s, false, sha256(n::text::bytea),
           convert_to('{"type":"' || type || '","id":"' || stix_id || '"}', 'UTF8'),
           %(member)s, %(start)s FROM listed
    """,
    """
    INSERT INTO indicators_entry (collection_id, seq, date_added, object_version_id, stix_id, type,
                                  version, is_first, is_latest)
    SELECT collection, n, %(start)s + make_interval(secs => n), n, stix_id, type, %(start)s,
           true, true
    FROM listed, unnest(%(collections)s::uuid[]) collection
    """,
    """
    INSERT INTO indicators_catalogrow (stix_id, number, type, name, summary, object_version_id,
        version, received_at, origin_id, is_own, is_signed, standing, kinds, terms, token_count,
        collections, words)
    SELECT stix_id, n, type, 'network ' || n, '', n, %(start)s, %(start)s, %(member)s, false, true,
           'live', '{}', '{}', 0, '{}',
           to_tsvector('simple', 'account network ' || n)
           || array_to_tsvector(ARRAY['A', 'S/live', 'T/' || type, 'B/' || (n >> 14)])
    FROM listed
    """,
    """
    INSERT INTO indicators_reference (stix_id, source, relation, target)
    SELECT stix_id, 'indicator--' || md5((n + 1)::text)::uuid, 'indicates',
           'campaign--' || md5((n / 1000 * 1000)::text)::uuid
    FROM listed WHERE type = 'relationship'
    """,
]


@pytest.fixture(scope="module")
def large(lasting: None) -> Collection:
    """The catalog described above."""
    member = Member.objects.create(name="Birch", identity_id=f"identity--{uuid4()}")
    opened = [open_collection(title=title) for title in ("Forum", "Annex")]
    facts = {
        "start": START,
        "member": member.pk,
        "size": SIZE,
        "collections": [collection.pk for collection in opened],
    }
    with connection.cursor() as cursor:
        for statement in _BUILD:
            cursor.execute(statement, facts)
    settle()
    return opened[0]


def known_id(n: int) -> str:
    return CatalogRow.objects.get(number=n).stix_id


QUESTIONS = {
    "a word of all": Query(text="account"),
    "a word of one": Query(text="777 "),
    "a type": Query(types=("indicator",)),
    "types that never meet words": Query(text="nowhere", types=("indicator",)),
    "a type and words": Query(text="network -777", types=("campaign",), standings=("live",)),
    "an id": Query(text=id_of("indicator", "none")),
}
USED = {"catalog_words", "indicators_catalogrow_number_key"}


@pytest.mark.usefixtures("large")
@pytest.mark.parametrize("place", [Place(), Place(before=5_000), Place(after=50_000)])
@pytest.mark.parametrize("query", QUESTIONS.values(), ids=QUESTIONS)
def test_a_search_reads_no_table_to_its_end(query: Query, place: Place) -> None:
    with explained() as plans:
        search(query, place)
    assert not plans.scanned & {"indicators_catalogrow"}
    others = {name for name in plans.indexes - USED if "_stix_id_" not in name}
    assert others <= {"indicators_catalogrow_pkey", "indicators_member_pkey"}


@pytest.mark.usefixtures("large")
@pytest.mark.parametrize("place", [Place(), Place(before=5_000), Place(after=50_000)])
def test_without_a_question_a_page_costs_what_is_on_it(place: Place) -> None:
    with explained() as plans:
        search(Query(), place)
    assert plans.visited <= searching.MOST + 1 + 6 * (searching.LIMIT + 1)


@pytest.mark.usefixtures("large")
def test_references_are_read_from_either_end() -> None:
    busy = known_id(30_000)
    with explained() as plans:
        found = relations(busy)
    assert found.more_inward
    assert not plans.scanned
    assert plans.visited <= 6 * 101


@pytest.mark.usefixtures("large")
def test_a_name_is_one_look_up() -> None:
    ids = [known_id(n) for n in (5, 6, 7)]
    with explained() as plans:
        assert len(named(ids)) == 3
    assert (plans.indexes, plans.visited) == ({"indicators_catalogrow_pkey"}, 3)


@pytest.mark.usefixtures("large")
def test_types_are_found_by_jumps() -> None:
    with explained() as plans:
        found = [name for name, _ in choices.types()]
    assert sorted(found) == ["campaign", "indicator", "relationship"]
    assert plans.visited <= 20


def test_a_batch_is_looked_up_object_by_object(large: Collection) -> None:
    ids = [known_id(n) for n in range(100, 300)]
    with explained() as plans, open_cursor() as cursor:
        assert rows.refresh(cursor, ids, START) == 200
    assert plans.scanned <= {"indicators_collection", "indicators_member"}
    assert plans.indexes >= {"entry_by_object", "indicators_objectversion_pkey"}
    assert plans.visited <= 14 * 200
