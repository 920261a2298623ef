"""Where the nodes of a graph go: in columns, ordered so that few lines cross. Deterministic."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

_SWEEPS = 6
_WIDTH, _GAP, _ROW, _MARGIN = 172, 44, 40, 12
NODE_HEIGHT = 28
# A narrower drawing would be shown larger than its words need.
_LEAST = 860


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
    neighbours = _neighbours(layers, edges)
    columns = _columns(layers)
    order = {name: float(at) for column in columns for at, name in enumerate(column)}
    for _ in range(_SWEEPS):
        for column in columns:
            column.sort(key=lambda name: (_pull(name, neighbours, order), order[name], name))
            for at, name in enumerate(column):
                order[name] = at - len(column) / 2
    return _placed(columns, _GAP * 1.6 if arcs else _GAP, spare=arcs)


def _placed(columns: Sequence[Sequence[str]], gap: float, *, spare: bool) -> Layout:
    """Columns beside each other, in the middle; `spare`: lines need room after the last, too."""
    tallest = max(map(len, columns), default=1)
    width = len(columns) * (_WIDTH + gap) - (0 if spare else gap)
    left = max(_MARGIN, (_LEAST - width) / 2)
    places = {
        name: (
            left + number * (_WIDTH + gap),
            _MARGIN + ((tallest - len(column)) / 2 + at) * _ROW,
        )
        for number, column in enumerate(columns)
        for at, name in enumerate(column)
    }
    return Layout(places, max(width, 0) + 2 * left, 2 * _MARGIN + tallest * _ROW)


def _neighbours(
    layers: Mapping[str, int], edges: Iterable[tuple[str, str]]
) -> Mapping[str, Sequence[str]]:
    """Of other columns: what lies in the same one is kept together by what both belong to."""
    found: defaultdict[str, list[str]] = defaultdict(list)
    for first, second in edges:
        if layers[first] == layers[second]:
            continue
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
