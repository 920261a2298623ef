"""Words of rows, and ranges as questions over them."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indicators.catalog import words

DAYS = st.dates(date(2016, 1, 1), date(2099, 12, 31))


@given(st.integers(0, 100), st.integers(0, 100))
def test_a_confidence_has_a_word_of_what_it_reaches(stated: int, least: int) -> None:
    met = set(words.confidence_words(stated)) & set(words.confidence_from(least))
    assert bool(met) == (stated >= least)


def test_no_confidence_reaches_nothing() -> None:
    assert not set(words.confidence_words(None)) & set(words.confidence_from(0))


@given(DAYS, DAYS)
def test_a_day_has_a_word_of_every_day_up_to_it(day: date, since: date) -> None:
    assert bool(set(words.day_words(day)) & set(words.day_from(since))) == (day >= since)


@given(DAYS, st.integers(-40, 40))
def test_days_that_are_close_are_told_apart(day: date, apart: int) -> None:
    since = day + timedelta(days=apart)
    row = {words.EVERY, *words.day_words(day)}
    assert bool(row & set(words.day_from(since))) == (day >= since)


@given(DAYS)
def test_a_range_asks_for_few_words(day: date) -> None:
    assert len(words.day_from(day)) <= 4


@pytest.mark.parametrize("day", [date.min, date.max, date(2015, 12, 31), date(2101, 1, 1)])
def test_days_beyond_all_have_few_words(day: date) -> None:
    assert len(words.day_words(day)) < 120


def test_what_is_quoted_stays_one_word() -> None:
    assert words.quoted(["it's \\ odd"]) == "'it''s \\\\ odd'"


def test_a_word_of_a_text_is_never_a_filter() -> None:
    assert words.split("T/indicator -S/live")[0] == ["T/indicator"]
