"""Whatever happens to the feeds, in whatever order: the catalog comes to hold what they hold."""

import random
from collections import defaultdict

import pytest

from indicators.models import CatalogRow, Collection, Entry, Member
from indicators.pipeline.cataloguing import catalogue
from indicators.store import feed, withdrawal
from indicators.store.errors import StoreError
from tests.catalog.conftest import store
from tests.objects import id_of, indicator

pytestmark = pytest.mark.django_db

EVERY = feed.Versions(every=True)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_catalog_holds_what_the_feeds_hold(
    seed: int, shelf: Collection, inbox: Collection, alder: Member
) -> None:
    chance = random.Random(seed)
    for _ in range(40):
        _happen(chance, [shelf, inbox], alder)
    catalogue()
    assert _held_by_catalog() == _held_by_feeds()


def _happen(chance: random.Random, collections: list[Collection], member: Member) -> None:
    key, collection = chance.randrange(4), chance.choice(collections)
    match chance.randrange(8):
        case 0:
            selection = feed.Selection(
                ids=(id_of("indicator", key),),
                versions=chance.choice([EVERY, feed.Versions(), feed.Versions(False, first=True)]),
            )
            _try(lambda: withdrawal.withdraw(collection, member, *selection.ids, selection, ""))
        case 1:
            _try(lambda: withdrawal.erase(id_of("indicator", key), "a court order"))
        case 2 | 3:
            catalogue()
        case _:
            version = chance.randrange(5)
            value = indicator(key, version=version, name=f"v{version}")
            store(collection, member, [value], {"added", "duplicate", "refused"})


def _try(act: object) -> None:
    try:
        act()  # type: ignore[operator]
    except StoreError:
        """There is nothing to take back."""


def _held_by_catalog() -> dict[str, tuple[object, ...]]:
    return {
        row.stix_id: (row.version, row.name, sorted(row.collections))
        for row in CatalogRow.objects.all()
    }


def _held_by_feeds() -> dict[str, tuple[object, ...]]:
    entries = defaultdict(list)
    for entry in Entry.objects.all():
        entries[entry.stix_id].append(entry)
    return {stix_id: _newest(found) for stix_id, found in entries.items()}


def _newest(entries: list[Entry]) -> tuple[object, ...]:
    version = max(entry.version for entry in entries)
    name = f"v{version.second}"
    return version, name, sorted({entry.collection_id for entry in entries})
