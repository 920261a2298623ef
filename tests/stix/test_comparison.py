"""Our evaluator of comparisons against stix2-matcher, the reference implementation in ANTLR."""

from collections.abc import Mapping
from time import process_time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stix2matcher.matcher import match

from indicators.stix.comparison import NotComparable, read_comparison
from indicators.stix.patterns import MAX_BYTES

TYPE = "ai-traffic-aggregate"
WINDOW: Mapping[str, Any] = {
    "type": TYPE,
    "window_start": "2026-02-27T00:00:00Z",
    "window_seconds": 86400,
    "account_count": 312,
    "synchrony_score": 0.5,
    "top_capability": "it's coding",
}


def holds(comparison: str, value: Mapping[str, Any] = WINDOW) -> bool:
    """Whether a comparison holds, written without the type of object."""
    return read_comparison(f"[{comparison.replace('$', TYPE + ':')}]").holds(value)


@pytest.mark.parametrize(
    ("comparison", "expected"),
    [
        ("$account_count = 312", True),
        ("$account_count == 312.0", True),
        ("$account_count != 312", False),
        ("$account_count <> 1", True),
        ("$account_count >= 312", True),
        ("$account_count > 312", False),
        ("$account_count NOT > 312", True),
        ("$account_count < -1", False),
        ("$synchrony_score <= .5", True),
        ("$account_count IN (1, 312)", True),
        ("$account_count IN ()", False),
        ("$account_count NOT IN (1, 2)", True),
        ("$'account_count' = 312", True),
        ("$top_capability = 'it\\'s coding'", True),
        ("$top_capability > 'it'", True),
        ("$window_start = t'2026-02-27T00:00:00.000Z'", True),
        ("$window_start < t'2026-02-27T00:00:00.5Z'", True),
        ("$window_start >= t'2026-02-27T00:00:00.5Z'", False),
    ],
)
def test_a_comparison_says_what_it_says(comparison: str, expected: bool) -> None:
    assert holds(comparison) is expected


@pytest.mark.parametrize("sign", ["=", "!=", "<", ">=", "NOT =", "NOT <", "NOT !="])
def test_what_is_not_there_compares_as_nothing(sign: str) -> None:
    assert not holds(f"$request_count {sign} 1")


@pytest.mark.parametrize(("sign", "expected"), [("=", False), ("!=", True), ("NOT =", True)])
def test_values_of_other_types_are_unequal(sign: str, expected: bool) -> None:
    assert holds(f"$account_count {sign} '312'") is expected


@pytest.mark.parametrize("sign", ["<", "<=", ">", ">=", "NOT <", "NOT >="])
def test_values_of_other_types_have_no_order(sign: str) -> None:
    assert not holds(f"$account_count {sign} '312'")


def test_a_truth_value_is_no_number() -> None:
    assert not holds("$account_count = 1", {**WINDOW, "account_count": True})
    assert holds("$account_count = true", {**WINDOW, "account_count": True})


def test_an_object_of_another_type_meets_nothing() -> None:
    assert not holds("$account_count = 312", {**WINDOW, "type": "domain-name"})


def test_and_binds_tighter_than_or() -> None:
    assert holds("$account_count = 312 OR $account_count = 1 AND $account_count = 2")
    assert not holds("($account_count = 312 OR $account_count = 1) AND $account_count = 2")


@pytest.mark.parametrize(
    "pattern",
    [
        "[a-type:name LIKE 'a%']",
        "[a-type:name MATCHES '^(a+)+$']",
        "[a-type:name ISSUBSET '198.51.100.0/24']",
        "[EXISTS a-type:name]",
        "[NOT EXISTS a-type:name]",
        "[a-type:name.value = 1]",
        "[a-type:names[*] = 1]",
        "[a-type:name = h'ff']",
        "[a-type:name = b'YQ==']",
        "[a-type:name = 1] AND [a-type:name = 2]",
        "[a-type:name = 1] FOLLOWEDBY [a-type:name = 2]",
        "[a-type:name = 1] REPEATS 5 TIMES",
        "([a-type:name = 1])",
        "[a-type:name = 1",
        "[a-type:name = " + "9" * 5000 + "]",
        "",
    ],
)
def test_what_is_beyond_the_subset_is_refused(pattern: str) -> None:
    with pytest.raises(NotComparable, match=r"^The pattern .*\.$"):
        read_comparison(pattern)


