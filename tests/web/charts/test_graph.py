"""The graph: bounded, deterministic, and nothing lost from its counts."""

from itertools import pairwise
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from indicators.web.charts import MOST_NODES, Edge, Node, graph
from indicators.web.charts.graph import gathered
from indicators.web.charts.layers import NODE_HEIGHT, lay_out


def nodes(count: int, *, kinds: int = 1, layers: int = 3) -> list[Node]:
    return [Node(f"n{n}", f"Node {n}", f"kind {n % kinds}", n % layers) for n in range(count)]


def chained(count: int) -> list[Edge]:
    """Every node has neighbours of its own, so that no two are alike."""
    return [Edge(f"n{n}", f"n{n + 1}") for n in range(count - 1)]


def test_a_cluster_of_25_000_accounts_is_one_node_with_its_number() -> None:
    accounts = [Node(f"a{n}", f"Account {n}", "Account", 1) for n in range(25_000)]
    network = Node("network", "Network", "Network", 0)
    edges = [Edge("network", each.id) for each in accounts]
    shown, lines = gathered([network, *accounts], edges)
    assert [each.count for each in shown] == [1, 25_000]
    assert len(lines) == 1


def test_no_more_nodes_are_drawn_than_can_be_looked_at() -> None:
    shown, _ = gathered(nodes(5_000, kinds=9), chained(5_000))
    assert len(shown) <= MOST_NODES


@given(st.integers(0, 2_000), st.integers(1, 40), st.integers(1, 6))
def test_what_is_put_together_is_still_counted(count: int, kinds: int, layers: int) -> None:
    shown, lines = gathered(nodes(count, kinds=kinds, layers=layers), chained(count))
    assert sum(each.count for each in shown) == count
    assert len(shown) <= MOST_NODES
    ids = {each.id for each in shown}
    assert all({each.first, each.second} <= ids for each in lines)


def test_the_order_in_which_nodes_come_does_not_matter() -> None:
    all_nodes, edges = nodes(120, kinds=5), chained(120)
    drawn = graph(all_nodes, edges, key="g", title="Graph")
    Random(1).shuffle(all_nodes)
    Random(2).shuffle(edges)
    assert graph(all_nodes, edges, key="g", title="Graph") == drawn


def test_an_edge_to_what_is_not_there_is_left_out() -> None:
    _, lines = gathered(nodes(2), [Edge("n0", "elsewhere"), Edge("n0", "n1")])
    assert lines == [Edge("n0", "n1")]


@given(st.dictionaries(st.text(max_size=3), st.integers(0, 5), max_size=60))
def test_no_two_nodes_lie_on_each_other(layers: dict[str, int]) -> None:
    layout = lay_out(layers, [])
    places = sorted(layout.places.values())
    for (x, y), (other_x, other_y) in pairwise(places):
        assert x != other_x or abs(y - other_y) >= NODE_HEIGHT


@given(st.integers(1, 80), st.integers(1, 6))
def test_every_node_lies_within_the_picture(count: int, layers: int) -> None:
    drawn = {each.id: each.layer for each in nodes(count, layers=layers)}
    layout = lay_out(drawn, [(each.first, each.second) for each in chained(count)])
    for x, y in layout.places.values():
        assert 0 <= x <= layout.width - layout.node_width
        assert 0 <= y <= layout.height - NODE_HEIGHT


def test_what_belongs_to_one_lies_together_whatever_connects_it_with_others() -> None:
    layers = {"Alder": 0, "Birch": 0, "a1": 1, "b1": 1, "a2": 1, "b2": 1}
    owned = [("Alder", "a1"), ("Alder", "a2"), ("Birch", "b1"), ("Birch", "b2")]
    across = [("a1", "b2"), ("a2", "b1"), ("a1", "b1"), ("a2", "b2")]
    layout = lay_out(layers, [*owned, *across], arcs=True)
    order = sorted(("a1", "a2", "b1", "b2"), key=lambda name: layout.places[name][1])
    assert [name[0] for name in order] in (["a", "a", "b", "b"], ["b", "b", "a", "a"])


def test_what_is_connected_lies_side_by_side() -> None:
    layers = {"a": 0, "b": 0, "c": 0, "x": 1, "y": 1, "z": 1}
    layout = lay_out(layers, [("a", "z"), ("b", "y"), ("c", "x")])
    for first, second in (("a", "z"), ("b", "y"), ("c", "x")):
        assert layout.places[first][1] == layout.places[second][1]
