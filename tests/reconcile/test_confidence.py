"""Confidence follows the formula of the protocol, and says why it is what it is."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indicators.reconcile import scales
from indicators.reconcile.confidence import Dispute, Evidence, assess, explain
from indicators.reconcile.corroboration import Standing

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
DAY = timedelta(days=1)
BIRCH = Evidence("indicator", "i1", "Birch", "B", Standing.FIRST_PARTY, 80, NOW)
CEDAR = Evidence("indicator", "i2", "Cedar", "C", Standing.FIRST_PARTY, 50, NOW)

PIECES = st.builds(
    Evidence,
    kind=st.sampled_from(["indicator", "sighting"]),
    ref=st.sampled_from(["i1", "i2", "i3"]),
    origin=st.sampled_from(["Birch", "Cedar", "Forum"]),
    reliability=st.sampled_from("ABCDEF"),
    standing=st.sampled_from(Standing),
    confidence=st.none() | st.integers(0, 100),
    since=st.integers(-5, 200).map(lambda days: NOW - days * DAY),
    lifetime_days=st.none() | st.floats(1, 100),
    decay_speed=st.floats(0.1, 5),
)


def probability(*evidence: Evidence) -> float:
    return assess(evidence, NOW).probability


def test_one_claim_is_its_reliability_times_its_confidence() -> None:
    assert probability(BIRCH) == pytest.approx(0.8 * 0.8)


def test_independent_claims_add_up() -> None:
    assert probability(BIRCH, CEDAR) == pytest.approx(1 - (1 - 0.64) * (1 - 0.3))


def test_many_indicators_of_one_organization_are_one_claim() -> None:
    assert probability(BIRCH, replace(BIRCH, ref="i9", confidence=60)) == probability(BIRCH)


def test_an_echo_adds_nothing_however_sure_it_is() -> None:
    echo = Evidence("indicator", "i3", "Mallory", "A", Standing.ECHO, 100, NOW)
    assessed = assess([BIRCH, echo], NOW)
    assert (assessed.probability, assessed.origins) == (probability(BIRCH), ("Birch",))


def test_derived_evidence_adds_nothing() -> None:
    assert probability(BIRCH, replace(CEDAR, standing=Standing.DERIVED)) == probability(BIRCH)


def test_what_states_no_confidence_counts_as_neither_sure_nor_unsure() -> None:
    assert probability(replace(BIRCH, confidence=None)) == pytest.approx(0.8 * 0.5)


def test_it_fades_with_age() -> None:
    old = replace(BIRCH, since=NOW - 45 * DAY, lifetime_days=90)
    assert probability(old) == pytest.approx(0.32)


def test_a_dispute_lowers_what_it_disputes() -> None:
    disputed = replace(BIRCH, disputes=(Dispute("Cedar", "C", -2),))
    assert probability(disputed) == pytest.approx(0.64 * (1 - 0.6 * 0.8))


def test_counted_false_positives_say_how_much_is_disputed() -> None:
    told = Dispute("Cedar", "C", -1, False, false_positives=1, matched=10)
    assert told.share == pytest.approx(0.1)


def test_agreement_disputes_nothing() -> None:
    assert Dispute("Cedar", "C", 2).share == 0


def test_an_organization_disputes_once() -> None:
    once = (Dispute("Cedar", "C", -1),)
    assert probability(replace(BIRCH, disputes=once * 5)) == probability(
        replace(BIRCH, disputes=once)
    )


@given(st.lists(PIECES, max_size=6))
def test_it_is_a_probability_and_more_evidence_never_lowers_it(pieces: list[Evidence]) -> None:
    so_far = 0.0
    for count in range(len(pieces) + 1):
        now_is = probability(*pieces[:count])
        assert so_far <= now_is + 1e-12 <= 1 + 1e-12
        so_far = now_is


@given(st.lists(PIECES, min_size=1, max_size=4))
def test_the_order_of_the_evidence_does_not_matter(pieces: list[Evidence]) -> None:
    assessed = [assess(each, NOW) for each in permutations(pieces)]
    assert len({(each.probability, each.origins) for each in assessed}) == 1


@given(st.lists(PIECES, max_size=6))
def test_its_terms_multiply_to_it(pieces: list[Evidence]) -> None:
    assessed = assess(pieces, NOW)
    left = 1.0
    for term in assessed.terms:
        left *= 1 - term.value
    assert assessed.probability == pytest.approx(1 - left)


def test_it_says_why() -> None:
    disputed = replace(BIRCH, disputes=(Dispute("Forum", "A", -1),))
    echo = replace(CEDAR, origin="Mallory", ref="i3", standing=Standing.ECHO)
    told = explain(assess([disputed, echo], NOW), {"Birch": "Birch Labs"})
    assert told == [
        "0.34 = 1 - (1 - 0.34).",
        "Birch Labs (usually reliable, 0.8) states 80 of 100 by indicator i1; 100% of it is left by"
        " its age, 52% after the doubts of Forum: 0.34.",
        "Mallory adds nothing: every token of i3 was known from others before.",
    ]


def test_it_says_that_nothing_counts() -> None:
    assert explain(assess([], NOW)) == ["0.00: nothing counts."]


@pytest.mark.parametrize(
    ("confidence", "word", "number"),
    [
        (0, "None", 0), (1, "Low", 15), (29, "Low", 15), (30, "Med", 50),
        (69, "Med", 50), (70, "High", 85), (100, "High", 85),
    ],
)  # fmt: skip
def test_none_low_med_high_is_as_in_stix(confidence: int, word: str, number: int) -> None:
    assert scales.none_low_med_high(confidence) == word
    assert scales.confidence_of_word(word) == number


@pytest.mark.parametrize(
    ("confidence", "grade", "number"),
    [
        (None, "6", None), (0, "5", 10), (19, "5", 10), (20, "4", 30), (39, "4", 30),
        (40, "3", 50), (59, "3", 50), (60, "2", 70), (79, "2", 70), (80, "1", 90), (100, "1", 90),
    ],
)  # fmt: skip
def test_admiralty_credibility_is_as_in_stix(
    confidence: int | None, grade: str, number: int | None
) -> None:
    assert scales.credibility(confidence) == grade
    assert scales.confidence_of_credibility(grade) == number


def test_every_reliability_of_a_member_has_a_number() -> None:
    assert set(scales.RELIABILITY) == set("ABCDEF")
    assert all(0 < each < 1 for each in scales.RELIABILITY.values())
