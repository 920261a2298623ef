"""What tests of pages share: people at their desks, Alder's detector, workers that rest."""

from unittest import mock

import pytest
from django.test import Client

from indicators.models import Collection, Role
from indicators.store.custody import open_collection
from tests.contributing.detector import Contributor
from tests.people.persons import at_the_desk_of, somebody


@pytest.fixture(autouse=True)
def sent(workers: mock.Mock) -> mock.Mock:
    """Nothing runs by itself; what was sent can be looked at."""
    return workers


@pytest.fixture
def ana(db: None) -> Client:
    """An analyst's browser."""
    return at_the_desk_of(somebody("ana", Role.ANALYST))


@pytest.fixture
def rae(db: None) -> Client:
    """A reviewer's browser."""
    return at_the_desk_of(somebody("rae", Role.REVIEWER))


@pytest.fixture
def adam(db: None) -> Client:
    """An administrator's browser."""
    return at_the_desk_of(somebody("adam", Role.ADMINISTRATOR))


@pytest.fixture
def shared(db: None) -> Collection:
    return open_collection(title="Labs", alias="labs", audience="labs")


@pytest.fixture
def alder(shared: Collection) -> Contributor:
    """A detector whose findings are published by policy."""
    return Contributor.trusted(shared)
