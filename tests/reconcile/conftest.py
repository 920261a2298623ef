"""What tests of matching share: what others said, what this node found, workers that rest."""

from unittest import mock

import pytest

from tests.reconcile.incoming import Incoming
from tests.reconcile.leads import Leads


@pytest.fixture(autouse=True)
def sent(workers: mock.Mock) -> mock.Mock:
    """Nothing runs by itself."""
    return workers


@pytest.fixture
def leads(db: None) -> Leads:
    return Leads.begin()


@pytest.fixture
def alder(db: None) -> Incoming:
    return Incoming.begin()
