"""However much of a log was withdrawn: it is followed step by step, to the edge of its log."""

from uuid import UUID

import pytest

from federation.models import Evidence
from federation.transparency.merkle import CompactRange, leaf_hashes
from indicators.pipeline import following
from tests.exchange.puller import Puller
from tests.objects import indicator
from tests.peer_simulator import SimulatedFeed, SimulatedNode

COUNT = 60


@pytest.fixture
def feed(alder: SimulatedNode) -> SimulatedFeed:
    feed = alder.open_feed()
    feed.publish(*(alder.organization.sign(indicator(n)) for n in range(COUNT)))
    return feed


@pytest.fixture
def narrow(monkeypatch: pytest.MonkeyPatch, settings: pytest.FixtureRequest) -> None:
    """Few at once of everything."""
    monkeypatch.setattr(following, "MOST_GAPS", 4)
    monkeypatch.setattr(following, "MOST_ENTRIES", 3)
    settings.PULL_PAGE = 5  # type: ignore[attr-defined]


def leave_out(feed: SimulatedFeed, gone: set[int]) -> None:
    feed.rows = [row for index, row in enumerate(feed.rows) if index not in gone]


def edge(feed: SimulatedFeed) -> bytes:
    tree = CompactRange()
    tree.extend(leaf_hashes(feed.entries))
    return tree.to_bytes()


PATTERNS = {
    "none": set(),
    "the first": set(range(20)),
    "the last": set(range(40, COUNT)),
    "in the middle": set(range(7, 50)),
    "all": set(range(COUNT)),
    "every other": set(range(0, COUNT, 2)),
    "nearly all": set(range(COUNT)) - {0, 30, 31, 59},
    "runs": set(range(3, 12)) | set(range(14, 29)) | set(range(30, 58)),
}


def pull_all(birch: Puller, subscription: UUID) -> None:
    for _ in range(5):
        if not birch.pull(subscription).more:
            return


@pytest.mark.usefixtures("narrow")
@pytest.mark.parametrize("which", PATTERNS)
def test_what_was_withdrawn_is_followed_to_the_end(
    birch: Puller, alder: SimulatedNode, feed: SimulatedFeed, which: str
) -> None:
    gone = PATTERNS[which]
    feed.withdrawn = gone
    leave_out(feed, gone)
    subscription = birch.subscribe(alder, feed)
    pull_all(birch, subscription)
    state = birch.state(subscription)
    assert (state.failure, state.size, bytes(state.edge)) == ("", COUNT, edge(feed))
    assert birch.held(subscription) == [row.body for row in feed.rows]
    assert birch.gaps(subscription) == [(index, True) for index in sorted(gone)]


@pytest.mark.usefixtures("narrow")
def test_what_was_withheld_is_evidence_by_the_run(
    birch: Puller, alder: SimulatedNode, feed: SimulatedFeed
) -> None:
    leave_out(feed, set(range(10, 40)))
    pull_all(birch, birch.subscribe(alder, feed))
    proofs = Evidence.objects.order_by("pk")
    assert b"".join(bytes(each.second) for each in proofs) == b"".join(feed.entries[10:40])
    assert len(proofs) <= 10
