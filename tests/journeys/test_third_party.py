"""A plain TAXII server upstream, a plain TAXII client downstream, and a node between them.

medallion gives all objects of one request one date, so whoever pages by dates loses some of them.
"""

import json
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest
from taxii2client.v21 import Collection, as_pages

from federation.canonical import canonical
from tests.database import Server, place_for_data
from tests.journeys.feed import Feed, indicators, open_feed
from tests.journeys.medallion import (
    MISSING,
    PAGE,
    PASSWORD,
    PYTHON,
    USER,
    Medallion,
    running_medallion,
)
from tests.journeys.node import running_node
from tests.objects import TLP_CLEAR

pytestmark = [
    pytest.mark.journey,
    pytest.mark.skipif(not PYTHON.exists(), reason=MISSING),
    # The client's own habits: sessions left to the garbage collector.
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]
COUNT = 2 * PAGE + 50


@dataclass
class Chain:
    """medallion ─► the node's inbox ─► a public collection ─► a plain client."""

    upstream: Medallion
    feed: Feed
    objects: list[dict[str, Any]]
    database_url: str

    def pull(self) -> str:
        return self.feed.node.run("peer", "pull", "Medallion", check=False).stdout

    def read(self) -> list[dict[str, Any]]:
        """Everything in the public collection, by a client that knows nothing but TAXII."""
        there = Collection(self.feed.url, user=self.feed.name, password=self.feed.key)
        pages = as_pages(there.get_objects, per_request=70)
        return [obj for page in pages for obj in page.get("objects", [])]


@pytest.fixture(scope="module")
def chain(
    database_server: Server, template_database: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Chain]:
    with ExitStack() as stack:
        directory = tmp_path_factory.mktemp("medallion")
        upstream = stack.enter_context(running_medallion(directory))
        objects = for_anybody(COUNT)
        upstream.post(objects)
        url = stack.enter_context(database_server.copy(template_database))
        data_dir = stack.enter_context(place_for_data("retort-downstream-"))
        node = stack.enter_context(running_node(data_dir, database_url=url))
        feed = open_feed(node, "Public reports", member="Birch", audience="public")
        key = directory / "key"
        key.write_text(PASSWORD)
        for words in commands(upstream, feed, key):
            done = node.run("peer", *words, check=False)
            assert done.returncode == 0, done.stdout + done.stderr
        yield Chain(upstream, feed, objects, url)


def commands(upstream: Medallion, feed: Feed, key: Path) -> list[list[str]]:
    """What an administrator types to have a plain server's objects republished."""
    credential = ["--user", USER, "--key-file", str(key)]
    return [
        ["add", upstream.url, "--plain", "--name", "Medallion", "--allow-private", *credential],
        ["subscribe", "Medallion", "--all"],
        ["relay", "--from", "Medallion", "--to", feed.collection],
        ["pull", "Medallion"],
    ]


def for_anybody(count: int) -> list[dict[str, Any]]:
    """A plain server doesn't say whom it serves: nothing else of it is republished."""
    return [{**each, "object_marking_refs": [TLP_CLEAR]} for each in indicators(count)]


def forms(objects: list[dict[str, Any]]) -> list[bytes]:
    return sorted(canonical(obj) for obj in objects)


def test_a_plain_client_reads_what_a_plain_server_holds_once_and_unaltered(chain: Chain) -> None:
    assert forms(chain.read()) == forms(chain.objects)


def test_what_is_new_comes_with_the_next_pull(chain: Chain) -> None:
    late = for_anybody(3)
    chain.upstream.post(late)
    chain.objects += late
    chain.pull()
    assert forms(chain.read()) == forms(chain.objects)


def test_it_counts_as_unsigned(chain: Chain) -> None:
    with psycopg.connect(chain.database_url) as connection:
        rows = connection.execute(
            "SELECT count(*), count(signed_by) FROM indicators_objectversion"
        ).fetchone()
    assert rows == (len(chain.objects), 0)


def test_a_server_that_is_down_is_visible_and_holds_nothing_up(chain: Chain) -> None:
    chain.upstream.stop()
    chain.pull()
    (shown,) = json.loads(chain.feed.node.run("peer", "list", "--json").stdout)
    assert (shown["name"], shown["failing"]) == ("Medallion", 1)
    assert "can't be reached" in chain.feed.node.run("peer", "show", "Medallion").stdout
    assert forms(chain.read()) == forms(chain.objects)
