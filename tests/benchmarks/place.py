"""Where the benchmarks run: a real node, its feed, and the plain view on the same database."""

import gc
import logging
import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from time import monotonic, perf_counter
from typing import Any

import psutil

from indicators.local import database_url, parts
from indicators.local.service import running
from tests.benchmarks.client import Door
from tests.benchmarks.load import ENVELOPE, Author
from tests.journeys.feed import Feed, answer, open_feed
from tests.journeys.node import Node, free_port

PLAIN_OBJECTS = 100_000
_FILE_OBJECTS = 100_000


@dataclass
class Place:
    """A node with `objects` objects in one collection; `times` are what loading them took."""

    node: Node
    feed: Feed
    objects: int
    plain_port: int = 0
    times: dict[str, float] = field(default_factory=dict)

    def door(self, kind: str = "objects", collection: str | None = None) -> Door:
        root = f"/taxii2/root/collections/{collection or self.feed.collection}"
        return Door(self.node.port, f"{root}/{kind}/", self.feed.key)

    @property
    def plain_door(self) -> Door:
        return Door(self.plain_port, "/")

    def another_collection(self, title: str) -> str:
        """The id of one more collection that the feed's member may read and write."""
        made = answer(self.node, "collection", "create", title, "--audience", "members")
        answer(self.node, "collection", "grant", made["id"], "Birch", "--read", "--write")
        return str(made["id"])


def adopt(data_dir: Path) -> None:
    """Let Django in this process be one of the node's own commands, on its database."""
    os.environ["RETORT_DATA"] = str(data_dir)
    os.environ["DJANGO_SETTINGS_MODULE"] = "indicators.config.settings"
    import django

    django.setup()
    logging.getLogger().setLevel(logging.WARNING)


def fill(node: Node, objects: int) -> Place:
    """Up to 100,000 objects by the import command, the others by the store, batch by batch."""
    place = Place(node, open_feed(node, "Benchmark", member="Birch"), objects)
    by_file = min(objects, _FILE_OBJECTS)
    author = Author(seed=1)
    place.times |= _import_file(place, author, by_file)
    if objects > by_file:
        place.times |= _admit(place, author, objects - by_file)
    return place


def _import_file(place: Place, author: Author, count: int) -> dict[str, float]:
    with tempfile.NamedTemporaryFile(suffix=".json") as file:
        file.write(b'{"type":"bundle","id":"bundle--00000000-0000-4000-8000-000000000000"')
        file.write(b',"objects":[')
        for number, each in enumerate(author.objects(count)):
            file.write((b",\n" if number else b"") + each)
        file.write(b"]}")
        file.flush()
        size = file.tell()
        began = perf_counter()
        place.feed.node.run("import", file.name, "--collection", place.feed.collection, "--json")
        elapsed = perf_counter() - began
    return {"file, objects": count, "file, bytes": size, "file, s": elapsed}


def _admit(place: Place, author: Author, count: int) -> dict[str, float]:
    """What the import command does, without reading a file; writing the objects isn't timed."""
    from indicators import pipeline
    from indicators.models import Collection, Member
    from indicators.stix import parse_objects

    collection = Collection.objects.get(pk=place.feed.collection)
    member = Member.objects.get(is_self=True)
    batches: list[float] = []
    for source in author.envelopes(count // ENVELOPE):
        began = perf_counter()
        parsed = parse_objects(source, max_bytes=len(source))
        _all_added(list(pipeline.import_objects(collection, member, parsed.objects)))
        batches.append(perf_counter() - began)
    tenth = len(batches) // 10 or 1
    return {
        "store, objects": len(batches) * ENVELOPE,
        "store, s": sum(batches),
        "store, first tenth, objects/s": tenth * ENVELOPE / sum(batches[:tenth]),
        "store, last tenth, objects/s": tenth * ENVELOPE / sum(batches[-tenth:]),
    }


def _all_added(outcomes: list[list[Any]]) -> None:
    refused = [o for batch in outcomes for o in batch if o.verdict != "added"]
    if refused:
        raise RuntimeError(f"Not added: {refused[0]}")


@contextmanager
def plain_view(place: Place) -> Iterator[Place]:
    """The plain view on a table of its own that holds the first of the feed's objects."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE plain_object (seq bigint PRIMARY KEY, body bytea NOT NULL)")
        cursor.execute(
            "INSERT INTO plain_object SELECT seq, body FROM indicators_entry e"
            " JOIN indicators_objectversion v ON v.id = e.object_version_id"
            " WHERE collection_id = %s AND seq < %s ORDER BY seq",
            [place.feed.collection, PLAIN_OBJECTS],
        )
        cursor.execute("VACUUM ANALYZE plain_object")
    port = free_port()
    os.environ["PLAIN_DATABASE_URL"] = database_url(place.node.data_dir)
    with tempfile.TemporaryDirectory(prefix="retort-plain-") as directory:
        web = parts.web(Path(directory), "127.0.0.1", port)
        served = replace(web, arguments=(*web.arguments[:-1], "tests.benchmarks.plain:application"))
        with running(served, Path(directory) / "plain.log"):
            place.plain_port = port
            yield place
            place.plain_port = 0


def settle() -> None:
    """Write out and vacuum what loading left behind, so that no path pays for another."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
    gc.collect()


class Meter:
    """CPU seconds of the node and the plain view, and what the rest of the machine took."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._began = monotonic()
        self._before, self._busy = self._times(), _busy()

    def read(self) -> Mapping[str, float]:
        wall = monotonic() - self._began
        after = self._times()
        spent = {pid: seconds - self._before.get(pid, 0.0) for pid, seconds in after.items()}
        return {"wall": wall, "node": sum(spent.values()), "machine": _busy() - self._busy}

    def _times(self) -> dict[int, float]:
        found = {}
        for process in self._node.family():
            try:
                times = process.cpu_times()
            except psutil.Error:
                continue
            found[process.pid] = times.user + times.system
        return found


def _busy() -> float:
    times = psutil.cpu_times()
    return float(times.user + times.system + times.nice + times.irq + times.softirq)
