"""Detections with five identifiers each: posted, and until what they say is in the feed.

In clusters of 1,000 accounts, each account in a cluster of its own, and the largest campaign that
was reported: 25,000 accounts in one POST.
"""

from collections.abc import Iterable
from time import perf_counter

from indicators.management.simulation.campaigns import lines
from indicators.management.simulation.delivery import batches
from indicators.management.simulation.plan import Plan
from tests.benchmarks.figures import Figure
from tests.benchmarks.place import Meter, Place
from tests.journeys.ingest_client import Detector, kinds_of, open_detector

CLUSTERED = Plan(
    seed=101, shape="largest", campaigns=20, accounts=1000, accounts_per_line=1, days=7
)
SEPARATE = Plan(seed=102, shape="largest", campaigns=5000, accounts=1, days=1)
LARGEST = Plan(seed=103, shape="largest", accounts=25_000, days=45)
SHAPES = (
    ("in clusters of 1,000", CLUSTERED, CLUSTERED.line_count),
    ("a cluster each", SEPARATE, SEPARATE.line_count),
)
_PATIENCE = 900.0


def run(place: Place) -> list[Figure]:
    place.node.await_parts("worker")
    figures = []
    for name, plan, count in SHAPES:
        detector = open_detector(place.node, f"benchmark-{plan.seed}")
        meter = Meter(place.node)
        posted, published = contribute(detector, list(lines(plan)))
        spent = meter.read()
        figures += [
            Figure(f"detections {name}, posted", count / posted, "detections/s"),
            Figure(f"detections {name}, published", count / published, "detections/s", 1000),
            Figure(
                f"detections {name}, CPU of the node", 1e6 * spent["node"] / count, "µs a detection"
            ),
        ]
    detector = open_detector(place.node, "benchmark-largest")
    posted, published = contribute(detector, list(lines(LARGEST)))
    _all_there(detector)
    return [
        *figures,
        Figure("25,000 accounts, posted", posted, "s"),
        Figure("25,000 accounts, from POST to readable feed", published, "s", at_most=60),
    ]


def contribute(detector: Detector, body: Iterable[bytes]) -> tuple[float, float]:
    """Seconds until everything was accepted, and until it was in the feed."""
    bodies = list(batches(body))
    began = perf_counter()
    jobs = [detector.send_all(each) for each in bodies]
    posted = perf_counter() - began
    stages = detector.await_published(jobs, _PATIENCE)
    published = perf_counter() - began
    if set(stages) != {"published"}:
        raise RuntimeError(f"Not everything was published: {dict(stages)}.")
    return posted, published


def _all_there(detector: Detector) -> None:
    """Every account's tokens: an address has two or, by IPv6, one."""
    found = kinds_of(detector.feed.everything())
    for kind in ("email", "email-canonical", "phone", "payment-instrument", "device"):
        if found[kind] != LARGEST.accounts:
            raise RuntimeError(f"{found[kind]:,} tokens of kind {kind} are in the feed.")
