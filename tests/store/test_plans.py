"""Every read and look-up runs on the index named beside it, on a store that is anything but even.

The feed begins with ten thousand superseded versions of one object; then come objects with one
version, then objects with two. One type is rare.
"""

from dataclasses import replace
from datetime import timedelta

import pytest
from django.db import connection

from indicators.models import Collection, KeptPage, Member
from indicators.stix import StixObject
from indicators.store import facts, feed, pages, withdrawal
from indicators.store.admission import rewrite
from indicators.store.custody import open_collection
from indicators.store.judgement import Standing
from indicators.store.sql import open_cursor
from tests.objects import START, id_of, indicator, moment, stix_objects
from tests.store.plans import Plans, explained, settle

pytestmark = pytest.mark.django_db

LIMIT = 100

_NAMED = "CASE WHEN {n} IN (12345, 17000, 22000, 27000) THEN 'grouping' ELSE 'indicator' END"
_KEY = "CASE WHEN n < 10000 THEN 0 WHEN n < 20000 THEN n ELSE 20000 + n %% 5000 END"
_OBJECTS = f"""
CREATE TEMPORARY TABLE built ON COMMIT DROP AS
SELECT n, type, type || '--' || md5(key::text)::uuid AS stix_id,
       %(start)s + make_interval(secs => CASE WHEN n < 10000 THEN n ELSE n / 5000 END) AS version,
       n = 0 OR n BETWEEN 10000 AND 24999 AS is_first,
       n = 9999 OR n BETWEEN 10000 AND 19999 OR n >= 25000 AS is_latest
FROM (SELECT n, {_KEY} AS key, {_NAMED.format(n="n")} AS type FROM generate_series(0, 29999) n) s
"""
_BUILD = [
    "INSERT INTO indicators_objectid (id, owner_id) SELECT DISTINCT stix_id, %(member)s FROM built",
    """
    INSERT INTO indicators_objectversion (id, stix_id, type, version, revoked, sha256, body,
                                          contributor_id, received_at)
    SELECT n, stix_id, type, version, false, sha256(n::text::bytea),
           repeat(md5(n::text), 30)::bytea, %(member)s, %(start)s FROM built
    """,
    """
    INSERT INTO indicators_entry (collection_id, seq, date_added, object_version_id, stix_id, type,
                                  version, is_first, is_latest)
    SELECT collection, n, %(start)s + make_interval(secs => n), n, stix_id, type, version, is_first,
           is_latest
    FROM built, unnest(%(collections)s::uuid[]) collection
    """,
    """
    INSERT INTO indicators_withdrawal (collection_id, seq, object_version_id, withdrawn_at, reason)
    SELECT %(forum)s, 100000 + n, n, %(start)s, '' FROM built WHERE n %% 3 = 0
    """,
    """
    INSERT INTO indicators_keptpage (collection_id, view, after_seq, last_seq, entries, zstd, gzip,
                                     date_added_first, date_added_last, etag, made_with)
    SELECT collection, view, n * 10 - 1, n * 10 + 9, 10, 'z', 'g', %(start)s, %(start)s, '', 'm'
    FROM generate_series(0, 2999) n, unnest(%(collections)s::uuid[]) collection,
         unnest(ARRAY['latest', 'all']) view
    """,
    """
    INSERT INTO indicators_indexedtoken (token, stix_id)
    SELECT substr(sha256(n::text::bytea), 1, 21), stix_id FROM built WHERE is_latest
    """,
]


@pytest.fixture(scope="module")
def uneven(lasting: None) -> Collection:
    """The store described above, twice."""
    member = Member.objects.create(name="Alder", identity_id=id_of("identity", "Alder"))
    opened = [open_collection(title=title) for title in ("Forum", "Annex")]
    facts = {
        "start": START,
        "member": member.pk,
        "forum": opened[0].pk,
        "collections": [collection.pk for collection in opened],
    }
    with connection.cursor() as cursor:
        for statement in [_OBJECTS, *_BUILD]:
            cursor.execute(statement, facts)
    settle()  # as admission and autovacuum do
    return opened[0]


def stored_id(n: int, kind: str = "indicator") -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT stix_id FROM built WHERE n = %s AND type = %s", [n, kind])
        return str(cursor.fetchone()[0])


