"""Birch pulls from nodes that a test plays: Alder, who is honest, and Mallory, who is not."""

from collections.abc import Iterator
from unittest import mock

import pytest

from tests.exchange.puller import Puller
from tests.peer_simulator import SimulatedNode, serving


@pytest.fixture(autouse=True)
def sent(workers: mock.Mock) -> mock.Mock:
    """Nothing runs by itself."""
    return workers


@pytest.fixture
def mallory() -> Iterator[SimulatedNode]:
    with serving(SimulatedNode("Mallory")) as node:
        yield node


@pytest.fixture
def alder() -> Iterator[SimulatedNode]:
    with serving(SimulatedNode("Alder")) as node:
        yield node


@pytest.fixture
def birch(db: None) -> Puller:
    return Puller()
