"""Alder's people and a collection for labs; nothing runs by itself."""

from unittest import mock

import pytest
from django.contrib.auth.models import User

from indicators.models import Collection, Role
from indicators.store.custody import open_collection
from tests.detections.submissions.author import Author
from tests.people.persons import somebody


@pytest.fixture
def shared(db: None) -> Collection:
    return open_collection(title="Labs", alias="labs", audience="labs")


@pytest.fixture
def ana(shared: Collection) -> Author:
    return Author.begun(somebody("ana", Role.ANALYST, Role.REVIEWER), shared)


@pytest.fixture
def rae(db: None) -> User:
    return somebody("rae", Role.REVIEWER)


@pytest.fixture(autouse=True)
def sent(workers: mock.Mock) -> mock.Mock:
    """Nothing runs by itself: `work` sends what the tables say is due, and runs it."""
    return workers
