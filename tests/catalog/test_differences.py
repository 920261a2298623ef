"""Differences between versions, field by field, in people's words."""

from typing import Any

from indicators.catalog.differences import MOST_CHARACTERS, Difference, differences
from indicators.detections.drafts.objects import EXTENSIONS

CAMPAIGN = EXTENSIONS["distillation-campaign"]
SIGNATURE = EXTENSIONS["origin-signature"]


def token(letter: str) -> str:
    return f"psi1.aaaaaaaa.{letter * 21}A"


def pattern(letters: str) -> str:
    return "[identifier-token:value IN (" + ", ".join(f"'{token(x)}'" for x in letters) + ")]"


def one(old: dict[str, Any] | None, new: dict[str, Any]) -> Difference:
    [found] = differences(old, new)
    return found


def test_equal_versions_do_not_differ() -> None:
    assert differences({"name": "Birch"}, {"name": "Birch"}) == []


def test_the_times_of_the_versions_are_no_difference() -> None:
    assert differences({"modified": "2026-01-01"}, {"modified": "2026-02-01"}) == []


def test_another_signature_is_no_difference() -> None:
    old = {"extensions": {SIGNATURE: {"jws": "a"}}}
    assert differences(old, {"extensions": {SIGNATURE: {"jws": "b"}}}) == []


def test_a_changed_field_has_both_texts() -> None:
    found = one({"confidence": 50}, {"confidence": 1200})
    assert (found.kind, found.label, found.before, found.after) == (
        "changed",
        "Confidence",
        "50",
        "1,200",
    )


def test_a_new_field_has_nothing_before() -> None:
    assert one({}, {"name": "x"}) == Difference(("name",), None, "x")


def test_a_removed_field_has_nothing_after() -> None:
    assert one({"name": "x"}, {}).kind == "removed"


def test_of_a_first_version_everything_is_new() -> None:
    assert one(None, {"revoked": True}) == Difference(("revoked",), None, "yes")


def test_a_field_of_our_extension_is_named_by_the_extension() -> None:
    old = {"extensions": {CAMPAIGN: {"allegation_status": "alleged"}}}
    found = one(old, {"extensions": {CAMPAIGN: {"allegation_status": "disputed"}}})
    assert found.label == "Distillation campaign · Allegation status"


def test_a_count_keeps_its_qualifier() -> None:
    told = {"value": 150000, "qualifier": "gt", "as_reported": "over 150,000 exchanges"}
    found = one({}, {"extensions": {CAMPAIGN: {"interaction_count": told}}})
    assert found.after == "> 150,000"


def test_a_list_in_another_order_has_not_changed() -> None:
    assert differences({"labels": ["a", "b"]}, {"labels": ["b", "a"]}) == []


def test_of_a_list_only_what_left_and_joined_is_told() -> None:
    found = one({"labels": ["a", "b"]}, {"labels": ["b", "c"]})
    assert (found.before, found.after) == ("a", "c")


def test_tokens_are_counted_not_shown() -> None:
    found = one({"pattern": pattern("BCD")}, {"pattern": pattern("CDEF")})
    assert (found.before, found.after) == (
        "3 tokens, 1 of them gone",
        "4 tokens, 2 of them new",
    )


def test_a_pattern_without_tokens_is_a_text() -> None:
    found = one({"pattern": "[a:b = 1]"}, {"pattern": "[a:b = 2]"})
    assert found.after == "[a:b = 2]"


def test_a_long_text_is_cut() -> None:
    found = one({}, {"description": "a" * 5000})
    assert found.after is not None and len(found.after) == MOST_CHARACTERS + 1
