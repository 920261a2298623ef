"""Sums of counts that are not exact."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indicators.catalog.counts import Count, short, total

QUALIFIERS = ("exact", "approx", "gt", "ge", "lt", "le", "order-of-magnitude")
counts = st.builds(Count, st.integers(0, 10**12), st.sampled_from(QUALIFIERS))


def test_three_lower_bounds_add_up_to_one() -> None:
    stated = [Count(value, "gt") for value in (150_000, 3_400_000, 13_000_000)]
    assert total(stated) == Count(16_550_000, "gt")


def test_what_is_not_stated_adds_nothing() -> None:
    assert total([None, Count(5), None]) == Count(5)
    assert total([None]) is None


@pytest.mark.parametrize(
    ("qualifiers", "sum_of_them"),
    [
        (("exact", "exact"), "exact"),
        (("exact", "approx"), "approx"),
        (("approx", "gt"), "gt"),
        (("ge", "exact"), "ge"),
        (("ge", "gt"), "gt"),
        (("le", "exact"), "le"),
        (("lt", "le"), "lt"),
        (("gt", "lt"), "order-of-magnitude"),
        (("gt", "order-of-magnitude"), "order-of-magnitude"),
    ],
)
def test_the_weaker_qualifier_holds(qualifiers: tuple[str, ...], sum_of_them: str) -> None:
    summed = total(Count(1, each) for each in qualifiers)
    assert summed is not None
    assert summed.qualifier == sum_of_them


@given(st.lists(counts, min_size=1))
def test_a_sum_is_exact_only_if_everything_is(stated: list[Count]) -> None:
    summed = total(stated)
    assert summed is not None
    assert (summed.qualifier == "exact") == all(each.qualifier == "exact" for each in stated)


@given(st.lists(counts))
def test_the_order_does_not_matter(stated: list[Count]) -> None:
    assert total(stated) == total(stated[::-1])


@pytest.mark.parametrize(
    ("count", "words"),
    [
        (None, ""),
        (Count(16_550_000, "gt"), "> 16.55 M"),
        (Count(24_000, "approx"), "about 24,000"),
        (Count(13_000_000, "gt"), "> 13 M"),
        (Count(2_500_000_000), "2.5 bn"),
        (Count(0), "0"),
    ],
)
def test_a_count_is_short_in_headings(count: Count | None, words: str) -> None:
    assert short(count) == words
