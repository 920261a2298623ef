"""Birch's node, which really answers, and a collection that it offers."""

from collections.abc import Iterator

import pytest

from tests.objects import indicator
from tests.peer_simulator import SimulatedFeed, SimulatedNode, serving


@pytest.fixture
def birch() -> Iterator[SimulatedNode]:
    with serving(SimulatedNode("Birch")) as node:
        yield node


@pytest.fixture
def feed(birch: SimulatedNode) -> SimulatedFeed:
    feed = birch.open_feed(title="Shared")
    feed.publish(*(birch.organization.sign(indicator(number)) for number in range(3)))
    return feed
