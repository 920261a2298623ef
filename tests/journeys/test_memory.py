"""Web and worker processes stay small, whatever is posted, stored or paged."""

from collections.abc import Iterator

import pytest

from tests.benchmarks.bench_memory import MEGABYTES, await_worker, page_through, peak, post_largest
from tests.benchmarks.client import Door, crowd
from tests.database import place_for_data
from tests.journeys.feed import open_feed
from tests.journeys.node import running_node

pytestmark = pytest.mark.journey


@pytest.fixture(scope="module")
def peaks() -> Iterator[dict[str, dict[str, float]]]:
    """Largest PSS of a process in MB, by role: during two POSTs of 10 MiB at once, and reads."""
    with place_for_data("retort-memory-") as data_dir, running_node(data_dir) as node:
        feed = open_feed(node, "Bulk", member="Birch")
        path = f"/taxii2/root/collections/{feed.collection}/objects/"
        door = Door(node.port, path, feed.key)
        with crowd(2) as together:
            with peak(node) as posting:
                statuses = [
                    s for each in together(post_largest, [(door, 1), (door, 2)]) for s in each
                ]
                await_worker(feed, statuses)
            with peak(node) as paging:
                together(page_through, [(door, 0), (door, 3)])
        yield {"posting": posting, "paging": paging}


@pytest.mark.parametrize("role", ["web", "worker"])
@pytest.mark.parametrize("work", ["posting", "paging"])
def test_no_process_outgrows_its_share(
    peaks: dict[str, dict[str, float]], work: str, role: str
) -> None:
    assert peaks[work][role] < MEGABYTES
