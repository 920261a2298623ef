"""How far a member has read, as its requests show."""

from typing import Any

import pytest
from django.conf import LazySettings
from django.db import connection

from indicators.models import Collection, Entry, Served
from tests.objects import id_of, indicator
from tests.taxii.conftest import Door, content

pytestmark = pytest.mark.django_db


@pytest.fixture
def five(birch: Door, settings: LazySettings) -> Collection:
    """Five objects on pages of two."""
    settings.PAGE_SIZE = 2
    birch.posted(*(indicator(n, version=n) for n in range(5)))
    return birch.collection


def size_of(door: Door) -> int | None:
    return Served.objects.filter(member=door.member).values_list("size", flat=True).first()


def read_all(door: Door, **parameters: Any) -> None:
    page = content(door.get(**parameters))
    while "next" in page:
        page = content(door.get(**parameters, next=page["next"]))


@pytest.mark.parametrize("versions", ["last", "all"])
def test_who_reads_to_the_end_has_all(five: Collection, cedar: Door, versions: str) -> None:
    read_all(cedar, match_version=versions)
    assert size_of(cedar) == 5


def test_who_stops_on_the_way_is_not_known_to_have_anything(five: Collection, cedar: Door) -> None:
    cedar.get()
    assert size_of(cedar) is None


@pytest.mark.parametrize(
    "filtered",
    [
        {"match_type": "indicator"},
        {"match_version": "first"},
        {"match_id": id_of("indicator", 1)},
    ],
)
def test_who_reads_a_part_is_not_known_to_have_the_rest(
    five: Collection, cedar: Door, filtered: dict[str, str]
) -> None:
    read_all(cedar, **filtered)
    assert size_of(cedar) is None


def test_who_begins_in_the_middle_is_not_known_to_have_the_start(
    five: Collection, cedar: Door
) -> None:
    third = cedar.get(limit=2).headers["X-TAXII-Date-Added-Last"]
    read_all(cedar, added_after=third)
    assert size_of(cedar) is None


def test_who_goes_on_where_they_ended_has_all(five: Collection, birch: Door, cedar: Door) -> None:
    read_all(cedar)
    last = str(Entry.objects.latest("date_added").date_added.isoformat())[:-6] + "Z"
    birch.posted(*(indicator(n, version=n) for n in range(5, 8)))
    read_all(cedar, added_after=last)
    assert size_of(cedar) == 8


def test_reading_again_takes_nothing_back(five: Collection, cedar: Door) -> None:
    read_all(cedar)
    read_all(cedar, match_version="all")
    assert size_of(cedar) == 5


def test_reading_again_writes_nothing(five: Collection, cedar: Door) -> None:
    read_all(cedar)
    with connection.cursor() as cursor:
        cursor.execute("SELECT xmin, xmax FROM indicators_served")
        before = cursor.fetchone()
        read_all(cedar)
        cursor.execute("SELECT xmin, xmax FROM indicators_served")
        assert cursor.fetchone() == before


def test_nobody_reads_for_another(five: Collection, cedar: Door, birch: Door) -> None:
    read_all(cedar)
    assert size_of(birch) is None
