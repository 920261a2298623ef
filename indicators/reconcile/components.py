"""Who belongs together, and which joint cluster keeps its id when that changes.

A joint cluster outlives its members: where it falls apart, the largest part keeps the id; where
several come together, the oldest does. So an id means one actor for as long as anybody sees it.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

Group = frozenset[str]


@dataclass(frozen=True, slots=True)
class Change:
    """What became of a joint cluster: formed, joined, left, merged or split (off `other`)."""

    joint: UUID
    what: str
    other: UUID | None
    nodes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Settled:
    """Each group with the id of its joint cluster; which clusters ended in which; the story."""

    groups: Mapping[UUID, Group]
    merged: Mapping[UUID, UUID]
    changes: tuple[Change, ...]


def components(nodes: Iterable[str], edges: Iterable[tuple[str, str]]) -> list[Group]:
    """The connected components, those with the smallest node first. Ends of edges are nodes."""
    roots = {node: node for node in nodes}
    for first, second in edges:
        low, high = sorted((_root(roots, first), _root(roots, second)))
        roots[high] = low
    found: defaultdict[str, set[str]] = defaultdict(set)
    for node in roots:
        found[_root(roots, node)].add(node)
    return [frozenset(found[root]) for root in sorted(found)]


def settle(
    groups: Sequence[Group],
    seats: Mapping[str, UUID],
    formed: Mapping[UUID, datetime],
    new_id: Callable[[], UUID],
    weights: Mapping[str, int] | None = None,
) -> Settled:
    """Give each group the id of a joint cluster that it continues, or a new one.

    seats: the cluster that a node was in. weights: how many subjects a node stands for, if not one.
    formed: when each cluster in `seats` began.
    """
    heirs = _heirs(groups, seats, weights or {})
    settled: dict[UUID, Group] = {}
    merged: dict[UUID, UUID] = {}
    new: set[UUID] = set()
    for number, group in enumerate(groups):
        claims = sorted(heirs.get(number, ()), key=lambda joint: (formed[joint], joint))
        joint = claims[0] if claims else new_id()
        settled[joint] = group
        merged |= dict.fromkeys(claims[1:], joint)
        if not claims:
            new.add(joint)
    changes = [
        change
        for joint, group in settled.items()
        for change in _changes(joint, group, seats, merged, is_new=joint in new)
    ]
    return Settled(settled, merged, tuple(changes))


def _root(roots: dict[str, str], node: str) -> str:
    while roots[node] != node:
        roots[node] = roots[roots[node]]
        node = roots[node]
    return node


def _heirs(
    groups: Sequence[Group], seats: Mapping[str, UUID], weights: Mapping[str, int]
) -> dict[int, list[UUID]]:
    """By number of a group, the clusters of which it holds the largest part."""
    parts: defaultdict[UUID, Counter[int]] = defaultdict(Counter)
    for number, group in enumerate(groups):
        for node in group:
            if node in seats:
                parts[seats[node]][number] += weights.get(node, 1)
    heirs: defaultdict[int, list[UUID]] = defaultdict(list)
    for joint, sizes in parts.items():
        largest = max(sizes, key=lambda number: (sizes[number], -number))
        heirs[largest].append(joint)
    return heirs


def _changes(
    joint: UUID,
    group: Group,
    seats: Mapping[str, UUID],
    merged: Mapping[UUID, UUID],
    *,
    is_new: bool,
) -> Iterable[Change]:
    came: defaultdict[UUID | None, list[str]] = defaultdict(list)
    for node in sorted(group):
        if seats.get(node) != joint:
            came[seats.get(node)].append(node)
    if is_new and set(came) == {None}:
        yield Change(joint, "formed", None, tuple(came[None]))
        return
    for before, nodes in came.items():
        if before is None:
            yield Change(joint, "joined", None, tuple(nodes))
        elif merged.get(before) == joint:
            yield Change(joint, "merged", before, tuple(nodes))
        else:
            yield Change(joint, "split" if is_new else "joined", before, tuple(nodes))
            yield Change(before, "left", joint, tuple(nodes))
