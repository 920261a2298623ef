"""A node that holds some objects: Alder's own collection, and Birch's in an inbox."""

from collections.abc import Callable, Container, Iterable, Mapping
from typing import Any

import pytest

from indicators.models import Audience, CatalogRow, Collection, Member
from indicators.pipeline.cataloguing import catalogue
from indicators.store.admission import admit
from indicators.store.custody import ensure_own_member, open_collection
from tests.objects import id_of, stix_objects

Add = Callable[..., None]


@pytest.fixture
def alder(db: None) -> Member:
    """This node's own organization."""
    return ensure_own_member()


@pytest.fixture
def birch(db: None) -> Member:
    return Member.objects.create(name="Birch", identity_id=id_of("identity", "Birch"))


@pytest.fixture
def shelf(alder: Member) -> Collection:
    """What Alder publishes, to anybody who is named."""
    return open_collection(title="Alder's findings", audience=Audience.NAMED)


@pytest.fixture
def inbox(alder: Member) -> Collection:
    """What Birch publishes, as it is here."""
    return open_collection(title="From Birch", audience=Audience.NAMED, is_inbox=True)


@pytest.fixture
def add(shelf: Collection, alder: Member) -> Add:
    """Store objects and bring the catalog up to date."""

    def add_objects(
        *values: Mapping[str, Any], by: Member = alder, into: Collection = shelf
    ) -> None:
        store(into, by, values)
        catalogue()

    return add_objects


def store(
    collection: Collection,
    member: Member,
    values: Iterable[Mapping[str, Any]],
    allowed: Container[str] = frozenset({"added", "duplicate"}),
) -> None:
    outcomes = admit(collection, member, stix_objects(values))
    assert all(outcome.verdict.value in allowed for outcome in outcomes), outcomes


def row(stix_id: str) -> CatalogRow:
    return CatalogRow.objects.get(pk=stix_id)
