"""Nodes and what connects them, in columns; nodes are links."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from django.utils.safestring import SafeString

from indicators.web.charts.layers import NODE_HEIGHT, Layout, lay_out
from indicators.web.charts.markup import Table, Words, element, figure, middled, text

#: More than these are drawn as one node of their kind, with their number.
MOST_NODES = 300
_MOST_ALIKE = 12
_SHOWN = 24
_SIZE = 12
_TONES = {
    "own": "s1 node-own",
    "peer": "s2 node-peer",
    "actor": "s4 node-actor",
    "plain": "axis",
}


@dataclass(frozen=True, slots=True)
class Node:
    """`layer`: its column. `tone`: own, peer, actor or plain. `count`: how many it stands for."""

    id: str
    label: str
    kind: str
    layer: int
    tone: str = "plain"
    url: str = ""
    note: str = ""
    count: int = 1


@dataclass(frozen=True, slots=True)
class Edge:
    first: str
    second: str
    label: str = ""


def graph(
    nodes: Sequence[Node],
    edges: Iterable[Edge],
    *,
    key: str,
    title: str,
    description: str = "",
) -> SafeString:
    """At most MOST_NODES of them: what has the same kind and the same neighbours is put together.

    The same nodes and edges make the same drawing, whatever their order.
    """
    shown, lines = gathered(nodes, edges)
    columns = {each.id: each.layer for each in shown}
    arcs = any(columns[each.first] == columns[each.second] for each in lines)
    layout = lay_out(columns, [(each.first, each.second) for each in lines], arcs=arcs)
    drawn = element(
        "g",
        *(_edge(each, layout, columns) for each in lines),
        *(_node(each, layout) for each in shown),
        class_="viewport",
    )
    words = Words(key, title, description or _described(nodes, lines))
    size = (layout.width, layout.height)
    return figure(words, size, [drawn], _table(shown, lines), role="group", kind="chart wide")


def gathered(nodes: Iterable[Node], edges: Iterable[Edge]) -> tuple[list[Node], list[Edge]]:
    """The nodes and edges to draw: many that are alike as one, then the rest of the largest kinds.

    Alike: the same kind, column and neighbours. Nothing is lost from the counts.
    """
    known = {each.id: each for each in sorted(nodes, key=lambda node: (node.layer, node.id))}
    lines = sorted(
        {each for each in edges if each.first in known and each.second in known},
        key=lambda edge: (edge.first, edge.second, edge.label),
    )
    stands = _alike(known, lines, _MOST_ALIKE)
    if len(set(stands.values())) > MOST_NODES:
        stands = _by_kind(known)
    return _merged(known, stands), _moved(lines, stands)


def _alike(known: Mapping[str, Node], lines: Sequence[Edge], most: int) -> dict[str, str]:
    """Node → the one that stands for it."""
    around: defaultdict[str, set[str]] = defaultdict(set)
    for each in lines:
        around[each.first].add(each.second)
        around[each.second].add(each.first)
    groups: defaultdict[tuple[str, int, frozenset[str]], list[str]] = defaultdict(list)
    for name, node in known.items():
        groups[node.kind, node.layer, frozenset(around[name])].append(name)
    stands = {}
    for names in groups.values():
        for name in names:
            stands[name] = names[0] if len(names) > most else name
    return stands


def _by_kind(known: Mapping[str, Node]) -> dict[str, str]:
    """The first of each kind by themselves, the rest of the kind as one."""
    kinds = {(each.kind, each.layer) for each in known.values()}
    share = MOST_NODES // len(kinds) - 1
    seen: defaultdict[tuple[str, int], list[str]] = defaultdict(list)
    stands = {}
    for name, node in known.items():
        # More kinds than nodes that are drawn: then by column alone.
        alike = seen["" if share < 0 else node.kind, node.layer]
        alike.append(name)
        stands[name] = name if len(alike) <= share else alike[max(share, 0)]
    return stands


def _merged(known: Mapping[str, Node], stands: Mapping[str, str]) -> list[Node]:
    numbers: Counter[str] = Counter()
    held: Counter[str] = Counter(stands.values())
    for name, stand in stands.items():
        numbers[stand] += known[name].count
    merged = []
    for stand, number in numbers.items():
        node = known[stand]
        if held[stand] > 1:
            label = f"{held[stand]:,} \N{MULTIPLICATION SIGN} {node.kind}"
            node = replace(node, label=label, note="", url="", count=number)
        merged.append(node)
    return merged


def _moved(lines: Iterable[Edge], stands: Mapping[str, str]) -> list[Edge]:
    moved = (replace(each, first=stands[each.first], second=stands[each.second]) for each in lines)
    return list(dict.fromkeys(each for each in moved if each.first != each.second))


def _node(each: Node, layout: Layout) -> SafeString:
    x, y = layout.places[each.id]
    width = layout.node_width
    shape = element(
        "rect",
        x=x,
        y=y,
        width=width,
        height=NODE_HEIGHT,
        rx=6,
        fill="none",
        fill_opacity=0.16,
        class_=_TONES[each.tone],
    )
    name = text(
        x + width / 2,
        y + NODE_HEIGHT / 2 + _SIZE / 3,
        middled(each.label, _SHOWN),
        text_anchor="middle",
        font_size=_SIZE,
    )
    whole = element("title", ": ".join(filter(None, (each.kind, each.label, each.note))))
    drawn = [whole, shape, name]
    if each.url:
        return element("a", *drawn, href=each.url, data_node=each.id)
    return element("g", *drawn, data_node=each.id)


def _edge(each: Edge, layout: Layout, columns: Mapping[str, int]) -> SafeString:
    first, second = each.first, each.second
    if columns[first] > columns[second]:
        first, second = second, first
    (x1, y1), (x2, y2) = layout.places[first], layout.places[second]
    x1, y1, y2 = x1 + layout.node_width, y1 + NODE_HEIGHT / 2, y2 + NODE_HEIGHT / 2
    if columns[first] == columns[second]:  # an arc beside the column
        x2 = x1
        bend = x1 + min(20 + abs(y2 - y1) * 0.25, 110)
        course = f"M{x1:.1f} {y1:.1f}C{bend:.1f} {y1:.1f} {bend:.1f} {y2:.1f} {x2:.1f} {y2:.1f}"
    else:
        half = (x1 + x2) / 2
        course = f"M{x1:.1f} {y1:.1f}C{half:.1f} {y1:.1f} {half:.1f} {y2:.1f} {x2:.1f} {y2:.1f}"
    said = [element("title", each.label)] if each.label else []
    return element(
        "path",
        *said,
        d=course,
        fill="none",
        class_="edge",
        data_first=each.first,
        data_second=each.second,
    )


def _table(shown: Sequence[Node], lines: Sequence[Edge]) -> Table:
    labels = {each.id: each.label for each in shown}
    near: defaultdict[str, list[str]] = defaultdict(list)
    for each in lines:
        near[each.first].append(_said(each.label, labels[each.second]))
        near[each.second].append(_said(each.label, labels[each.first]))
    rows = [
        (each.label, each.kind, f"{each.count:,}", "; ".join(near[each.id]) or "nothing")
        for each in shown
    ]
    return Table(("Node", "Kind", "Stands for", "Connected with"), rows)


def _said(label: str, other: str) -> str:
    return f"{other} ({label})" if label else other


def _described(nodes: Sequence[Node], lines: Sequence[Edge]) -> str:
    kinds = Counter(each.kind for each in nodes)
    counts = ", ".join(f"{number:,} {kind}" for kind, number in sorted(kinds.items()))
    return f"{counts or 'Nothing'}; {len(lines)} connections drawn."