V = feed.Versions
NONE = V(latest=False)
VERSIONS = {
    "latest": (V(), {"entry_latest"}),
    "first": (replace(NONE, first=True), {"entry_first"}),
    "first or latest": (V(first=True), {"entry_latest", "entry_first"}),
    "every": (replace(NONE, every=True), {"indicators_entry_pkey"}),
    "exact": (replace(NONE, exact=(moment(4), moment(777))), {"entry_by_version"}),
    "exact or latest": (V(exact=(moment(777),)), {"entry_by_version", "entry_latest"}),
}
PLACES = {"the first page": -1, "a page within": 12_000, "the last page": 29_950}


def read(collection: Collection, selection: feed.Selection, after: int) -> tuple[feed.Page, Plans]:
    """A page, read as rows and as objects: by the same plan."""
    with explained() as plans:
        page = feed.read_page(collection.pk, selection, after=after, limit=LIMIT)
    with explained() as others:
        contents = feed.read_contents(collection.pk, selection, after=after, limit=LIMIT)
    assert (plans.statements, others.statements) == (1, 1)
    assert not plans.scanned | others.scanned
    assert (plans.indexes, plans.visited) == (others.indexes, others.visited)
    assert contents.seqs == tuple(row.seq for row in page.rows)
    return page, plans


@pytest.mark.parametrize("after", PLACES.values(), ids=PLACES)
@pytest.mark.parametrize(("versions", "indexes"), VERSIONS.values(), ids=VERSIONS)
def test_a_page_costs_what_is_on_it(
    uneven: Collection, versions: feed.Versions, indexes: set[str], after: int
) -> None:
    _, plans = read(uneven, feed.Selection(versions=versions), after)
    assert plans.indexes <= indexes | {"indicators_objectversion_pkey"}
    # Each branch stops after a page, and each entry of the page costs one body.
    assert plans.visited <= (len(_branches(versions)) + 1) * (LIMIT + 1)


@pytest.mark.parametrize("after", PLACES.values(), ids=PLACES)
@pytest.mark.parametrize("versions", [v for v, _ in VERSIONS.values()], ids=VERSIONS)
@pytest.mark.parametrize("types", [("grouping",), ("grouping", "indicator"), ("campaign",)])
def test_a_page_of_a_type_costs_what_is_on_it(
    uneven: Collection, types: tuple[str, ...], versions: feed.Versions, after: int
) -> None:
    _, plans = read(uneven, feed.Selection(types=types, versions=versions), after)
    used = {"entry_by_type", "entry_by_version", "indicators_objectversion_pkey"}
    assert plans.indexes <= used
    branches = 4 * len(types) + len(versions.exact)
    # Of an exact version the other types are looked at, too: 5,000 entries have this one.
    shared = 5_001 if moment(4) in versions.exact and "indicator" not in types else 0
    assert plans.visited <= (branches + 1) * (LIMIT + 1) + shared


@pytest.mark.parametrize("after", PLACES.values(), ids=PLACES)
@pytest.mark.parametrize("versions", [v for v, _ in VERSIONS.values()], ids=VERSIONS)
@pytest.mark.parametrize("types", [(), ("indicator",)])
def test_a_page_of_ids_costs_what_they_have(
    uneven: Collection, versions: feed.Versions, after: int, types: tuple[str, ...]
) -> None:
    ids = (stored_id(15_000), stored_id(21_000), stored_id(28_000), id_of("indicator", "none"))
    _, plans = read(uneven, feed.Selection(ids=ids, types=types, versions=versions), after)
    assert plans.indexes <= {"entry_by_object", "indicators_objectversion_pkey"}
    assert plans.visited <= 2 * 2 * len(ids)


@pytest.mark.parametrize("name", sorted(set(VERSIONS) - {"every"}))
def test_one_version_of_an_object_is_found_among_thousands(uneven: Collection, name: str) -> None:
    versions, _ = VERSIONS[name]
    page, plans = read(uneven, feed.Selection(ids=(stored_id(0),), versions=versions), -1)
    assert page.rows
    assert plans.visited <= 2 * 2


def test_the_versions_of_an_object_are_read_on_its_index(uneven: Collection) -> None:
    page, plans = read(
        uneven, feed.Selection(ids=(stored_id(0),), versions=VERSIONS["every"][0]), 5_000
    )
    assert plans.indexes == {"entry_by_object", "indicators_objectversion_pkey"}
    assert [row.seq for row in page.rows] == list(range(5_001, 5_101))


