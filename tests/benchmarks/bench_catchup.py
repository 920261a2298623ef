"""Catch-up: whole collections by `next`, compressed, by two subscribers at once on this machine.

The clients decompress every page and look for `next` in it; they share the cores with the node.
Before it is timed, one client walks through and counts every object; that also makes the pages.
"""

from time import perf_counter

import orjson

from tests.benchmarks.client import Client, Door, crowd, walk
from tests.benchmarks.figures import Figure
from tests.benchmarks.place import Meter, Place

SUBSCRIBERS = 2
LEAST_SECONDS = 6.0


def run(place: Place) -> list[Figure]:
    figures = []
    with crowd(SUBSCRIBERS) as together:
        for coding in ("zstd", "gzip"):
            first = perf_counter()
            count = _counted(place.door(), coding)
            figures.append(
                Figure(
                    f"catch-up, {coding}, first time, JSON parsed",
                    count / (perf_counter() - first),
                    "objects/s",
                )
            )
            figures += _timed(place, together, coding, count)
    return figures


def _timed(place: Place, together, coding: str, count: int) -> list[Figure]:
    meter = Meter(place.node)
    alone = subscribe(place.door(), coding, count, LEAST_SECONDS / 2)
    both = together(subscribe, [(place.door(), coding, count, LEAST_SECONDS)] * SUBSCRIBERS)
    spent = meter.read()
    return [
        Figure(f"catch-up, {coding}, {SUBSCRIBERS} subscribers", sum(both), "objects/s", 400_000),
        Figure(f"catch-up, {coding}, 1 subscriber", alone, "objects/s"),
        Figure(
            f"catch-up, {coding}, CPU of others on this machine",
            100 * (1 - spent["node"] / spent["machine"]),
            "% (clients included)",
        ),
    ]


def subscribe(door: Door, coding: str, objects: int, least_seconds: float) -> float:
    """Walk the whole collection, again and again; objects a second."""
    client = Client(door, coding)
    began, walks = perf_counter(), 0
    while (elapsed := perf_counter() - began) < least_seconds:
        for _ in walk(client, coding=coding):
            pass
        walks += 1
    client.close()
    return objects * walks / elapsed


def _counted(door: Door, coding: str) -> int:
    client = Client(door, coding)
    ids = {o["id"] for body in walk(client, coding=coding) for o in orjson.loads(body)["objects"]}
    client.close()
    return len(ids)
