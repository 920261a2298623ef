"""The cast of the store's tests: Alder and Birch publish, Mallory lies, Forum is the audience."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

# Read before Django is set up when this folder is tested alone: no table at the top.
if TYPE_CHECKING:
    from indicators.models import Collection, Member


def _member(name: str) -> Member:
    from indicators.models import Member
    from tests.objects import id_of

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
    from indicators.models import Audience
    from indicators.store.custody import open_collection

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
