"""kill -9 of courier, worker, web, broker and PostgreSQL while a peer's objects are pulled: each is
there once, in the peer's order, and the log that was read has the peer's root.

RETORT_PULL_OBJECTS=100000 makes it as large as the claim; the suite has a fiftieth of that.
"""

import contextlib
import json
import random
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import psutil
import psycopg
import pytest

from federation.keys import Verifier
from federation.transparency import checkpoint
from federation.transparency.merkle import CompactRange
from indicators.local import database_url
from tests.database import place_for_data
from tests.journeys.feed import answer
from tests.journeys.ingest_client import await_that, wanted
from tests.journeys.node import Node, running_node
from tests.objects import indicator
from tests.peer_simulator import SimulatedFeed, SimulatedNode, serving

pytestmark = pytest.mark.journey

COUNT = wanted("RETORT_PULL_OBJECTS", 2_000)
#: So small that a pull of any size has many of them to be interrupted between.
PAGE = max(20, COUNT // 100)
KILLED = ("courier", "worker", "web", "broker", "database")
KILLS = 6


@dataclass
class Aftermath:
    """A node after the kills, and the peer that it pulled from."""

    node: Node
    peer: SimulatedNode
    feed: SimulatedFeed
    sizes: list[int] = field(default_factory=list)

    @property
    def database_url(self) -> str:
        return database_url(self.node.data_dir)

    def ask(self, query: str) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.database_url) as connection:
            return connection.execute(query.encode()).fetchall()

    def size(self) -> int:
        """How far the subscription is; -1 while nobody answers."""
        with contextlib.suppress(psycopg.OperationalError):
            ((size,),) = self.ask("SELECT size FROM federation_subscription")
            return int(size)
        return -1


@pytest.fixture(scope="module")
def aftermath() -> Iterator[Aftermath]:
    environment = {"PULL_PAGE": str(PAGE)}
    with (
        serving(SimulatedNode("Alder")) as peer,
        place_for_data("retort-pulling-") as data_dir,
        running_node(data_dir, environment=environment) as node,
    ):
        feed = peer.open_feed()
        feed.publish(*(peer.organization.sign(indicator(n)) for n in range(COUNT)))
        found = Aftermath(node, peer, feed)
        node.await_parts(*KILLED)
        subscribe(found)
        kill_while_pulling(found)
        node.await_served()
        await_that(lambda: found.size() == COUNT, lambda: state(found), node, 120 + COUNT / 200)
        yield found


def subscribe(found: Aftermath) -> None:
    """As an administrator does, who is told the fingerprint by telephone."""
    node = found.node
    shown = answer(node, "peer", "add", found.peer.base_url, "--allow-private")
    answer(node, "peer", "confirm", shown["name"], shown["fingerprint"])
    answer(node, "peer", "subscribe", shown["name"], "--all", "--interval", "1")


def kill_while_pulling(found: Aftermath) -> None:
    """One part after the other, each time that the pull has got on since the last kill."""
    chance = random.Random(4)
    parts = [*KILLED, chance.choice(KILLED)][:KILLS]
    for number, part in enumerate(parts):
        reached = COUNT * number // (KILLS + 1)
        await_that(lambda least=reached: found.size() >= least, lambda: state(found), found.node)
        found.sizes.append(found.size())
        time.sleep(chance.uniform(0, 0.2))
        for process in family(found.node.await_parts(*KILLED)[part]):
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()


def family(pid: int) -> list[psutil.Process]:
    try:
        part = psutil.Process(pid)
        return [*part.children(recursive=True), part]
    except psutil.NoSuchProcess:
        return []


def state(found: Aftermath) -> str:
    with contextlib.suppress(psycopg.OperationalError):
        return str(found.ask("SELECT * FROM federation_subscription"))
    return "the database is away"


def test_the_kills_hit_the_pull_in_the_middle(aftermath: Aftermath) -> None:
    assert any(0 <= size < COUNT for size in aftermath.sizes[1:])


def test_every_object_is_there_once_in_the_peers_order(aftermath: Aftermath) -> None:
    rows = aftermath.ask(
        "SELECT v.body FROM indicators_entry e"
        " JOIN indicators_objectversion v ON v.id = e.object_version_id"
        " JOIN federation_subscription s ON s.inbox = e.collection_id ORDER BY e.seq"
    )
    assert [bytes(body) for (body,) in rows] == [row.body for row in aftermath.feed.rows]


def test_nothing_was_refused_and_nothing_is_held_against_the_peer(aftermath: Aftermath) -> None:
    assert aftermath.ask("SELECT count(*) FROM federation_quarantined") == [(0,)]
    assert aftermath.ask("SELECT summary FROM federation_evidence") == []


def test_what_was_read_has_the_root_that_the_peer_signed(aftermath: Aftermath) -> None:
    feed = aftermath.feed
    ((size, edge),) = aftermath.ask("SELECT size, edge FROM federation_subscription")
    tree = CompactRange.from_bytes(size, bytes(edge))
    verifier = Verifier.parse(feed.vkey)
    signed = checkpoint.verify(feed.checkpoint(), feed.origin, verifier)
    assert (tree.size, tree.root()) == (signed.size, signed.root)


def test_the_nodes_own_log_of_it_did_not_fork_and_verifies(aftermath: Aftermath) -> None:
    ((inbox,),) = aftermath.ask("SELECT inbox FROM federation_subscription")
    (report,) = json.loads(aftermath.node.run("verify", str(inbox), "--json").stdout)
    assert report["served"] == report["entries"] == COUNT


def test_pulling_again_changes_nothing(aftermath: Aftermath) -> None:
    before = aftermath.ask("SELECT count(*) FROM indicators_entry")
    (row,) = json.loads(aftermath.node.run("peer", "pull", "Alder", "--json").stdout)
    assert (row["objects"], row["failure"]) == (0, "")
    assert aftermath.ask("SELECT count(*) FROM indicators_entry") == before
