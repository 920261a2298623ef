"""8 writers and 8 readers on one collection: nobody misses or repeats an object.

RETORT_CROWDED_SECONDS=60 makes it the minute of the claim; the suite has half of it.
"""

import json
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from tests.database import place_for_data
from tests.journeys.feed import Feed, indicators, open_feed
from tests.journeys.ingest_client import wanted
from tests.journeys.node import running_node

SECONDS = wanted("RETORT_CROWDED_SECONDS", 30)
WRITERS = READERS = 8

pytestmark = pytest.mark.journey


@pytest.fixture(scope="module")
def minute() -> Iterator[tuple[Feed, list[str], list[list[str]]]]:
    """The minute itself: the feed, the ids that were answered complete, what each reader saw."""
    with place_for_data("retort-minute-") as data_dir, running_node(data_dir) as node:
        feed = open_feed(node, "Crowded", member="Birch")
        stop, written = threading.Event(), threading.Event()
        ways: list[Callable[[Feed, threading.Event], list[str]]] = [read_by_next, read_by_date]
        with ThreadPoolExecutor(WRITERS + READERS) as pool:
            writers = [pool.submit(write, feed, number, stop) for number in range(WRITERS)]
            readers = [pool.submit(ways[number % 2], feed, written) for number in range(READERS)]
            time.sleep(SECONDS)
            stop.set()
            ids = [stix_id for writer in writers for stix_id in writer.result()]
            written.set()
            yield feed, ids, [reader.result() for reader in readers]


def write(feed: Feed, number: int, stop: threading.Event) -> list[str]:
    """POST batches of changing size until told to stop; the ids answered as stored."""
    session, stored, size = feed.session(), [], number + 1
    while not stop.is_set():
        batch = indicators(size)
        status = feed.post(session, batch)
        assert (status["status"], status["success_count"]) == ("complete", len(batch))
        stored += [obj["id"] for obj in batch]
        size = size * 7 % 61 + 1
    return stored


def read_by_next(feed: Feed, written: threading.Event) -> list[str]:
    """Follow `next` to the end of each poll; start the next poll behind the last date seen."""
    session, seen, since = feed.session(), [], {}
    while True:
        last = written.is_set()
        for objects, response in feed.pages(session, limit="97", **since):
            seen += [obj["id"] for obj in objects]
            if objects:
                since_next = response.headers["X-TAXII-Date-Added-Last"]
        if seen:
            since = {"added_after": since_next}
        if last:
            return seen


def read_by_date(feed: Feed, written: threading.Event) -> list[str]:
    """Know nothing but the header: ask again for what was added after it."""
    session, seen, since = feed.session(), [], {}
    while True:
        last = written.is_set()
        response = one_page(feed, session, since)
        objects = response.json().get("objects", [])
        seen += [obj["id"] for obj in objects]
        if objects:
            since = {"added_after": response.headers["X-TAXII-Date-Added-Last"]}
        elif last:
            return seen


def one_page(feed: Feed, session: requests.Session, since: dict[str, str]) -> requests.Response:
    parameters = {"limit": "113", **since}
    response = session.get(f"{feed.url}objects/", params=parameters, timeout=60)
    assert response.status_code == 200, response.text
    return response


def test_every_reader_sees_every_object_exactly_once(
    minute: tuple[Feed, list[str], list[list[str]]],
) -> None:
    _, ids, readers = minute
    for seen in readers:
        assert len(seen) == len(set(seen)), "an object was repeated"
        assert set(seen) == set(ids), "an object was missed"


def test_all_readers_see_one_order(minute: tuple[Feed, list[str], list[list[str]]]) -> None:
    _, _, readers = minute
    assert all(seen == readers[0] for seen in readers)


def test_replay_over_http_equals_the_signed_root(
    minute: tuple[Feed, list[str], list[list[str]]],
) -> None:
    feed, ids, _ = minute
    checked = feed.node.run("verify", feed.url, "--key", feed.key, "--vkey", feed.vkey, "--json")
    (report,) = json.loads(checked.stdout)
    assert (report["seen"], report["erased or withheld"]) == (len(ids), 0)


def test_the_node_itself_finds_its_log_sound(
    minute: tuple[Feed, list[str], list[list[str]]],
) -> None:
    feed, ids, _ = minute
    (report,) = json.loads(feed.node.run("verify", feed.collection, "--json").stdout)
    assert (report["entries"], report["served"]) == (len(ids), len(ids))
