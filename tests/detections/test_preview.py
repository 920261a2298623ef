"""What peers will see, what became tokens, and what stays here and why."""

from datetime import timedelta
from typing import Any

import msgspec
import pytest

from indicators.detections.drafts.drafting import draft
from indicators.detections.drafts.preview import (
    FREE_TEXT,
    IN_THE_FUTURE,
    NOT_A_NAME,
    NOT_A_TERM,
    Preview,
    Sifted,
    sift,
)
from tests.detections.clusters import NOW, drafted, facts, finding, part, state, terms, window


def sifted(account_count: int = 312, **changes: Any) -> Sifted:
    return sift(facts(**changes), account_count, 10, NOW)


def reasons(result: Sifted) -> dict[str, str]:
    return {each.field: each.reason for each in result.withheld}


def test_what_goes_is_listed_as_it_goes() -> None:
    first = drafted(part())
    assert [(each.role, each.object_id) for each in first.preview.goes] == [
        (role, content["id"]) for role, content in first.objects
    ]


def test_tokens_are_counted_by_kind() -> None:
    first = drafted(part("email", 3), part("email", 2, number=2), part("phone", 4))
    assert first.preview.tokenized == {"email": 5, "phone": 4}


def test_tokens_that_are_taken_back_are_not_counted() -> None:
    emptied = part("email", 0, is_new=False)
    assert draft(state(None, emptied), terms(), {}).preview.tokenized == {}


def test_free_text_stays() -> None:
    told = reasons(sifted())
    assert [name for name, reason in told.items() if reason == FREE_TEXT] == [
        "title",
        "description",
        "cluster.size.as_reported",
    ]


def test_what_is_known_of_single_accounts_stays() -> None:
    assert "accounts" in reasons(sifted())


def test_a_cluster_without_accounts_has_nothing_of_them_to_withhold() -> None:
    assert "accounts" not in reasons(sifted(account_count=0))


def test_a_window_of_too_few_accounts_stays() -> None:
    result = sifted(windows=[window(account_count=9), window(seconds=3600)])
    assert [each.seconds for each in result.facts.windows] == [3600]
    assert "1 of them tell of fewer than 10 accounts" in reasons(result)["windows"]


def test_a_window_of_just_enough_accounts_goes() -> None:
    assert "windows" not in reasons(sifted(windows=[window(account_count=10)]))


def test_totals_of_too_few_accounts_stay() -> None:
    result = sifted(cluster={"key": "k", "size": {"value": 9}})
    assert (result.facts.interaction_count, result.facts.output_token_count) == (None, None)


def test_totals_are_of_the_accounts_that_were_sent_if_no_size_is_stated() -> None:
    result = sifted(account_count=3, cluster={"key": "k"})
    assert "interaction_count" in reasons(result)


def test_what_lies_in_the_future_stays() -> None:
    late = (NOW + timedelta(days=2)).isoformat()
    result = sifted(cluster={"key": "k", "last_seen": late}, windows=[window(start=late)])
    told = reasons(result)
    assert (told["last_seen"], told["windows"]) == (IN_THE_FUTURE, IN_THE_FUTURE)


def test_a_clock_may_be_a_little_fast() -> None:
    soon = (NOW + timedelta(hours=1)).isoformat()
    assert sifted(cluster={"key": "k", "last_seen": soon}).facts.last_seen is not None


def test_a_window_at_the_end_of_the_calendar_can_be_drafted() -> None:
    assert drafted(windows=[window(start="9999-12-31T23:59:59Z")]).objects


@pytest.mark.parametrize(
    "provider",
    ["Mail ana@example.org", "leaf, by Wei Chen", "one two three four", "x" * 65, "+15550100123"],
)
def test_what_is_no_name_of_a_product_stays(provider: str) -> None:
    result = sifted(model_targets=[{"provider": provider}])
    assert result.facts.model_targets == ()
    assert reasons(result)["model_targets"] == NOT_A_NAME


@pytest.mark.parametrize("name", ["Alder", "leaf-4.5", "Leaf 4.5 Large", "org/leaf-4:2025-11-01"])
def test_names_of_products_go(name: str) -> None:
    assert sifted(model_targets=[{"provider": name}]).facts.model_targets


def test_a_pivot_to_no_product_stays() -> None:
    assert sifted(pivots=[{"trigger": "other", "to_model": "ana@example.org"}]).facts.pivots == ()


def test_a_version_that_is_none_stays() -> None:
    assert reasons(sifted(detector_version="by ana@example.org"))["detector_version"] == NOT_A_NAME


@pytest.mark.parametrize(
    "field", ["capability_targets", "elicitation_techniques", "training_purposes", "access_paths"]
)
def test_a_term_that_looks_like_an_identifier_stays(field: str) -> None:
    result = sifted(**{field: ["coding", "1-555-010-0123"]})
    assert getattr(result.facts, field) == ("coding",)
    assert reasons(result)[field] == NOT_A_TERM


def test_a_trait_that_looks_like_an_identifier_stays() -> None:
    evidence = {"method": "manual-analysis", "traits": ["15550100123", "load-balancing"]}
    result = sifted(coordination=evidence)
    assert result.facts.coordination is not None
    assert result.facts.coordination.traits == ("load-balancing",)


def test_a_capability_that_looks_like_an_identifier_stays_without_its_window() -> None:
    (told,) = sifted(windows=[window(top_capability="15550100123")]).facts.windows
    assert (told.top_capability, told.request_count) == (None, 61240)


def test_what_may_go_is_unchanged() -> None:
    cluster = {"key": "k", "size": {"value": 312}}
    plain = facts(title=None, description=None, cluster=cluster)
    assert sift(plain, 0, 10, NOW) == Sifted(plain, ())


def test_a_preview_holds_nothing_that_stays() -> None:
    account = {"ref": "acct-77", "identifiers": [{"kind": "email", "value": "ana@example.org"}]}
    told = finding(accounts=[account])
    shown = msgspec.json.encode(drafted(part(), accounts=[account]).preview)
    for text in (told.title, told.description, "acct-77", "ana@example.org", "hydra-1"):
        assert text is not None
        assert text.encode() not in shown


def test_a_preview_comes_back_from_its_bytes() -> None:
    shown = drafted(part()).preview
    assert msgspec.json.decode(msgspec.json.encode(shown), type=Preview) == shown
