"""Receiving: pulled over HTTP, parsed, verified by signature and log, stored, logged, indexed.

The peer is simulated, in a process of its own, with signed objects of 1.2 KB in pages of 1,000. On
a PostgreSQL of its own, with durable settings; pulls as a courier's processes do them, one and two.
"""

import json
import logging
import multiprocessing
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from multiprocessing.connection import Connection
from pathlib import Path
from time import perf_counter, process_time
from typing import Any
from uuid import UUID

import psutil

from tests.benchmarks.figures import Figure
from tests.benchmarks.load import Author
from tests.benchmarks.place import adopt
from tests.database import place_for_data
from tests.peer_simulator import SimulatedNode, serving

LEAST, MOST = 5_000, 40_000
_CONTEXT = multiprocessing.get_context("spawn")


def run(objects: int) -> list[Figure]:
    """In a process of its own: Django's settings name one database."""
    from indicators.local.postgres import Postgres
    from indicators.local.service import running

    count = max(LEAST, min(objects, MOST))
    with (
        place_for_data("retort-receive-") as data_dir,
        running(Postgres(data_dir), data_dir.with_name("database.log")),
    ):
        command = [sys.executable, "-m", __name__, str(data_dir), str(count)]
        done = subprocess.run(command, check=True, stdout=subprocess.PIPE)
    return [Figure(**each) for each in json.loads(done.stdout)]


def measure(data_dir: Path, count: int) -> list[Figure]:
    with peer(count, feeds=3) as node:
        first, second, third = subscribe(node)
        _settle()
        alone = _together(data_dir, [first])
        pair = _together(data_dir, [second, third])
    spent = 1e6 * sum(alone[1]) / count
    return [
        Figure("receive, one feed", count / alone[0], "objects/s"),
        Figure("receive, CPU of that, Python", 1e6 * alone[1][0] / count, "µs an object"),
        Figure("receive, CPU of that, PostgreSQL", 1e6 * alone[1][1] / count, "µs an object"),
        Figure("receive, two cores by that CPU", 2e6 / spent, "objects/s", at_least=4000),
        Figure("receive, two feeds at once, beside their peer", 2 * count / pair[0], "objects/s"),
    ]


@contextmanager
def peer(count: int, feeds: int) -> Iterator[dict[str, Any]]:
    """What an administrator has to know of a node that serves `count` objects in each feed."""
    ours, theirs = _CONTEXT.Pipe()
    process = _CONTEXT.Process(target=_serve, args=(theirs, count, feeds), daemon=True)
    process.start()
    try:
        yield ours.recv()
    finally:
        ours.send("enough")
        process.join(30)


def _serve(ours: Connection, count: int, feeds: int) -> None:
    with serving(SimulatedNode("Alder")) as node:
        for number in range(feeds):
            feed = node.open_feed(title=f"Feed {number}")
            written = Author(number).objects(count)
            feed.publish(*(node.organization.sign(_unauthored(each)) for each in written))
            feed.checkpoint()
        urls = {feed.origin: node.url(feed) for feed in node.feeds.values()}
        ours.send({"descriptor": node.descriptor(), "base_url": node.base_url, "urls": urls})
        ours.recv()


def _unauthored(written: bytes) -> dict[str, Any]:
    """An object for whoever signs it to put its own name on."""
    value: dict[str, Any] = json.loads(written)
    del value["created_by_ref"]
    return value


def subscribe(node: dict[str, Any]) -> list[UUID]:
    from federation.models import PeerLog
    from federation.peers import registry
    from indicators import pipeline
    from indicators.models import Member

    invited = registry.invite(node["descriptor"], node["base_url"], allow_private=True)
    confirmed = registry.confirm(invited, registry.fingerprint_of(invited), "Ana")
    Member.objects.create(name=confirmed.name, identity_id=confirmed.identity_id)
    return [
        pipeline.subscribe(
            confirmed,
            url,
            title=origin,
            log=PeerLog.objects.get(origin=origin),
            signatures_required=True,
        ).pk
        for origin, url in node["urls"].items()
    ]


def _together(data_dir: Path, subscriptions: list[UUID]) -> tuple[float, tuple[float, float]]:
    """Each feed by a process of its own: seconds until all are there, CPU of Python and server."""
    pipes = []
    for subscription in subscriptions:
        ours, theirs = _CONTEXT.Pipe()
        _CONTEXT.Process(target=_pull, args=(theirs, data_dir, subscription), daemon=True).start()
        pipes.append(ours)
    for ours in pipes:
        ours.recv()
    began = perf_counter()
    for ours in pipes:
        ours.send("now")
    spent = [ours.recv() for ours in pipes]
    elapsed = perf_counter() - began
    return elapsed, (sum(each[0] for each in spent), sum(each[1] for each in spent))


def _pull(ours: Connection, data_dir: Path, subscription: UUID) -> None:
    adopt(data_dir)
    # No broker is there to be told, and each page would say so.
    logging.getLogger().setLevel(logging.ERROR)
    from django.db import connection

    from federation.models import Subscription
    from indicators import pipeline

    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        [pid] = cursor.fetchone()
    server = psutil.Process(pid)
    ours.send("ready")
    ours.recv()
    before = server.cpu_times()
    began = process_time()
    while (pulled := pipeline.pull(subscription)).more:
        pass
    after = server.cpu_times()
    behind = Subscription.objects.get(pk=subscription)
    if pulled.failure or behind.size != behind.size_seen or pulled.refused:
        raise RuntimeError(f"Not everything was received: {pulled}")
    in_server = after.user + after.system - before.user - before.system
    ours.send((process_time() - began, in_server))


def _settle() -> None:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")


if __name__ == "__main__":
    from django.core.management import call_command

    adopt(Path(sys.argv[1]))
    call_command("migrate", interactive=False, verbosity=0)
    print(json.dumps([asdict(each) for each in measure(Path(sys.argv[1]), int(sys.argv[2]))]))
