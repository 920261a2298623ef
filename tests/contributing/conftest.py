"""Alder's trusted detector and the collection that it publishes to; nothing runs by itself."""

from collections.abc import Iterator
from unittest import mock

import pytest
from celery import current_app

from indicators.models import (
    Collection,
)
from indicators.store.custody import open_collection
from tests.contributing.detector import Contributor


@pytest.fixture
def shared(db: None) -> Collection:
    return open_collection(title="Labs", alias="labs", audience="labs")


@pytest.fixture
def alder(shared: Collection) -> Contributor:
    return Contributor.trusted(shared)


@pytest.fixture(autouse=True)
def workers() -> Iterator[None]:
    """Nothing is run by itself: `work` sends what the tables say is due, and runs it."""
    with mock.patch.object(current_app, "send_task"):
        yield
