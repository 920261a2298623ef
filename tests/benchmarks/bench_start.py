"""`up` until it serves a page: the first time ever, and later."""

from http.client import HTTPConnection
from time import monotonic

from tests.benchmarks.figures import Figure
from tests.database import place_for_data
from tests.journeys.node import Node, end, start_node


def run() -> list[Figure]:
    with place_for_data("retort-start-") as data_dir:
        first = _started(start_node(data_dir))
        later = sorted(_started(start_node(data_dir)) for _ in range(3))
    return [
        Figure("start, first time, to a served page", first, "s", at_most=15),
        Figure("start, afterwards, to a served page", later[1], "s", at_most=5),
    ]


def _started(node: Node) -> float:
    """Seconds from `up` to the first page; the node is stopped again."""
    try:
        node.await_served()
        connection = HTTPConnection("127.0.0.1", node.port, timeout=10)
        connection.request("GET", "/")
        if connection.getresponse().status != 200:
            raise RuntimeError("The first page isn't served.")
        connection.close()
        return monotonic() - node.began
    finally:
        end(node)
