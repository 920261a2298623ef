"""Search over a whole store: any filters, words that all objects have or none, from the first page
to the last; and how fast the catalog follows the feed.

Objects are made by COPY, in an uneven order: what is asked for may lie anywhere, and what meets two
filters one by one may never meet both. On a PostgreSQL of its own, with durable settings.
"""

import json
import statistics
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import asdict, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from time import perf_counter, process_time
from typing import Any, NamedTuple
from uuid import UUID, uuid4

import orjson
import psutil

from tests.benchmarks.figures import Figure
from tests.benchmarks.place import adopt
from tests.database import place_for_data

_TURNS = 7
_PAGES = ("", ", a page far within")
_COPIED_AT_ONCE = 50_000
_OBJECTS = """
COPY indicators_objectversion (id, stix_id, type, version, created_by_ref, tlp, revoked, sha256,
                               body, contributor_id, signed_by, received_at)
FROM STDIN (FORMAT BINARY)
"""
_OBJECT_TYPES = [
    "int8", "text", "text", "timestamptz", "text", "int2", "bool", "bytea", "bytea", "uuid",
    "text", "timestamptz",
]  # fmt: skip
_ENTRIES = """
INSERT INTO indicators_entry (collection_id, seq, date_added, object_version_id, stix_id, type,
                              version, is_first, is_latest)
SELECT %s, id - 1, received_at, id, stix_id, type, version, true, true
FROM indicators_objectversion
"""
_START = datetime(2025, 1, 1, tzinfo=UTC)


def run(objects: int) -> list[Figure]:
    """In a process of its own: Django's settings name one database."""
    from indicators.local.postgres import Postgres
    from indicators.local.service import running

    with (
        place_for_data("retort-search-") as data_dir,
        running(Postgres(data_dir), data_dir.with_name("database.log")),
    ):
        command = [sys.executable, "-m", __name__, str(data_dir), str(objects)]
        done = subprocess.run(command, check=True, stdout=subprocess.PIPE)
    return [Figure(**each) for each in json.loads(done.stdout)]


def measure(objects: int) -> list[Figure]:
    origins = _fill(objects)
    began = perf_counter()
    _catalogue()
    rate = objects / (perf_counter() - began)
    times = {name: _timed(query) for name, query in _questions(origins).items()}
    worst = max(times, key=lambda name: max(page.seconds for page in times[name]))
    dearest = max(page.cpu for pages in times.values() for page in pages)
    return [
        Figure(f"catalog, {objects:,} objects made anew", rate, "objects/s"),
        *(
            Figure(f"search, {name}{_PAGES[number]}", 1e3 * page.seconds, "ms")
            for name, pages in times.items()
            for number, page in enumerate(pages)
        ),
        Figure("search, CPU of the worst, Python and PostgreSQL", 1e3 * dearest, "ms"),
        Figure(
            f"search, worst page ({worst})",
            1e3 * max(page.seconds for page in times[worst]),
            "ms",
            at_most=300,
        ),
    ]


class _Cost(NamedTuple):
    """The median, and what both processes worked for it, on average."""

    seconds: float
    cpu: float


