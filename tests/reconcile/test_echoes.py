"""An indicator that only repeats what others said before is an echo of them."""

import pytest

from indicators.reconcile.echoes import echoes
from indicators.store.sql import open_cursor
from tests.reconcile.claims import claim, cluster, know, member, publish, store

pytestmark = pytest.mark.django_db


def echoed(*indicators: str) -> dict[str, set[str]]:
    """Whom each echo repeats, by name."""
    names = {each.pk: each.name for each in map(member, ("Alder", "Birch", "Cedar", "Mallory"))}
    with open_cursor() as cursor:
        found = echoes(cursor, indicators)
    return {stix_id: {names[origin] for origin in origins} for stix_id, origins in found.items()}


def test_repeating_what_another_said_is_an_echo() -> None:
    claim("Birch", "a", [1, 2, 3])
    copy = store("Mallory", "copy", [1, 2])
    assert echoed(copy) == {copy: {"Birch"}}


def test_tokens_from_several_others_are_an_echo_of_them_all() -> None:
    claim("Birch", "a", [1])
    claim("Cedar", "b", [2])
    copy = store("Mallory", "copy", [1, 2])
    assert echoed(copy) == {copy: {"Birch", "Cedar"}}


def test_one_token_of_its_own_makes_it_a_claim() -> None:
    claim("Birch", "a", [1, 2])
    assert echoed(store("Cedar", "b", [1, 2, 3])) == {}


def test_repeating_oneself_is_none() -> None:
    claim("Birch", "a", [1])
    assert echoed(store("Birch", "b", [1])) == {}


def test_within_a_batch_the_earlier_in_the_log_was_first() -> None:
    original, copy = store("Birch", "a", [1]), store("Mallory", "copy", [1])
    assert echoed(original, copy) == {copy: {"Birch"}}


def test_what_was_a_claim_stays_one_when_others_repeat_it() -> None:
    original = claim("Birch", "a", [1])
    claim("Mallory", "copy", [1], echo_of="Birch")
    assert echoed(original) == {}


def test_an_echo_becomes_a_claim_by_what_it_adds() -> None:
    claim("Birch", "a", [1])
    copy = claim("Cedar", "b", [1], echo_of="Birch")
    assert set(echoed(copy)) == {copy}
    store("Cedar", "b", [1, 2])
    assert echoed(copy) == {}


def test_what_was_not_reconciled_yet_was_not_said_before() -> None:
    store("Birch", "a", [1])
    assert echoed(store("Cedar", "b", [1])) == {}


def test_what_this_node_found_itself_is_none() -> None:
    claim("Birch", "a", [1])
    assert echoed(publish(cluster(), "own", [1])) == {}


def test_repeating_what_this_node_said_is_an_echo_of_it() -> None:
    publish(cluster(), "own", [1])
    copy = store("Mallory", "copy", [1])
    assert echoed(copy) == {copy: {"Alder"}}


def test_what_has_no_tokens_is_none() -> None:
    assert echoed(store("Birch", "a", [])) == {}
    assert echoed() == {}


def test_known_before_is_by_token_whoever_is_live() -> None:
    claim("Birch", "a", [1])
    know("Birch", "a", is_live=False)
    copy = store("Mallory", "copy", [1])
    assert set(echoed(copy)) == {copy}
