"""Memory (PSS) of web and worker processes: while the store is paged, during 10 MiB POSTs, after.

PSS counts a shared page by its share, so the processes' figures add up.
"""

import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from itertools import chain
from pathlib import Path
from time import sleep

import orjson
import psutil

from tests.benchmarks.client import Client, Door, crowd, expect, walk
from tests.benchmarks.figures import Figure
from tests.benchmarks.load import Author
from tests.benchmarks.place import Place
from tests.journeys.feed import Feed
from tests.journeys.node import Node

MEGABYTES = 250.0
POSTS = 3
_MOST_BYTES = 10 * 1024 * 1024
_READERS = 4


def run(place: Place) -> list[Figure]:
    posted = place.another_collection("Memory")
    figures = []
    with crowd(_READERS) as together:
        with peak(place.node) as paging:
            together(page_through, [(place.door(), n) for n in range(_READERS)])
        figures += _figures("paging the store", paging)
        with peak(place.node) as posting:
            doors = [(place.door(collection=posted), 300 + n) for n in range(2)]
            statuses = together(post_largest, doors)
            await_worker(place.feed, chain.from_iterable(statuses))
        figures += _figures("POSTs of 10 MiB", posting)
    with peak(place.node) as after:
        sleep(2)
    return figures + _figures("afterwards", after)


def page_through(door: Door, number: int) -> None:
    """The whole store once: kept, in both codings, made for the reader, and as a manifest."""
    coding = ("zstd", "gzip", "identity", "identity")[number]
    parameters = "" if number < 3 else "added_after=2000-01-01T00:00:00Z"
    client = Client(door, coding)
    for _ in walk(client, parameters, coding=coding):
        pass
    client.close()


def post_largest(door: Door, seed: int) -> list[str]:
    """POST envelopes just below max_content_length; the ids of their statuses."""
    client, author = Client(door), Author(seed)
    statuses = []
    for _ in range(POSTS):
        objects, size = [], 16
        while size + len(each := author.objects(1)[0]) + 1 < _MOST_BYTES:
            objects.append(each)
            size += len(each) + 1
        answer = expect(client.post(b'{"objects":[' + b",".join(objects) + b"]}"), 202)
        statuses.append(str(orjson.loads(answer.body)["id"]))
    client.close()
    return statuses


@contextmanager
def peak(node: Node) -> Iterator[dict[str, float]]:
    """The largest PSS, in MB, of any process of each role while the block runs."""
    found: dict[str, float] = {}
    stop = threading.Event()

    def watch() -> None:
        while not stop.is_set():
            for role, megabytes in pss(node):
                found[role] = max(found.get(role, 0.0), megabytes)
            stop.wait(0.1)

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield found
    finally:
        stop.set()
        watcher.join()


def pss(node: Node) -> Iterator[tuple[str, float]]:
    """Role and PSS in MB of each web and worker process."""
    pids = node.pids()
    for role in ("web", "worker"):
        with suppress(psutil.Error, OSError, KeyError):
            top = psutil.Process(pids[role])
            for process in [top, *top.children(recursive=True)]:
                rollup = Path(f"/proc/{process.pid}/smaps_rollup").read_text()
                kilobytes = next(line.split()[1] for line in rollup.splitlines() if "Pss:" in line)
                yield role, int(kilobytes) / 1024


def _figures(when: str, found: dict[str, float]) -> list[Figure]:
    return [
        Figure(f"memory, largest {role} process, {when}", value, "MB", at_most=MEGABYTES)
        for role, value in sorted(found.items())
    ]


def await_worker(feed: Feed, statuses: Iterable[str]) -> None:
    """Until the worker has finished these POSTs."""
    root = feed.url.partition("collections/")[0]
    with feed.session() as session:
        for status in statuses:
            for _ in range(1200):
                if session.get(f"{root}status/{status}/").json()["status"] == "complete":
                    break
                sleep(0.1)
            else:
                raise RuntimeError("The worker didn't finish a large POST in two minutes.")
