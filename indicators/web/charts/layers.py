"""Where the nodes of a graph go: in columns, ordered so that few lines cross. Deterministic."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

_SWEEPS = 6
_WIDTH, _GAP, _ROW, _MARGIN = 156, 56, 40, 12
NODE_HEIGHT = 28


@dataclass(frozen=True, slots=True)
class Layout:
    """The left upper corner of each node, and the size of the whole."""

    places: Mapping[str, tuple[float, float]]
    width: float
    height: float
    node_width: float = _WIDTH


def lay_out(
    layers: Mapping[str, int], edges: Iterable[tuple[str, str]], *, arcs: bool = False
) -> Layout:
    """Columns by layer, each centred; `arcs` leaves room for lines within a column."""
    neighbours = _neighbours(edges)
    columns = _columns(layers)
    order = {name: float(at) for column in columns for at, name in enumerate(column)}
    for _ in range(_SWEEPS):
        for column in columns:
            column.sort(key=lambda name: (_pull(name, neighbours, order), order[name], name))
            for at, name in enumerate(column):
                order[name] = at - len(column) / 2
    tallest = max(map(len, columns), default=1)
    gap = _GAP * 1.6 if arcs else _GAP
    places = {
        name: (
            _MARGIN + number * (_WIDTH + gap),
            _MARGIN + ((tallest - len(column)) / 2 + at) * _ROW,
        )
        for number, column in enumerate(columns)
        for at, name in enumerate(column)
    }
    width = 2 * _MARGIN + len(columns) * (_WIDTH + gap) - (0 if arcs else gap)
    return Layout(places, max(width, 2 * _MARGIN + _WIDTH), 2 * _MARGIN + tallest * _ROW)


def _neighbours(edges: Iterable[tuple[str, str]]) -> Mapping[str, Sequence[str]]:
    found: defaultdict[str, list[str]] = defaultdict(list)
    for first, second in edges:
        found[first].append(second)
        found[second].append(first)
    return found


def _columns(layers: Mapping[str, int]) -> list[list[str]]:
    columns: defaultdict[int, list[str]] = defaultdict(list)
    for name, layer in layers.items():
        columns[layer].append(name)
    return [columns[layer] for layer in sorted(columns)]


def _pull(name: str, neighbours: Mapping[str, Sequence[str]], order: Mapping[str, float]) -> float:
    """The middle of its neighbours: where its lines are shortest."""
    near = [order[each] for each in neighbours.get(name, ()) if each in order]
    return sum(near) / len(near) if near else order[name]
