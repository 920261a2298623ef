"""Groups by their edges, and which of them keep which id."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from itertools import count
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from indicators.reconcile.components import Change, Settled, components, settle

X, Y, Z, NEW = (UUID(int=number) for number in (1, 2, 3, 100))
START = datetime(2026, 3, 1, tzinfo=UTC)
FORMED = {X: START, Y: START + timedelta(days=1), Z: START + timedelta(days=2)}

NODES = st.sampled_from("abcdefgh")
EDGES = st.lists(st.tuples(NODES, NODES), max_size=10)
SEATS = st.dictionaries(NODES, st.sampled_from([X, Y, Z]))


def settled(groups: Iterable[str], seats: Mapping[str, UUID], **more: Mapping[str, int]) -> Settled:
    numbers = count(100)
    named = [frozenset(group) for group in groups]
    return settle(named, seats, FORMED, lambda: UUID(int=next(numbers)), **more)


@given(EDGES)
def test_components_are_the_classes_of_being_connected(edges: list[tuple[str, str]]) -> None:
    groups = components("abcdefgh", edges)
    assert sorted(node for group in groups for node in group) == list("abcdefgh")
    where = {node: group for group in groups for node in group}
    assert all(where[first] == where[second] for first, second in edges)
    assert len(groups) >= 8 - len(edges)


@given(EDGES)
def test_the_order_of_edges_does_not_matter(edges: list[tuple[str, str]]) -> None:
    assert components("abcdefgh", edges) == components("hgfedcba", reversed(edges))


def test_the_larger_part_keeps_the_id() -> None:
    found = settled(["a", "bc"], dict.fromkeys("abc", X))
    assert found.groups == {NEW: frozenset("a"), X: frozenset("bc")}
    assert Change(NEW, "split", X, ("a",)) in found.changes
    assert Change(X, "left", NEW, ("a",)) in found.changes


def test_a_node_that_stands_for_many_weighs_as_much() -> None:
    found = settled(["a", "bc"], dict.fromkeys("abc", X), weights={"a": 10})
    assert found.groups[X] == frozenset("a")


def test_of_two_that_merge_the_older_survives() -> None:
    found = settled(["abc"], {"a": X, "b": Y, "c": Y})
    assert (found.groups, found.merged) == ({X: frozenset("abc")}, {Y: X})
    assert found.changes == (Change(X, "merged", Y, ("b", "c")),)


def test_what_is_new_is_formed() -> None:
    assert settled(["ab"], {}).changes == (Change(NEW, "formed", None, ("a", "b")),)


def test_what_is_new_joins_what_was_there() -> None:
    assert settled(["ab"], {"a": X}).changes == (Change(X, "joined", None, ("b",)),)


def test_half_of_the_members_replaced_keeps_the_id() -> None:
    assert set(settled(["abcd"], {"a": X, "b": X, "y": X, "z": X}).groups) == {X}


def test_a_part_that_goes_over_leaves_its_id_behind() -> None:
    found = settled(["ab", "cde"], {"a": X, "b": X, "c": X, "d": Y, "e": Y})
    assert found.groups == {X: frozenset("ab"), Y: frozenset("cde")}
    assert set(found.changes) == {Change(Y, "joined", X, ("c",)), Change(X, "left", Y, ("c",))}


@given(EDGES, SEATS)
def test_every_group_has_one_id_and_every_id_ends_at_most_once(
    edges: list[tuple[str, str]], seats: dict[str, UUID]
) -> None:
    groups = components("abcdefgh", edges)
    found = settled(["".join(sorted(group)) for group in groups], seats)
    assert sorted(map(sorted, found.groups.values())) == sorted(map(sorted, groups))
    assert not set(found.merged) & set(found.groups)
    assert set(found.merged.values()) <= set(found.groups)


@given(EDGES, SEATS)
def test_settling_what_is_settled_changes_nothing(
    edges: list[tuple[str, str]], seats: dict[str, UUID]
) -> None:
    groups = components("abcdefgh", edges)
    numbers = count(100)
    first = settle(groups, seats, FORMED, lambda: UUID(int=next(numbers)))
    placed = {node: joint for joint, group in first.groups.items() for node in group}
    formed = {joint: FORMED.get(joint, START) for joint in first.groups}
    again = settle(groups, placed, formed, lambda: UUID(int=next(numbers)))
    assert (again.groups, again.changes) == (first.groups, ())
