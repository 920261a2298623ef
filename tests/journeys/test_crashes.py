"""kill -9 of web or PostgreSQL in the middle of bulk POSTs: what was answered complete is there."""

import json
import random
import threading
import time
from collections.abc import Iterator

import psutil
import pytest
import requests

from tests.database import place_for_data
from tests.journeys.feed import Feed, indicators, open_feed
from tests.journeys.node import running_node

ROUNDS = 20
BATCH = 300

pytestmark = pytest.mark.journey


@pytest.fixture(scope="module")
def survivor() -> Iterator[tuple[Feed, list[str], int]]:
    """A node after the rounds: its feed, the ids answered complete, how many POSTs broke."""
    chance = random.Random(20)
    with place_for_data("retort-crash-") as data_dir, running_node(data_dir) as node:
        feed = open_feed(node, "Survivor", member="Birch")
        complete: list[str] = []
        broken = 0
        for turn in range(ROUNDS):
            stop = threading.Event()
            outcomes: list[int] = []
            writer = threading.Thread(target=post_until, args=(feed, stop, complete, outcomes))
            writer.start()
            time.sleep(chance.uniform(0.2, 0.8))
            kill(node.await_parts("web", "database"), "web" if turn % 2 else "database")
            time.sleep(chance.uniform(0.0, 0.3))
            stop.set()
            writer.join(60)
            broken += sum(outcomes)
            node.await_served()
            await_ready(feed)
        yield feed, complete, broken


def kill(pids: dict[str, int], role: str) -> None:
    """kill -9 a part with all its processes, the ones that hold connections first."""
    part = psutil.Process(pids[role])
    for process in [*part.children(recursive=True), part]:
        try:
            process.kill()
        except psutil.NoSuchProcess:
            continue


def post_until(feed: Feed, stop: threading.Event, complete: list[str], broken: list[int]) -> None:
    session = feed.session()
    while not stop.is_set():
        batch = indicators(BATCH)
        try:
            status = feed.post(session, batch)
        except (requests.RequestException, AssertionError):
            broken.append(1)
            time.sleep(0.05)
            continue
        if status["status"] == "complete":
            complete += [detail["id"] for detail in status["successes"]]


def await_ready(feed: Feed) -> None:
    """Until the feed itself answers: the database may recover a little after the web server."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            if feed.session().get(feed.url, timeout=5).status_code == 200:
                return
        except requests.RequestException:
            pass
        time.sleep(0.1)
    raise AssertionError(f"The node did not recover:\n{feed.node.printed()}")


def test_the_kills_hit_posts_in_the_middle(survivor: tuple[Feed, list[str], int]) -> None:
    _, complete, broken = survivor
    assert broken > 0
    assert complete


def test_whatever_was_answered_complete_is_in_the_feed_once(
    survivor: tuple[Feed, list[str], int],
) -> None:
    feed, complete, _ = survivor
    served = [obj["id"] for obj in feed.everything()]
    assert len(served) == len(set(served))
    assert set(complete) <= set(served)


def test_a_batch_is_in_the_feed_whole_or_not_at_all(survivor: tuple[Feed, list[str], int]) -> None:
    feed, _, _ = survivor
    assert len(feed.everything()) % BATCH == 0


def test_the_log_did_not_fork_and_verifies(survivor: tuple[Feed, list[str], int]) -> None:
    feed, _, _ = survivor
    (report,) = json.loads(feed.node.run("verify", feed.collection, "--json").stdout)
    assert report["served"] == report["entries"] == len(feed.everything())
    feed.node.run("verify", feed.url, "--key", feed.key, "--vkey", feed.vkey)
