"""The cast of the store's tests: Alder and Birch publish, Mallory lies, Forum is the audience."""

from collections.abc import Callable
from typing import Any

import pytest

from indicators.models import Audience, Collection, Member
from indicators.store.custody import open_collection
from tests.objects import id_of


def _member(name: str) -> Member:
    return Member.objects.create(name=name, identity_id=id_of("identity", name))


@pytest.fixture
def alder(db: None) -> Member:
    return _member("Alder")


@pytest.fixture
def birch(db: None) -> Member:
    return _member("Birch")


@pytest.fixture
def mallory(db: None) -> Member:
    return _member("Mallory")


@pytest.fixture
def open_one(db: None) -> Callable[..., Collection]:
    """Opens one more collection."""

    def open_one(**facts: Any) -> Collection:
        return open_collection(**{"title": "Forum", "audience": Audience.MEMBERS, **facts})

    return open_one


@pytest.fixture
def forum(open_one: Callable[..., Collection]) -> Collection:
    return open_one()


@pytest.fixture
def annex(open_one: Callable[..., Collection]) -> Collection:
    """A second collection."""
    return open_one(title="Annex")
