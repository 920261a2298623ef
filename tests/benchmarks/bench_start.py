"""`up` until it serves a page: the first time ever, and later; `up --demo` until campaigns flow."""

from http.client import HTTPConnection
from time import monotonic

from tests.benchmarks.figures import Figure
from tests.database import place_for_data
from tests.journeys.demo import forget_demo, four_free_ports, running_demo
from tests.journeys.node import Node, end, start_node


def run() -> list[Figure]:
    with place_for_data("retort-start-") as data_dir:
        first = _started(start_node(data_dir))
        later = sorted(_started(start_node(data_dir)) for _ in range(3))
    return [
        Figure("start, first time, to a served page", first, "s", at_most=15),
        Figure("start, afterwards, to a served page", later[1], "s", at_most=5),
        Figure("start of four organizations, to a campaign that flows", _demo(), "s", at_most=40),
    ]


def _demo() -> float:
    """Seconds until all know each other, and the first campaign's findings were taken."""
    with place_for_data("retort-start-demo-") as root:
        with running_demo(root, four_free_ports()) as demo:
            seconds = demo.await_started()
        forget_demo(root)
    return seconds


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
