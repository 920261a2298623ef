"""What an honest peer's pull brings: everything once, in order, with its origin's name on it."""

from uuid import UUID

import pytest

from federation.models import PeerLog
from indicators.models import Member
from tests.exchange.puller import Puller
from tests.objects import indicator
from tests.peer_simulator import Organization, SimulatedFeed, SimulatedNode


@pytest.fixture
def feed(alder: SimulatedNode) -> SimulatedFeed:
    feed = alder.open_feed()
    feed.publish(*(alder.organization.sign(indicator(number)) for number in range(10)))
    return feed


@pytest.fixture
def subscription(birch: Puller, alder: SimulatedNode, feed: SimulatedFeed) -> UUID:
    return birch.subscribe(alder, feed)


@pytest.fixture
def small_pages(settings: object) -> None:
    settings.PULL_PAGE = 4  # type: ignore[attr-defined]


def test_everything_comes_once_in_order_and_untouched(
    birch: Puller, subscription: UUID, feed: SimulatedFeed
) -> None:
    pulled = birch.pull(subscription)
    assert (pulled.objects, pulled.reached, pulled.failure) == (10, 10, "")
    assert birch.held(subscription) == [row.body for row in feed.rows]


@pytest.mark.usefixtures("small_pages")
def test_page_by_page_brings_the_same(
    birch: Puller, subscription: UUID, feed: SimulatedFeed
) -> None:
    assert birch.pull(subscription).objects == 10
    assert birch.held(subscription) == [row.body for row in feed.rows]


def test_pulling_again_brings_nothing_twice(birch: Puller, subscription: UUID) -> None:
    birch.pull(subscription)
    assert birch.pull(subscription).objects == 0
    assert birch.state(subscription).size == 10


def test_the_next_pull_brings_only_what_is_new(
    birch: Puller, alder: SimulatedNode, subscription: UUID, feed: SimulatedFeed
) -> None:
    birch.pull(subscription)
    feed.publish(alder.organization.sign(indicator("late")))
    assert birch.pull(subscription).objects == 1
    assert birch.held(subscription)[-1] == feed.rows[-1].body


def test_an_object_is_its_origins_with_the_key_that_signed_it(
    birch: Puller, subscription: UUID, feed: SimulatedFeed
) -> None:
    birch.pull(subscription)
    name, kid = birch.contributor(feed.rows[0].body)
    assert name == "Alder"
    assert kid is not None


def test_the_largest_checkpoint_is_remembered(
    birch: Puller, subscription: UUID, feed: SimulatedFeed
) -> None:
    birch.pull(subscription)
    known = PeerLog.objects.get(origin=feed.origin)
    assert (known.size, bytes(known.note or b"")) == (10, feed.checkpoint())


def test_what_the_peer_withdrew_is_a_declared_gap(
    birch: Puller, subscription: UUID, feed: SimulatedFeed
) -> None:
    del feed.rows[3]
    feed.withdrawn.add(3)
    assert birch.pull(subscription).failure == ""
    assert birch.gaps(subscription) == [(3, True)]
    assert birch.evidence("Alder") == []


@pytest.mark.usefixtures("small_pages")
@pytest.mark.parametrize("gone", [{0}, {9}, {3, 4, 5, 6}, set(range(9)), set(range(10))])
def test_wherever_the_gaps_are_the_log_is_replayed_to_its_end(
    birch: Puller, subscription: UUID, feed: SimulatedFeed, gone: set[int]
) -> None:
    feed.rows = [row for place, row in enumerate(feed.rows) if place not in gone]
    feed.withdrawn |= gone
    birch.pull(subscription)
    assert birch.state(subscription).size == 10
    assert [place for place, _ in birch.gaps(subscription)] == sorted(gone)


def test_what_another_member_signed_comes_through_a_hub_as_its_own(
    birch: Puller, alder: SimulatedNode, subscription: UUID, feed: SimulatedFeed
) -> None:
    cedar = Organization("Cedar")
    birch.know(cedar)
    body = cedar.sign(indicator("of Cedar"))
    feed.publish(body)
    birch.pull(subscription)
    assert birch.contributor(body)[0] == "Cedar"


def test_what_nobody_known_signed_waits_until_its_owner_is_confirmed(
    birch: Puller, alder: SimulatedNode, subscription: UUID, feed: SimulatedFeed
) -> None:
    cedar = Organization("Cedar")
    body = cedar.sign(indicator("of Cedar"))
    feed.publish(body)
    birch.pull(subscription)
    assert "no confirmed organization" in birch.reasons(subscription)[0]
    birch.know(cedar)
    assert birch.recheck(subscription) == 1
    assert birch.contributor(body)[0] == "Cedar"
    assert birch.reasons(subscription) == []


def test_a_failure_of_this_node_is_shown_and_tried_again(
    birch: Puller, subscription: UUID, feed: SimulatedFeed
) -> None:
    Member.objects.filter(name="Alder").delete()
    birch.pull(subscription)
    state = birch.state(subscription)
    assert state.failure.startswith("This node failed: DoesNotExist at ")
    assert (state.failures, state.leased_until, state.size) == (1, None, 0)
