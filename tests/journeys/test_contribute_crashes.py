"""kill -9 of worker, broker and web while detections come in: each is published, and once.

RETORT_CRASH_DETECTIONS=100000 makes it as large as the claim; the suite has a fortieth of that.
"""

import json
import random
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

import psutil
import pytest
import requests

from federation.pseudonyms.normalize import normalize
from indicators.management.simulation.campaigns import findings, lines
from indicators.management.simulation.delivery import batches
from indicators.management.simulation.plan import Plan
from tests.database import place_for_data
from tests.journeys.ingest_client import (
    ENDED,
    Detector,
    all_tokens,
    await_that,
    kinds_of,
    of_type,
    open_detector,
    wanted,
)
from tests.journeys.node import Node, running_node

pytestmark = pytest.mark.journey

COUNT = wanted("RETORT_CRASH_DETECTIONS", 2_500)
LINES_A_POST = 250
#: A detection has an account of its own; ten of them are a cluster.
PLAN = Plan(
    shape="largest", campaigns=COUNT // 10, accounts=10, accounts_per_line=1, days=1, seed=20
)
#: The larger the journey, the longer a part lives: about as many kills in each.
PAUSE = max(1.0, COUNT / 10_000)
KILLED = ("worker", "broker", "web", "database")


@dataclass
class Aftermath:
    """A node after the kills, and what it had answered meanwhile."""

    detector: Detector
    jobs: list[str] = field(default_factory=list)
    accepted: int = 0
    broken: int = 0
    stages: Counter[str] = field(default_factory=Counter)
    objects: list[dict[str, Any]] = field(default_factory=list)


@pytest.fixture(scope="module")
def aftermath() -> Iterator[Aftermath]:
    with place_for_data("retort-killed-") as data_dir, running_node(data_dir) as node:
        node.await_parts(*KILLED)
        found = Aftermath(open_detector(node, "alder-killed"))
        sent = threading.Event()
        killer = threading.Thread(target=kill_until, args=(node, sent, found))
        killer.start()
        try:
            send_everything(found)
        finally:
            sent.set()
            killer.join(120)
        node.await_served()
        await_ended(found)
        found.objects = found.detector.feed.everything(**{"match[version]": "all"})
        yield found


def kill_until(node: Node, sent: threading.Event, found: Aftermath) -> None:
    """One part after the other while lines come in, and for some rounds while they go out."""
    chance = random.Random(8)
    after = 0
    while after < 6:
        after += sent.is_set()
        time.sleep(chance.uniform(0.3, 1.5) * PAUSE)
        for process in family(node.await_parts(*KILLED)[chance.choice(KILLED)]):
            try:
                process.kill()
            except psutil.NoSuchProcess:
                continue


def family(pid: int) -> list[psutil.Process]:
    try:
        part = psutil.Process(pid)
        return [*part.children(recursive=True), part]
    except psutil.NoSuchProcess:
        return []


def send_everything(found: Aftermath) -> None:
    """Each batch again and again under its own key, until the node says that it has it."""
    batch: list[bytes] = []
    for line in lines(PLAN):
        batch.append(line)
        if len(batch) == LINES_A_POST:
            send(found, batch)
            batch = []
    if batch:
        send(found, batch)


def send(found: Aftermath, batch: list[bytes]) -> None:
    key = sha256(b"".join(batch)).hexdigest()
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        try:
            answered = found.detector.send(batch, Idempotency_Key=key)
        except (requests.RequestException, AssertionError):
            found.broken += 1
            found.detector.session.close()
            time.sleep(0.1)
            continue
        found.jobs.append(answered["job"])
        found.accepted += answered["accepted"]
        return
    raise AssertionError(f"A batch was not taken in two minutes:\n{found.detector.node.printed()}")


def await_ended(found: Aftermath) -> None:
    """By itself: the broker may have lost tasks, and the scheduler sends them again."""

    waiting = list(found.jobs)

    def ended() -> bool:
        with suppress(requests.RequestException, AssertionError):
            while waiting and found.detector.stages(waiting[:1]).keys() <= ENDED:
                waiting.pop(0)
        return not waiting

    patience = 240 + COUNT / 100
    await_that(ended, lambda: f"{len(waiting)} jobs wait", found.detector.node, patience)
    found.stages = found.detector.stages(found.jobs)


def test_the_kills_hit_posts_in_the_middle(aftermath: Aftermath) -> None:
    assert aftermath.broken > 0


def test_every_detection_is_accepted_once(aftermath: Aftermath) -> None:
    assert aftermath.accepted == PLAN.line_count


def test_every_accepted_detection_is_published(aftermath: Aftermath) -> None:
    assert aftermath.stages == {"published": PLAN.line_count}


def test_every_cluster_is_one_campaign(aftermath: Aftermath) -> None:
    campaigns = {each["id"] for each in of_type(aftermath.objects, "campaign")}
    assert len(campaigns) == PLAN.campaigns


def test_no_version_is_served_twice(aftermath: Aftermath) -> None:
    versions = Counter((each["id"], each.get("modified")) for each in aftermath.objects)
    assert versions.most_common(1)[0][1] == 1


def test_every_token_is_in_one_indicator_of_its_cluster(aftermath: Aftermath) -> None:
    newest = aftermath.detector.feed.everything()
    found = kinds_of(newest)
    bands = found.pop("prompt-band")
    assert found == expected_tokens()
    assert bands == 16 * PLAN.campaigns
    # Across clusters only networks and prompts are shared.
    others = {kind: count for kind, count in found.items() if kind != "ipv4-24"}
    of_accounts = Counter(all_tokens(newest))
    assert sum(count == 1 for count in of_accounts.values()) >= sum(others.values())


def expected_tokens() -> Counter[str]:
    """How many tokens of each kind, if each cluster has one of each of its identifiers."""
    expected = {
        (finding.cluster.key, made.kind, made.value)
        for finding in findings(PLAN)
        for account in finding.accounts
        for each in account.identifiers
        for made in normalize(each.kind, each.value)
    }
    return Counter(kind for _, kind, _ in expected)


def test_the_log_did_not_fork_and_verifies(aftermath: Aftermath) -> None:
    feed = aftermath.detector.feed
    (report,) = json.loads(feed.node.run("verify", feed.collection, "--json").stdout)
    assert report["served"] == report["entries"] == len(aftermath.objects)


def test_replaying_everything_changes_nothing(aftermath: Aftermath) -> None:
    detector = aftermath.detector
    again: Counter[str] = Counter()
    for batch in batches(lines(PLAN)):
        answered = detector.send(batch)
        again.update({status: answered[status] for status in ("accepted", "duplicate")})
    assert again == {"accepted": 0, "duplicate": PLAN.line_count}
    assert detector.feed.everything(**{"match[version]": "all"}) == aftermath.objects
