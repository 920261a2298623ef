"""Alder's trusted detector and the collection that it publishes to; nothing runs by itself."""

from unittest import mock

import pytest

from indicators.models import Collection
from indicators.store.custody import open_collection
from tests.contributing.detector import Contributor


@pytest.fixture
def shared(db: None) -> Collection:
    return open_collection(title="Labs", alias="labs", audience="labs")


@pytest.fixture
def alder(shared: Collection) -> Contributor:
    return Contributor.trusted(shared)


@pytest.fixture(autouse=True)
def sent(workers: mock.Mock) -> mock.Mock:
    """Nothing runs by itself: `work` sends what the tables say is due, and runs it."""
    return workers
