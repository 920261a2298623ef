"""Charts: what they say without colours, that they are sound markup, and that they are bounded."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from html import unescape
from itertools import pairwise
from typing import Any
from xml.etree import ElementTree

import pytest
from django.utils.safestring import SafeString

from indicators.web.charts import (
    Bar,
    Curve,
    Delay,
    Event,
    Label,
    Seen,
    bars,
    corroboration,
    decay,
    heat_map,
    lag,
    spark,
    timeline,
)
from indicators.web.charts.markup import middled
from indicators.web.views.campaign_words import told_apart
from tests.web.charts.pictures import NOW, PICTURES

DAY = timedelta(days=1)


def read(drawn: SafeString) -> ElementTree.Element:
    """As markup: it fails where a tag or an attribute is not closed."""
    return ElementTree.fromstring(drawn)


def svg(drawn: SafeString) -> ElementTree.Element:
    root = read(drawn)
    found = root if root.tag == "svg" else root.find(".//svg")
    assert found is not None
    return found


def numbers(drawn: SafeString) -> list[float]:
    """Every place and size that is drawn."""
    found = re.findall(r' (?:x|y|cx|cy|x1|x2|y1|y2|width|height|r)="([^"]+)"', drawn)
    return [float(each) for each in found]


@pytest.mark.parametrize("name", PICTURES)
def test_a_chart_is_sound_markup(name: str) -> None:
    read(PICTURES[name]())


@pytest.mark.parametrize("name", PICTURES)
def test_a_chart_carries_no_script_and_no_style(name: str) -> None:
    drawn = PICTURES[name]()
    assert not re.search(r"<script|<style|\bstyle=|\bon[a-z]+=", drawn)


@pytest.mark.parametrize("name", PICTURES)
def test_a_chart_has_a_name_for_those_who_do_not_see_it(name: str) -> None:
    picture = svg(PICTURES[name]())
    ids = picture.get("aria-labelledby", "").split()
    named = {each.get("id"): each.text for each in picture}
    assert picture.get("aria-label") or all(named[each] for each in ids)


@pytest.mark.parametrize("name", PICTURES)
def test_links_are_not_hidden_within_an_image(name: str) -> None:
    picture = svg(PICTURES[name]())
    if picture.find(".//a") is not None:
        assert picture.get("role") == "group"


@pytest.mark.parametrize("name", [name for name in PICTURES if name != "spark"])
def test_a_chart_has_its_numbers_as_a_table(name: str) -> None:
    table = read(PICTURES[name]()).find("details//table")
    assert table is not None
    heads = table.findall("thead/tr/th")
    rows = table.findall("tbody/tr")
    assert rows
    assert {len(row) for row in rows} == {len(heads)}


@pytest.mark.parametrize("name", PICTURES)
def test_the_same_values_make_the_same_drawing(name: str) -> None:
    assert PICTURES[name]() == PICTURES[name]()


EMPTY: dict[str, Callable[[], SafeString]] = {
    "spark": lambda: spark([], label="Matches"),
    "bars": lambda: bars([], key="b", title="Bars"),
    "lag": lambda: lag([]),
    "corroboration": lambda: corroboration([], NOW),
    "timeline": lambda: timeline([]),
    "heat map": lambda: heat_map([], [], [], key="h", title="Heat"),
}
ODD: dict[str, Callable[[], SafeString]] = {
    "one value": lambda: spark([3], label="Matches"),
    "nothing but zeros": lambda: bars([Bar("none", 0)], key="b", title="Bars"),
    "one pull": lambda: lag([Delay(NOW, 4.0)]),
    "no answer at all": lambda: lag([Delay(NOW, None), Delay(NOW + DAY, None)]),
    "one event": lambda: timeline([Event(NOW, "Alone", "Claims")]),
    "one moment": lambda: corroboration([Seen(NOW, "Birch", "sighting")], NOW),
    "no lifetime": lambda: decay(Curve(50, NOW), NOW),
    "a lifetime beyond the calendar": lambda: decay(Curve(50, NOW, 1e9), NOW),
    "a validity beyond the calendar": lambda: decay(
        Curve(50, NOW, valid_until=datetime.max.replace(tzinfo=UTC)), NOW
    ),
    "over before it began": lambda: decay(Curve(0, NOW, 1, 9, 90, NOW - DAY), NOW),
    "an event at the end of the calendar": lambda: timeline(
        [Event(datetime.max.replace(tzinfo=UTC), "Late", "Claims"), Event(NOW, "Now", "Claims")]
    ),
    "an event at its beginning": lambda: timeline(
        [Event(datetime.min.replace(tzinfo=UTC), "Early", "Claims"), Event(NOW, "Now", "Claims")]
    ),
}


@pytest.mark.parametrize("name", EMPTY)
def test_nothing_to_draw_is_no_error(name: str) -> None:
    read(EMPTY[name]())


@pytest.mark.parametrize("name", ODD)
def test_odd_values_are_drawn_within_the_picture(name: str) -> None:
    drawn = ODD[name]()
    read(drawn)
    assert all(-1 <= each <= 10_000 for each in numbers(drawn))


@pytest.mark.parametrize("name", PICTURES)
def test_whatever_others_write_is_escaped(name: str) -> None:
    drawn = PICTURES[name]('<img src="x">&')
    read(drawn)
    assert "<img" not in drawn
    assert '<img src="x">&' in unescape(drawn)


def test_confidence_falls_along_the_curve() -> None:
    curve = Curve(80, NOW, lifetime_days=100, speed=2)
    left = [curve.at(NOW + n * DAY) for n in range(101)]
    assert left[0] == 80
    assert left[-1] == 0
    assert all(before >= after for before, after in pairwise(left))


def test_what_is_no_longer_valid_has_no_confidence() -> None:
    assert Curve(80, NOW, valid_until=NOW + DAY).at(NOW + 2 * DAY) == 0


def test_decay_says_what_is_left_now() -> None:
    drawn = decay(Curve(80, NOW, lifetime_days=100), NOW + 50 * DAY)
    assert "40 now" in drawn


def test_an_organization_counts_once_in_corroboration() -> None:
    seen = [Seen(NOW + n * DAY, "Birch", "sighting") for n in range(5)]
    assert "1 organization so far" in corroboration(seen, NOW + 9 * DAY)


def test_a_feed_that_did_not_answer_breaks_the_line_of_its_lag() -> None:
    series: list[Any] = [Delay(NOW + n * DAY, None if n == 3 else 5.0) for n in range(7)]
    assert lag(series).count("<path") == 2


def test_shades_tell_orders_of_magnitude_apart() -> None:
    values: list[list[float | None]] = [[13e6, 3.4e6, 150e3, 1.0, 0.0, None, -1.0]]
    heads = [Label(str(number)) for number in range(7)]
    drawn = heat_map([Label("One")], heads, values, key="h", title="Heat")
    assert re.findall(r"heat-([0-9])", drawn) == ["5", "4", "2", "1", "0", "0", "1"]


def test_what_is_said_without_a_number_is_no_number() -> None:
    drawn = heat_map([Label("One")], [Label("coding")], [[-1.0]], key="h", title="Heat")
    assert "One, coding: stated without a number" in drawn


def test_a_shade_of_the_heat_map_says_its_value_too() -> None:
    drawn = heat_map(
        [Label("One")], [Label("coding")], [[12.0]], key="h", title="Heat", unit="interactions"
    )
    assert "One, coding: 12 interactions" in drawn


def test_of_a_long_name_both_ends_are_drawn() -> None:
    assert middled("Account network hsqsm5a5", 17) == "Account…hsqsm5a5"


def test_rows_of_a_heat_map_are_whole_in_its_table() -> None:
    rows = [Label("MiniMax", whole="Alleged campaign of MiniMax")]
    drawn = heat_map(rows, [Label("coding")], [[1.0]], key="h", title="Heat")
    assert "Alleged campaign of MiniMax</th>" in drawn


def test_campaigns_are_told_apart_by_what_only_they_say() -> None:
    names = ["Alleged campaign hsqsm5a5", "Alleged campaign against Us attributed to MiniMax"]
    assert told_apart(names) == ["hsqsm5a5", "MiniMax"]
