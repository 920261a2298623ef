"""Birch's node, which really answers, and a collection that it offers."""

from collections.abc import Iterator
from unittest import mock

import pytest

from tests.objects import indicator
from tests.peer_simulator import SimulatedFeed, SimulatedNode, serving


@pytest.fixture(autouse=True)
def sent(workers: mock.Mock) -> mock.Mock:
    """Nothing runs by itself."""
    return workers


@pytest.fixture
def node() -> Iterator[SimulatedNode]:
    with serving(SimulatedNode("Birch")) as node:
        yield node


@pytest.fixture
def feed(node: SimulatedNode) -> SimulatedFeed:
    feed = node.open_feed(title="Shared")
    feed.publish(*(node.organization.sign(indicator(number)) for number in range(3)))
    return feed
