"""Who decides on a draft, and when a detector no longer does."""

import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from indicators.detections.drafts.policy import (
    MAX_RATE,
    is_to_be_demoted,
    review_reasons,
    upper_bound,
)
from indicators.detections.vocabulary import vocabularies
from indicators.stix import Tlp
from tests.detections.clusters import ALDER, drafted, only, part, published
from tests.objects import identity

CONTENTS = list(published(drafted(part("email", 3), part("prompt-band", 16))).values())


def reasons(*contents: Any, policy: str = "publish", tlp: Tlp = Tlp.GREEN) -> list[str]:
    return review_reasons(contents, policy, tlp)


def campaign(**changes: Any) -> dict[str, Any]:
    return {**only(drafted(), "campaign"), **changes}


# --- Conditions ---


def test_facts_alone_are_published_without_a_person() -> None:
    assert reasons(*CONTENTS) == []


def test_a_detector_under_review_publishes_nothing_by_itself() -> None:
    assert reasons(*CONTENTS, policy="review") == ["policy: drafts of this detector are reviewed"]


def test_a_policy_that_is_not_known_asks_for_a_person() -> None:
    assert reasons(*CONTENTS, policy="")


@pytest.mark.parametrize("tlp", [Tlp.AMBER, Tlp.AMBER_STRICT, Tlp.RED])
def test_a_marking_above_green_asks_for_a_person(tlp: Tlp) -> None:
    assert reasons(*CONTENTS, tlp=tlp) == [f"marking: TLP:{tlp.value.upper()} is above TLP:GREEN"]


def test_clear_is_not_above_green() -> None:
    assert reasons(*CONTENTS, tlp=Tlp.CLEAR) == []


def test_an_organization_asks_for_a_person() -> None:
    assert "named organization: identity" in reasons(identity(ALDER))


def test_a_relationship_to_an_organization_asks_for_a_person() -> None:
    named = {
        "type": "relationship",
        "id": "relationship--498c2856-4a54-453c-ad15-25d76c20efde",
        "created_by_ref": ALDER,
        "relationship_type": "attributed-to",
        "source_ref": "threat-actor--15b83add-1207-4b23-a68d-c9d2184b5c0d",
        "target_ref": ALDER,
    }
    assert "named organization: relationship" in reasons(named)


@pytest.mark.parametrize(
    "changes",
    [
        {"description": "Half of it moved."},
        {"name": "Hydra"},
        {"aliases": ["Hydra"]},
        {"objective": "A copy."},
        {"labels": ["hydra"]},
        {"external_references": [{"source_name": "A report"}]},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_free_text_asks_for_a_person(changes: dict[str, Any]) -> None:
    found = reasons(campaign(**changes))
    assert len(found) == 1
    assert found[0].startswith("free text: ")


def test_free_text_in_an_extension_asks_for_a_person() -> None:
    told = campaign()
    (evidence,) = told["extensions"].values()
    evidence["account_count"]["as_reported"] = "hundreds"
    assert reasons(told) == ["free text: as_reported of campaign"]


TERMS = sorted(vocabularies().keys() - {"traits", "top_capability"})


@pytest.mark.parametrize("field", TERMS)
def test_a_term_in_no_vocabulary_asks_for_a_person(field: str) -> None:
    known = min(vocabularies()[field])
    told = only(drafted(**{field: [known, "poetry"]}), "campaign")
    assert reasons(told) == [f"unknown vocabulary: {field} of campaign"]


@pytest.mark.parametrize("field", TERMS)
def test_the_terms_of_a_vocabulary_ask_for_nobody(field: str) -> None:
    told = only(drafted(**{field: sorted(vocabularies()[field])}), "campaign")
    assert reasons(told) == []


def test_a_capability_of_traffic_in_no_vocabulary_asks_for_a_person() -> None:
    told = {**only(drafted(), "ai-traffic-aggregate"), "top_capability": "poetry"}
    assert reasons(told) == ["unknown vocabulary: top_capability of ai-traffic-aggregate"]


def test_reasons_do_not_repeat_what_was_written() -> None:
    assert "Wei Chen" not in str(reasons(campaign(description="By Wei Chen.")))


def test_one_reason_is_given_once() -> None:
    assert len(reasons(campaign(description="A"), campaign(description="B"))) == 1


# --- Demotion ---


def at_most(errors: int, trials: int, rate: float) -> float:
    """The binomial distribution term by term: slow, and plain to see."""
    return math.fsum(
        math.comb(trials, count) * rate**count * (1 - rate) ** (trials - count)
        for count in range(errors + 1)
    )


@pytest.mark.parametrize(
    ("errors", "reviewed", "bound"),
    # Without errors it is 1 - 0.05^(1/n): the "rule of three". The others are tabulated values.
    [(0, 1, 0.95), (0, 59, 0.0495), (0, 100, 0.0295), (1, 10, 0.3942), (5, 100, 0.1023)],
)
def test_the_bound_is_the_published_one(errors: int, reviewed: int, bound: float) -> None:
    assert upper_bound(errors, reviewed) == pytest.approx(bound, abs=0.0001)


@settings(deadline=None)  # the machine may be busy
@given(st.integers(1, 400).flatmap(lambda n: st.tuples(st.integers(0, n - 1), st.just(n))))
def test_at_the_bound_so_few_errors_have_a_chance_of_one_in_twenty(case: tuple[int, int]) -> None:
    errors, reviewed = case
    assert at_most(errors, reviewed, upper_bound(errors, reviewed)) == pytest.approx(0.05, abs=1e-6)


def test_nothing_is_known_before_anything_was_reviewed() -> None:
    assert upper_bound(0, 0) == 1


def test_more_errors_than_findings_are_a_mistake() -> None:
    with pytest.raises(ValueError, match="among the reviewed"):
        upper_bound(2, 1)


def test_many_findings_are_no_trouble() -> None:
    assert upper_bound(1_000, 100_000) == pytest.approx(0.01054, abs=0.0001)


@pytest.mark.parametrize("reviewed", [0, 1, 20, 58, 1_000])
def test_a_detector_without_errors_is_never_demoted(reviewed: int) -> None:
    assert not is_to_be_demoted(0, reviewed)


@pytest.mark.parametrize(("errors", "reviewed"), [(1, 1), (1, 2), (1, 19), (2, 8), (3, 19)])
def test_little_that_was_reviewed_demotes_nobody(errors: int, reviewed: int) -> None:
    assert not is_to_be_demoted(errors, reviewed)


@pytest.mark.parametrize(("errors", "reviewed"), [(2, 2), (2, 5), (3, 10), (5, 19)])
def test_errors_that_no_good_detector_makes_demote_at_once(errors: int, reviewed: int) -> None:
    assert is_to_be_demoted(errors, reviewed)


@pytest.mark.parametrize(("errors", "reviewed"), [(1, 20), (1, 92), (10, 200), (60, 1_000)])
def test_a_rate_that_may_be_too_high_demotes(errors: int, reviewed: int) -> None:
    assert upper_bound(errors, reviewed) > MAX_RATE
    assert is_to_be_demoted(errors, reviewed)


@pytest.mark.parametrize(("errors", "reviewed"), [(1, 93), (2, 200), (38, 1_000)])
def test_a_rate_that_is_surely_low_enough_does_not(errors: int, reviewed: int) -> None:
    assert not is_to_be_demoted(errors, reviewed)
