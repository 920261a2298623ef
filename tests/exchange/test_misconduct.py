"""A peer that answers with too much, too slowly, or from elsewhere: bounded, told, tried again."""

import gzip
import time
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest
import zstandard

from federation.models import Subscription
from federation.peers import connection
from federation.transparency.checkpoint import Checkpoint, sign
from indicators.pipeline import pulling
from tests.exchange.puller import Puller
from tests.objects import indicator
from tests.peer_simulator import Organization, Reply, SimulatedFeed, SimulatedNode

MEBIBYTE = 1 << 20


@pytest.fixture
def feed(mallory: SimulatedNode) -> SimulatedFeed:
    feed = mallory.open_feed()
    feed.publish(*(mallory.organization.sign(indicator(number)) for number in range(8)))
    return feed


@pytest.fixture
def subscription(birch: Puller, mallory: SimulatedNode, feed: SimulatedFeed) -> Iterator[UUID]:
    """When Mallory behaves again, everything comes: nothing was lost meanwhile."""
    subscription = birch.subscribe(mallory, feed)
    yield subscription
    if birch.state(subscription).state == Subscription.State.ACTIVE:
        mallory.behave()
        assert birch.pull(subscription).failure == ""
        assert birch.held(subscription) == [row.body for row in feed.rows]


def objects(body: bytes, coding: str = "") -> Reply:
    return Reply(body, headers={"Content-Encoding": coding} if coding else {})


def inflated(mebibytes: int) -> bytes:
    return b'{"objects":[' + b" " * (mebibytes * MEBIBYTE) + b"]}"


BOMBS = {
    "gzip": objects(gzip.compress(inflated(80), 9), "gzip"),
    "zstd": objects(zstandard.compress(inflated(80), 3), "zstd"),
    "gzip in gzip": objects(gzip.compress(gzip.compress(inflated(80), 9)), "gzip, gzip"),
    "nested": objects(b'{"objects":' + b"[" * 100_000 + b"]" * 100_000 + b"}"),
    "nested within an object": objects(b'{"objects":[{"id":' + b"[" * 40 + b"]" * 40 + b"}]}"),
    "a huge integer": objects(b'{"objects":[{"n":' + b"9" * 100_000 + b"}]}"),
    "not a number": objects(b'{"objects":[{"n":NaN}]}'),
    "a key twice": objects(b'{"objects":[],"objects":[]}'),
    "half a surrogate": objects(b'{"objects":[{"n":"\\ud800"}]}'),
    "no JSON": objects(b"<html>"),
    "no envelope": objects(b"[]"),
    "cut off": objects(gzip.compress(b'{"objects":[]}')[:-9], "gzip"),
    "another media type": Reply(b"{}", media="text/html"),
    "more than was asked for": objects(b'{"objects":[' + b",".join([b"{}"] * 1001) + b"]}"),
    "more, and nothing": objects(b'{"more":true,"next":"1"}'),
}


@pytest.mark.parametrize("name", BOMBS)
def test_a_page_that_breaks_the_rules_is_refused_in_bounded_time(
    birch: Puller, mallory: SimulatedNode, subscription: UUID, name: str
) -> None:
    mallory.answer_with("/objects/", BOMBS[name])
    began = time.process_time()
    assert birch.pull(subscription).failure != ""
    assert time.process_time() - began < 2
    assert birch.held(subscription) == []
    assert birch.evidence("Mallory") == ["misconduct"]


REDIRECTS = [
    "http://169.254.169.254/latest/meta-data/",
    "http://127.0.0.1:1/",
    "file:///etc/passwd",
    "//169.254.169.254/",
]


@pytest.mark.parametrize("target", REDIRECTS)
@pytest.mark.parametrize("path", ["/objects/", "/checkpoint", "/tile/"])
def test_no_redirect_is_followed(
    birch: Puller, mallory: SimulatedNode, subscription: UUID, path: str, target: str
) -> None:
    mallory.answer_with(path, Reply(status=302, headers={"Location": target}))
    failure = birch.pull(subscription).failure
    assert "redirect" in failure
    assert birch.held(subscription) == []


def test_whoever_stalls_in_the_middle_of_a_page_is_left(
    birch: Puller, mallory: SimulatedNode, subscription: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "READ_SECONDS", 0.3)
    mallory.answer_with("/objects/", Reply(b'{"objects":[]}', stalls=60))
    began = time.monotonic()
    assert birch.pull(subscription).failure != ""
    assert time.monotonic() - began < 5


@pytest.mark.parametrize("status", [401, 403, 404, 406, 429, 500, 503])
def test_a_refusal_is_told_with_its_reason_and_tried_later(
    birch: Puller, mallory: SimulatedNode, subscription: UUID, status: int
) -> None:
    mallory.answer_with("/objects/", Reply(b"{}", status, headers={"Retry-After": "600"}))
    birch.pull(subscription)
    state = birch.state(subscription)
    assert str(status) in state.failure
    assert state.failures == 1
    assert state.next_pull_at > state.pulled_at


def test_whoever_is_asked_to_wait_is_asked_later(
    birch: Puller, mallory: SimulatedNode, subscription: UUID
) -> None:
    mallory.answer_with("/objects/", Reply(b"{}", 503, headers={"Retry-After": "600"}))
    birch.pull(subscription)
    state = birch.state(subscription)
    assert 590 < (state.next_pull_at - state.pulled_at).total_seconds() < 610


def test_a_peer_that_is_down_is_asked_less_and_less_often(
    birch: Puller, mallory: SimulatedNode, subscription: UUID
) -> None:
    mallory.answer_with("/", Reply(b"", 500))
    pauses = []
    for _ in range(8):
        birch.pull(subscription)
        state = birch.state(subscription)
        pauses.append(round((state.next_pull_at - state.pulled_at).total_seconds()))
    assert pauses == sorted(pauses)
    assert pauses[-1] > 4 * pauses[0]


def test_an_endless_feed_lets_others_have_their_turn(
    birch: Puller,
    mallory: SimulatedNode,
    subscription: UUID,
    feed: SimulatedFeed,
    settings: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(pulling, "PAGES_AT_ONCE", 2)
    settings.PULL_PAGE = 3
    pulled = birch.pull(subscription)
    assert (pulled.objects, pulled.more) == (6, True)


def test_a_log_that_says_to_be_endless_is_not_read_for_ever(
    birch: Puller, mallory: SimulatedNode, subscription: UUID, feed: SimulatedFeed
) -> None:
    note = sign(Checkpoint(feed.origin, 10**15, bytes(32)), feed.key)
    mallory.answer_with("/checkpoint", Reply(note, media="text/plain"))
    began = time.process_time()
    assert birch.pull(subscription).failure != ""
    assert time.process_time() - began < 2
    assert birch.held(subscription) == []
    # It signed that: what it shows from now on is less.
    mallory.behave()
    birch.pull(subscription)
    assert birch.evidence("Mallory") == ["rollback"]
    assert birch.is_held_off("Mallory")


def test_a_flood_of_what_must_be_refused_stops_the_subscription(
    birch: Puller, mallory: SimulatedNode, subscription: UUID, feed: SimulatedFeed, settings: Any
) -> None:
    settings.PULL_QUARANTINE_MOST = 20
    birch.pull(subscription)
    nobody = Organization("Nobody")
    feed.publish(*(nobody.sign(indicator(f"flood {n}")) for n in range(21)))
    assert "refused" in birch.pull(subscription).failure
    assert birch.state(subscription).state == Subscription.State.FROZEN
    assert birch.evidence("Mallory") == ["misconduct"]
    assert len(birch.held(subscription)) == 8