def test_a_hundred_types_are_planned_in_no_time(uneven: Collection) -> None:
    types = ("indicator", *(f"x-type-{n}" for n in range(99)))
    reads = [read(uneven, feed.Selection(types=types), -1) for _ in range(3)]
    assert {len(page.rows) for page, _ in reads} == {LIMIT}
    # The best of three: the machine may be busy.
    assert min(plans.milliseconds for _, plans in reads) < 250


def test_a_time_is_a_position_on_its_index(uneven: Collection) -> None:
    with explained() as plans:
        found = feed.position_after(uneven.pk, START + timedelta(seconds=17_000))
    assert (found, plans.indexes, plans.visited) == (17_000, {"entry_by_date"}, 1)


def test_whether_an_object_is_known_costs_one_look_up(uneven: Collection) -> None:
    hot = stored_id(0)
    with explained() as plans:
        assert feed.knows(uneven.pk, hot)
    assert (plans.indexes, plans.visited) == ({"entry_by_object"}, 1)


def _batch(uneven: Collection) -> list[StixObject]:
    """New objects, known ones, later versions and another content of the object of thousands."""
    template = stix_objects([indicator("new", version=n) for n in range(200)])
    known = [stored_id(n) for n in range(15_000, 15_150)] + [stored_id(0)] * 50
    return template + [replace(template[i], index=200 + i, id=known[i]) for i in range(200)]


def test_what_is_known_of_a_batch_is_looked_up_object_by_object(uneven: Collection) -> None:
    batch = _batch(uneven)
    unversioned = [
        replace(obj, index=400 + n, version=None) for n, obj in enumerate(batch[200:350])
    ]
    alder = Member.objects.get().pk
    with explained() as plans, open_cursor() as cursor:
        objects = batch + unversioned
        facts.claim(cursor, objects, uneven.pk, {obj.index: alder for obj in objects})
    assert not plans.scanned
    assert plans.indexes >= {
        "one_content_a_version",
        "entry_by_object",
        "revoked_versions",
        "withdrawal_of_version",
    }
    assert plans.visited <= 12 * len(batch + unversioned)


def test_seats_are_changed_by_sequence_number(uneven: Collection) -> None:
    taken = list(range(10_000, 20_000, 50))
    with explained() as plans, open_cursor() as cursor:
        rewrite(cursor, uneven.pk, Standing(frozenset(), frozenset(), taken, taken))
    # One collection has one row, one page.
    assert plans.scanned <= {"indicators_collection"}
    assert plans.indexes >= {"indicators_entry_pkey", "one_page_a_position"}
    assert plans.visited <= 6 * len(taken)


def test_kept_pages_are_found_by_position(uneven: Collection) -> None:
    position = pages.Position(uneven.pk, KeptPage.View.ALL, 19_999, b"m")
    page = pages.Kept(20_009, 10, START, START, "", b"")
    with explained() as plans:
        assert pages.find(position, gzip=True)
        assert pages.continues(position)
        pages.keep(position, 0, page, zstd=b"z", gzip=b"g")
        pages.cut(replace(position, after_seq=29_979, made_with=b"n"))
    assert plans.scanned <= {"indicators_collection"}
    assert plans.indexes >= {"one_page_a_position", "one_page_ends_here"}
    assert plans.visited <= 20


def test_a_withdrawal_costs_what_the_object_has(uneven: Collection) -> None:
    every = feed.Selection(versions=feed.Versions(every=True), ids=(stored_id(15_000),))
    alder = Member.objects.get()
    with explained() as plans:
        withdrawal.withdraw(uneven, alder, every.ids[0], every, "")
    few = {"indicators_collection", "indicators_member", "federation_log", "federation_nodekey"}
    assert plans.scanned <= few
    assert plans.visited <= 30


def test_withdrawals_are_listed_by_their_place(uneven: Collection) -> None:
    with explained() as plans:
        found, more = withdrawal.withdrawn_from(uneven.pk, 115_000)
    assert (len(found), more) == (5_000, False)
    assert not plans.scanned
    assert plans.indexes == {"one_withdrawal_an_entry"}
    assert plans.visited <= 5_001


def _branches(versions: feed.Versions) -> list[str]:
    return (
        ["every"]
        if versions.every
        else [
            *(["latest"] if versions.latest else []),
            *(["first"] if versions.first else []),
            *map(str, versions.exact),
        ]
    )
