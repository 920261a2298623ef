"""Objects in people's words: all that is said is told, and what has to be read stands out."""

from typing import Any

from indicators.detections.drafts.telling import Fact, facts_of, tell, title
from indicators.stix import Tlp
from tests.detections.clusters import drafted, only, part


def fact(content: dict[str, Any], label: str) -> Fact:
    return next(each for each in tell(content).facts if each.label == label)


def test_a_count_keeps_how_exact_it_is() -> None:
    told = fact(only(drafted(), "campaign"), "Interaction count")
    assert (told.kind, told.value) == ("count", {"value": 61240, "qualifier": "gt"})


def test_a_time_is_a_time() -> None:
    assert fact(only(drafted(), "campaign"), "First seen").kind == "time"


def test_the_tokens_of_a_pattern_are_counted_and_not_shown() -> None:
    content = only(drafted(part(size=7)), "indicator")
    told = fact(content, "Tokens")
    assert (told.kind, told.value) == ("number", 7)
    assert "psi1." not in str(tell(content).facts)


def test_a_relationship_is_called_after_what_it_says() -> None:
    assert (
        title({"type": "relationship", "relationship_type": "attributed-to",
               "source_ref": "campaign--1", "target_ref": "threat-actor--2"})
        == "Campaign attributed to threat actor"
    )  # fmt: skip


def test_the_marking_is_told() -> None:
    assert tell(only(drafted(), "campaign")).marking is Tlp.GREEN


def test_words_of_a_person_have_to_be_read() -> None:
    content = {**only(drafted(), "campaign"), "description": "They rotate resellers."}
    assert tell(content).unread == (("description", "They rotate resellers."),)


def test_what_vocabularies_and_forms_vouch_for_has_not() -> None:
    assert tell(only(drafted(part()), "indicator")).unread == ()


def test_a_property_without_words_of_its_own_is_told_by_its_name() -> None:
    assert tell({"type": "note", "x_some_thing": "new"}).facts == (
        Fact("X some thing", "text", "new"),
    )


def test_what_is_empty_is_not_told() -> None:
    assert facts_of({"size": None, "terms": (), "traits": []}) == ()


def test_what_begins_is_told_before_what_ends() -> None:
    window = {"end": "2026-03-02T00:00:00Z", "start": "2026-03-01T00:00:00Z"}
    told = fact({"type": "note", "x_window": window}, "X window")
    assert [each.label for each in told.value] == ["Start", "End"]
