"""Which terms of a finding no vocabulary has."""

import pytest

from indicators.detections.vocabulary import unknown_terms, vocabularies
from tests.detections.reading import NATIVE, finding, found, ndjson, read_one


def unknown(**changes: object) -> list[tuple[str, str]]:
    return unknown_terms(found(read_one(NATIVE, ndjson(finding(**changes)))))


@pytest.mark.parametrize("field", sorted(vocabularies().keys() - {"traits", "top_capability"}))
def test_all_terms_of_a_vocabulary_are_known(field: str) -> None:
    assert unknown(**{field: sorted(vocabularies()[field])}) == []


@pytest.mark.parametrize("field", sorted(vocabularies().keys() - {"traits", "top_capability"}))
def test_a_term_outside_a_vocabulary_is_unknown(field: str) -> None:
    assert unknown(**{field: ["poetry"]}) == [(field, "poetry")]


def test_traits_of_coordination_have_a_vocabulary() -> None:
    coordination = {"method": "manual-analysis", "traits": ["load-balancing", "moonlit"]}
    assert unknown(coordination=coordination) == [("traits", "moonlit")]


def test_the_top_capability_is_a_capability() -> None:
    window = {"seconds": 3600, "account_count": 1, "request_count": 1, "top_capability": "poetry"}
    starts = ("2026-06-25T00:00:00Z", "2026-06-25T01:00:00Z")
    assert unknown(windows=[{**window, "start": start} for start in starts]) == [
        ("top_capability", "poetry")
    ]