def test_the_types_that_it_speaks_of_are_told() -> None:
    assert read_comparison("[a-type:one_x = 1 OR b-type:two_x = 2]").types() == {"a-type", "b-type"}


def test_a_pattern_of_the_largest_size_takes_no_time() -> None:
    comparison = f"{TYPE}:account_count = 1"
    count = MAX_BYTES // (len(comparison) + 4) - 1
    began = process_time()
    read = read_comparison(f"[{' OR '.join([comparison] * count)}]")
    assert not read.holds(WINDOW)
    assert process_time() - began < 2


def test_the_deepest_pattern_is_read() -> None:
    assert holds("(" * 60 + "$account_count = 312" + ")" * 60)


# --- The oracle ---

_NAMES = ["account_count", "synchrony_score", "top_capability", "window_start", "is_new", "absent"]
_TEXTS = ["coding", "it's", "back\\slash", "", "Z"]
_TIMES = ["2026-02-27T00:00:00Z", "2026-02-27T00:00:00.500Z", "2027-01-01T12:30:00.123456Z"]


def _quoted(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


_NUMBERS = st.integers(-3, 3).map(str) | st.sampled_from(["0.5", "-1.25", "2.0", ".5"])
_WORDS = st.sampled_from(_TEXTS).map(_quoted)
_LITERALS = _NUMBERS | _WORDS | st.sampled_from(["true", "false"])
_MOMENTS = st.sampled_from(_TIMES).map("t'{}'".format)
_SETS = st.one_of(
    st.lists(st.integers(-3, 3).map(str), min_size=1, max_size=3),
    st.lists(_WORDS, min_size=1, max_size=3),
).map(lambda each: f"({', '.join(each)})")


def _test(name: str) -> st.SearchStrategy[str]:
    literals = _MOMENTS if name == "window_start" else _LITERALS
    negation = st.sampled_from(["", "NOT "])
    equal = st.tuples(negation, st.sampled_from(["=", "!="]), literals)
    ordered = literals.filter(lambda text: text not in ("true", "false"))
    order = st.tuples(negation, st.sampled_from(["<", "<=", ">", ">="]), ordered)
    member = st.tuples(negation, st.just("IN"), _SETS)
    # In the reference's sets false is 0, as in Python's; it has no sets of times and texts mixed.
    kinds = equal | order if name in ("window_start", "is_new") else equal | order | member
    return kinds.map(lambda each: f"{TYPE}:{name} {each[0]}{each[1]} {each[2]}")


_EXPRESSIONS = st.recursive(
    st.sampled_from(_NAMES).flatmap(_test),
    lambda inner: st.tuples(inner, st.sampled_from(["AND", "OR"]), inner, st.booleans()).map(
        lambda each: f"({each[0]} {each[1]} {each[2]})" if each[3] else " ".join(each[:3])
    ),
    max_leaves=5,
)
_OBJECTS = st.fixed_dictionaries(
    {"type": st.just(TYPE), "window_start": st.sampled_from(_TIMES)},
    optional={
        "account_count": st.integers(-3, 3),
        "synchrony_score": st.sampled_from([0.5, -1.25, 2.0, 3]),
        "top_capability": st.sampled_from(_TEXTS),
        "is_new": st.booleans(),
    },
)


def reference_holds(pattern: str, value: Mapping[str, Any]) -> bool:
    observed = {
        "type": "observed-data",
        "id": "observed-data--b67d30ff-02ac-498a-92f9-32f845f448cf",
        "first_observed": "2026-02-27T00:00:00Z",
        "last_observed": "2026-02-27T00:00:00Z",
        "number_observed": 1,
        "objects": {"0": dict(value)},
    }
    return bool(match(pattern, [observed], stix_version="2.0"))


@settings(max_examples=100, deadline=None)
@given(_EXPRESSIONS, _OBJECTS)
def test_it_agrees_with_the_reference_implementation(
    expression: str, value: Mapping[str, Any]
) -> None:
    pattern = f"[{expression}]"
    assert read_comparison(pattern).holds(value) is reference_holds(pattern, value)
