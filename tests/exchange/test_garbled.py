"""Whatever comes instead of an answer, a pull ends with a reason, takes nothing wrong, and goes on
when the peer is itself again.
"""

import json
from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest

from federation.models import Subscription
from tests.exchange.puller import Puller
from tests.objects import indicator
from tests.peer_simulator import JSON, Reply, SimulatedFeed, SimulatedNode

PATHS = {
    "page": "/objects/",
    "checkpoint": "/checkpoint",
    "entries": "/tile/",
    "proof": "/proof/",
    "withdrawn": "/withdrawn",
}


def flipped(body: bytes) -> bytes:
    middle = len(body) // 2
    return body[:middle] + bytes([body[middle] ^ 1]) + body[middle + 1 :]


GARBLES: dict[str, Callable[[bytes], bytes]] = {
    "nothing": lambda body: b"",
    "cut": lambda body: body[: len(body) // 2],
    "twice": lambda body: body + body,
    "a bit": flipped,
    "text": lambda body: b"Service temporarily unavailable",
    "null": lambda body: b"null",
    "list": lambda body: b"[]",
    "object": lambda body: b"{}",
    "zeros": lambda body: bytes(len(body)),
    "not text": lambda body: b"\xff\xfe" + body,
}


@pytest.fixture
def feed(mallory: SimulatedNode, settings: Any) -> SimulatedFeed:
    """Three entries were pulled before; behind them are more, one of which was withdrawn."""
    settings.PULL_PAGE = 4
    feed = mallory.open_feed()
    feed.publish(*(mallory.organization.sign(indicator(number)) for number in range(3)))
    return feed


@pytest.fixture
def subscription(birch: Puller, mallory: SimulatedNode, feed: SimulatedFeed) -> UUID:
    subscription = birch.subscribe(mallory, feed)
    birch.pull(subscription)
    feed.publish(*(mallory.organization.sign(indicator(number)) for number in range(3, 9)))
    del feed.rows[5]
    feed.withdrawn.add(5)
    return subscription


@pytest.mark.parametrize("garble", GARBLES)
@pytest.mark.parametrize("what", PATHS)
def test_a_garbled_answer_is_refused_and_costs_nothing(
    birch: Puller,
    mallory: SimulatedNode,
    feed: SimulatedFeed,
    subscription: UUID,
    what: str,
    garble: str,
) -> None:
    mallory.garble(PATHS[what], GARBLES[garble])
    birch.pull(subscription)
    honest = [row.body for row in feed.rows]
    held = birch.held(subscription)
    assert held == honest[: len(held)]
    if birch.state(subscription).state == Subscription.State.ACTIVE:
        mallory.behave()
        assert birch.pull(subscription).failure == ""
        assert birch.held(subscription) == honest


@pytest.mark.parametrize("garble", GARBLES)
def test_a_garbled_answer_is_told_with_its_reason(
    birch: Puller, mallory: SimulatedNode, subscription: UUID, garble: str
) -> None:
    mallory.garble("/checkpoint", GARBLES[garble])
    assert birch.pull(subscription).failure != ""
    assert birch.state(subscription).failures == 1


SHAPES: list[Any] = [
    {"objects": {}},
    {"objects": None},
    {"objects": [None]},
    {"objects": [[]]},
    {"objects": ["indicator"]},
    {"objects": [{}]},
    {"objects": [{"type": "indicator"}]},
    {"objects": [{"id": 7}]},
    {"objects": [{"id": "indicator--1", "created_by_ref": ["identity"]}]},
    {"objects": [], "more": "yes"},
    {"objects": [], "next": 7},
    {"more": True},
]


@pytest.mark.parametrize("shape", SHAPES, ids=json.dumps)
def test_a_page_of_any_shape_is_refused(
    birch: Puller, mallory: SimulatedNode, subscription: UUID, shape: Any
) -> None:
    dates = {
        "X-TAXII-Date-Added-First": "2027-01-01T00:00:00.000000Z",
        "X-TAXII-Date-Added-Last": "2027-01-01T00:00:00.000000Z",
    }
    mallory.answer_with("/objects/", Reply(json.dumps(shape).encode(), headers=dates))
    birch.pull(subscription)
    assert len(birch.held(subscription)) == 3


@pytest.mark.parametrize(
    "answer",
    [
        {"from": 3, "to": 9, "proof": "AAAA"},
        {"from": 3, "to": 9, "proof": [7]},
        {"from": 3, "to": 9, "proof": ["AAAA"] * 1000},
        {"from": 0, "to": 9, "proof": []},
        {"proof": []},
    ],
    ids=lambda answer: str(answer)[:40],
)
def test_a_proof_of_any_shape_is_refused(
    birch: Puller, mallory: SimulatedNode, subscription: UUID, answer: dict[str, Any]
) -> None:
    mallory.answer_with("/proof/", Reply(json.dumps(answer).encode(), media=JSON))
    assert birch.pull(subscription).failure != ""
    assert len(birch.held(subscription)) == 3