def _timed(query: Any) -> list[_Cost]:
    """Of the first page, and of one that is far within, if there is one."""
    from indicators.catalog.searching import START, Place, search

    found = search(query, START)
    places = [START, Place(before=found.rows[0].number // 3)] if found.older else [START]
    return [_cost(query, place) for place in places]


def _cost(query: Any, place: Any) -> _Cost:
    from indicators.catalog.searching import search

    taken, before = [], _cpu()
    for _ in range(_TURNS):
        began = perf_counter()
        search(query, place)
        taken.append(perf_counter() - began)
    return _Cost(statistics.median(taken), (_cpu() - before) / _TURNS)


def _cpu() -> float:
    """Seconds that this process and its connection's server process took."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        [server] = cursor.fetchone()
    times = psutil.Process(server).cpu_times()
    return process_time() + times.user + times.system


def _questions(origins: list[UUID]) -> dict[str, Any]:
    """What people ask, and the worst that can be asked."""
    from indicators.catalog.question import Query

    common = Query(text="account")
    return {
        "everything": Query(),
        "a word of all": common,
        "a word of one": Query(text="needle"),
        "a word of one and a word of all": Query(text="needle account"),
        "a word of none": Query(text="nowhere"),
        "a word of none and a word of all": Query(text="nowhere account"),
        "the beginning of a word": Query(text="acco"),
        "the beginning of a million words": Query(text="net"),
        "what must not be there": Query(text="account -network"),
        "only what must not be there": Query(text="-account"),
        "a type": Query(types=("indicator",)),
        "a type that came first": Query(types=("infrastructure",)),
        "a rare type": Query(types=("campaign",)),
        "a type and an origin that never meet": Query(types=("sighting",), origins=(origins[1],)),
        "a type and an origin that never meet, and a word of all": replace(
            common, types=("sighting",), origins=(origins[1],)
        ),
        "of peers, live, signed, a kind, sure enough": Query(
            whose="peers", standings=("live",), signed=True, kinds=("email",), confidence=(35, 88)
        ),
        "exactly so sure, a marking, a kind": Query(
            confidence=(37, 37), tlps=(2,), kinds=("phone",)
        ),
        "days": Query(since=date(2025, 2, 3), until=date(2026, 5, 17)),
        "days, a word of all": replace(common, since=date(2025, 2, 3), until=date(2026, 5, 17)),
        "days, a word of all, a type that came first": replace(
            common, since=date(2025, 1, 2), until=date(2025, 12, 30), types=("infrastructure",)
        ),
        "all filters and words": replace(
            common,
            types=("indicator",),
            tlps=(1, 2),
            kinds=("email",),
            whose="peers",
            standings=("live",),
            signed=True,
            confidence=(5, 95),
            since=date(2025, 1, 2),
            until=date(2026, 12, 30),
        ),
    }


def _fill(objects: int) -> list[UUID]:
    """Objects of an own and three other organizations, in one collection; whose they are."""
    from django.db import connection

    from federation.models import Log
    from indicators.models import Member
    from indicators.store.custody import ensure_own_member, open_collection
    from indicators.store.sql import open_cursor

    others = [
        Member.objects.create(name=name, identity_id=f"identity--{uuid4()}")
        for name in ("Birch", "Cedar", "Forum")
    ]
    origins = [member.pk for member in (ensure_own_member(), *others)]
    collection = open_collection(title="Benchmark", audience="named", is_inbox=True)
    for start in range(0, objects, _COPIED_AT_ONCE):
        with open_cursor() as cursor, cursor.copy(_OBJECTS) as copy:
            copy.set_types(_OBJECT_TYPES)
            for row in _rows(range(start, min(objects, start + _COPIED_AT_ONCE)), objects, origins):
                copy.write_row(row)
    with open_cursor() as cursor:
        cursor.execute(_ENTRIES, (collection.pk,))
    Log.objects.filter(pk=collection.pk).update(size=objects)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
    return origins


def _rows(numbers: range, objects: int, origins: list[UUID]) -> Iterator[tuple[Any, ...]]:
    for n in numbers:
        content, origin = _content(n, objects), origins[_origin(n)]
        yield (
            n + 1,
            content["id"],
            content["type"],
            _START + timedelta(days=n * 700 // objects),
            None,
            n % 5,
            False,
            n.to_bytes(32, "big"),
            orjson.dumps(content),
            origin,
            None if n % 3 == 0 else "key",
            _START + timedelta(seconds=n),
        )


def _origin(n: int) -> int:
    """Sightings are never of the second organization."""
    return (0, 2, 3)[n % 3] if n % 4 == 3 else n // 7 % 4


def _content(n: int, objects: int) -> dict[str, Any]:
    """The first tenth is infrastructure and little else; then indicators, sightings, relations."""
    from indicators.detections.drafts.objects import EXTENSIONS

    kind = "infrastructure" if n < objects // 10 else ("indicator", "relationship")[n % 4 == 2]
    kind = "sighting" if n % 4 == 3 else "campaign" if n % 1_000 == 0 else kind
    words = "needle" if n == objects // 2 else f"net{n:x}"
    content: dict[str, Any] = {
        "type": kind,
        "id": f"{kind}--{uuid4()}",
        "name": f"Account network {n:x}",
        "description": f"Alleged distillation by reseller {n % 5_000}, {words}",
        "confidence": n * 7 % 101,
    }
    if kind == "indicator":
        told = {"kinds": [("email", "phone", "ipv4", "device")[n % 3]]}
        content |= {
            "pattern_type": "stix",
            "pattern": "[identifier-token:value IN ('psi1.aaaaaaaa.BBBBBBBBBBBBBBBBBBBBBA')]",
            "extensions": {EXTENSIONS["token-indicator"]: told},
            **({"valid_until": "2025-06-01T00:00:00Z"} if n % 8 == 0 else {}),
        }
    if kind == "relationship":
        content |= {
            "relationship_type": "indicates",
            "source_ref": f"indicator--{uuid4()}",
            "target_ref": f"infrastructure--{uuid4()}",
        }
    return content


def _catalogue() -> None:
    from django.db import connection

    from indicators.pipeline.cataloguing import catalogue

    catalogue()
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE indicators_catalogrow")


if __name__ == "__main__":
    from django.core.management import call_command

    adopt(Path(sys.argv[1]))
    call_command("migrate", interactive=False, verbosity=0)
    print(json.dumps([asdict(figure) for figure in measure(int(sys.argv[2]))]))
