"""A collection is delivered to a peer's by TAXII: each object, in order, until the peer is done."""

import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from federation.models import Log, Peer, Push
from federation.peers import push, registry

from .growing import grow, open_log
from .neighbours import Asked, Neighbour, Reply, listening, pinned

pytestmark = pytest.mark.django_db

TAXII = "application/taxii+json;version=2.1"
ROOT = "/taxii2/root/"


class Feed:
    """What the application reads of a collection: an object for each entry, but for some."""

    def __init__(self, log_id: UUID, *, length: int = 100) -> None:
        self.log_id, self.length = log_id, length
        self.withdrawn: set[int] = set()

    def body(self, place: int) -> bytes:
        return json.dumps({"id": f"indicator--{place}", "name": "x" * self.length}).encode()

    def read(self, log_id: UUID, start: int, most: int) -> Sequence[tuple[int, bytes]]:
        size = Log.objects.get(pk=log_id).size
        places = [each for each in range(start, size) if each not in self.withdrawn]
        return [(place, self.body(place)) for place in places[:most]]


class Taxii(Neighbour):
    """A TAXII server with one collection. `pending`: how many times a status is not complete."""

    def __init__(self) -> None:
        super().__init__(self.serve)
        self.most = 10 << 20
        self.taken: list[str] = []
        self.refused: set[str] = set()
        self.pending = 0
        self.status: dict[str, Any] = {}

    def serve(self, asked: Asked) -> Reply:
        if asked.path == ROOT:
            return 200, TAXII, json.dumps({"max_content_length": self.most}).encode()
        if asked.method == "POST":
            return self.post(asked.body)
        if self.status and asked.path == f"{ROOT}status/{self.status['id']}/":
            self.pending -= 1
            return 200, TAXII, self.resource()
        return 404, TAXII, b"{}"

    def post(self, body: bytes) -> Reply:
        assert len(body) <= self.most
        ids = [each["id"] for each in json.loads(body)["objects"]]
        self.taken += [each for each in ids if each not in self.refused]
        failures = [
            {"id": each, "message": "not for this collection"}
            for each in ids
            if each in self.refused
        ]
        self.status = {"id": str(uuid4()), "failure_count": len(failures), "failures": failures}
        return 202, TAXII, self.resource()

    def resource(self) -> bytes:
        state = "pending" if self.pending > 0 else "complete"
        return json.dumps({**self.status, "status": state}).encode()

    @property
    def posts(self) -> list[list[str]]:
        sent = [each.body for each in self.asked if each.method == "POST"]
        return [[each["id"] for each in json.loads(body)["objects"]] for body in sent]


@pytest.fixture
def forum() -> Iterator[Taxii]:
    with listening(Taxii()) as server:
        assert isinstance(server, Taxii)
        pinned("Forum", server.url)
        yield server


@pytest.fixture
def feed() -> Feed:
    return Feed(open_log(5))


@pytest.fixture
def delivery(forum: Taxii, feed: Feed) -> Push:
    url = f"{forum.url}{ROOT}collections/{uuid4()}/"
    return Push.objects.create(peer=Peer.objects.get(), log_id=feed.log_id, url=url)


def run(delivery: Push, feed: Feed) -> bool:
    """One call, as if the last one were long past."""
    Push.objects.filter(pk=delivery.pk).exclude(leased_until=None).update(leased_until=_past())
    more = push.push_once(delivery.pk, feed.read)
    delivery.refresh_from_db()
    return more


def _past() -> datetime:
    return datetime.now(UTC) - timedelta(seconds=1)


def ids(*places: int) -> list[str]:
    return [f"indicator--{place}" for place in places]


# --- Delivering ----------------------------------------------------------------------------------


def test_everything_is_delivered_in_order(forum: Taxii, feed: Feed, delivery: Push) -> None:
    assert not run(delivery, feed)
    assert forum.taken == ids(*range(5))
    assert (delivery.size, delivery.sent_size, delivery.failure) == (5, 5, "")
    assert delivery.pushed_at is not None and delivery.leased_until is None


def test_what_was_delivered_is_not_sent_again(forum: Taxii, feed: Feed, delivery: Push) -> None:
    run(delivery, feed)
    grow(feed.log_id, 2)
    run(delivery, feed)
    assert forum.posts == [ids(*range(5)), ids(5, 6)]


def test_nothing_new_is_nothing_sent(forum: Taxii, feed: Feed, delivery: Push) -> None:
    run(delivery, feed)
    assert not run(delivery, feed)
    assert len(forum.asked) == 1


def test_it_is_posted_as_taxii_with_the_credential(
    forum: Taxii, feed: Feed, delivery: Push
) -> None:
    registry.seal_credential(delivery.peer, "this-node", "retort_key")
    run(delivery, feed)
    [asked] = forum.asked
    assert asked.path == delivery.url.removeprefix(forum.url) + "objects/"
    assert asked.headers["Content-Type"] == asked.headers["Accept"] == TAXII
    assert asked.headers["Authorization"].startswith("Basic ")


def test_a_thousand_objects_are_one_batch(forum: Taxii, delivery: Push, feed: Feed) -> None:
    grow(feed.log_id, 1500)
    assert run(delivery, feed)
    assert delivery.size == 1000
    assert not run(delivery, feed)
    assert [len(each) for each in forum.posts] == [1000, 505]
    assert forum.taken == ids(*range(1505))


def test_a_batch_is_no_larger_than_the_peer_takes(forum: Taxii, delivery: Push, feed: Feed) -> None:
    feed.length, forum.most = 30_000, 70_000
    while run(delivery, feed):
        pass
    assert forum.posts == [ids(0, 1), ids(2, 3), ids(4)]


def test_a_batch_of_exactly_what_the_peer_takes_is_one(
    forum: Taxii, delivery: Push, feed: Feed
) -> None:
    feed.length = 30_000
    forum.most = len(b'{"objects":[') + sum(len(feed.body(i)) for i in range(5)) + 4 + len(b"]}")
    assert not run(delivery, feed)
    assert len(forum.posts) == 1


def test_an_object_larger_than_the_peer_takes_is_counted_and_passed_over(
    forum: Taxii, delivery: Push, feed: Feed
) -> None:
    feed.length, forum.most = 80_000, 70_000
    while run(delivery, feed):
        pass
    assert (delivery.size, delivery.refused_count, forum.posts) == (5, 5, [])
    assert "larger than the peer takes" in delivery.last_refusal


def test_withdrawn_objects_are_left_out(forum: Taxii, delivery: Push, feed: Feed) -> None:
    feed.withdrawn = {0, 3, 4}
    assert not run(delivery, feed)
    assert forum.taken == ids(1, 2)
    assert delivery.size == 5


def test_a_collection_of_withdrawn_objects_is_nothing_to_send(
    forum: Taxii, delivery: Push, feed: Feed
) -> None:
    feed.withdrawn = set(range(5))
    assert not run(delivery, feed)
    assert (delivery.size, forum.asked) == (5, [])


# --- The status ----------------------------------------------------------------------------------


def test_the_cursor_moves_when_the_peer_is_done(forum: Taxii, delivery: Push, feed: Feed) -> None:
    forum.pending = 2
    assert not run(delivery, feed)
    assert (delivery.size, delivery.sent_size) == (0, 5)
    assert delivery.status_url == f"{forum.url}{ROOT}status/{forum.status['id']}/"
    assert delivery.next_push_at > datetime.now(UTC)
    run(delivery, feed)
    assert delivery.size == 0
    run(delivery, feed)
    assert (delivery.size, delivery.status_url) == (5, "")
    assert len(forum.posts) == 1


def test_the_next_batch_waits_for_the_last(forum: Taxii, delivery: Push, feed: Feed) -> None:
    forum.pending = 2
    run(delivery, feed)
    grow(feed.log_id)
    run(delivery, feed)
    assert len(forum.posts) == 1
    assert run(delivery, feed)  # done, and there is more
    run(delivery, feed)
    assert forum.posts == [ids(*range(5)), ids(5)]


def test_a_status_that_was_forgotten_is_sent_again(
    forum: Taxii, delivery: Push, feed: Feed
) -> None:
    forum.pending = 5
    run(delivery, feed)
    forum.status, forum.pending = {}, 0
    assert run(delivery, feed)
    run(delivery, feed)
    assert forum.posts == [ids(*range(5))] * 2
    assert delivery.size == 5


def test_what_the_peer_refuses_is_counted_with_its_reason_and_holds_nothing_up(
    forum: Taxii, delivery: Push, feed: Feed
) -> None:
    forum.refused = set(ids(1, 3))
    run(delivery, feed)
    assert (delivery.size, delivery.refused_count) == (5, 2)
    assert delivery.last_refusal == "indicator--1: not for this collection"


def test_a_crash_after_sending_sends_the_same_again(
    forum: Taxii, delivery: Push, feed: Feed
) -> None:
    """The row is as before the call: nothing was written down of what came back."""
    run(delivery, feed)
    Push.objects.update(size=0, sent_size=0, leased_until=_past())
    run(delivery, feed)
    assert forum.posts == [ids(*range(5))] * 2


# --- When it fails -------------------------------------------------------------------------------


def test_a_peer_that_fails_is_left_alone_for_a_while(
    forum: Taxii, delivery: Push, feed: Feed
) -> None:
    forum.answer = lambda _: (503, TAXII, b"")
    assert not run(delivery, feed)
    assert (delivery.failures, delivery.size) == (1, 0)
    assert "503" in delivery.failure
    assert delivery.next_push_at > datetime.now(UTC)
    assert not push.push_once(delivery.pk, feed.read)
    assert len(forum.asked) == 1


def test_pauses_grow(forum: Taxii, delivery: Push, feed: Feed) -> None:
    forum.answer = lambda _: (422, TAXII, b"{}")
    pauses = []
    for _ in range(4):
        before = datetime.now(UTC)
        run(delivery, feed)
        pauses.append(round((delivery.next_push_at - before).total_seconds()))
    assert pauses == [2, 4, 8, 16]


def test_a_peer_that_is_back_gets_everything(forum: Taxii, delivery: Push, feed: Feed) -> None:
    forum.answer = lambda _: (500, TAXII, b"")
    run(delivery, feed)
    forum.answer = forum.serve
    run(delivery, feed)
    assert (forum.taken, delivery.failures, delivery.failure) == (ids(*range(5)), 0, "")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b"{}",
        b'{"id":"x","status":"complete"}',
        b'{"id":"00000000-0000-4000-8000-000000000000","status":"done"}',
        b'{"id":"00000000-0000-4000-8000-000000000000","status":"complete","failure_count":-1}',
        b'{"id":"00000000-0000-4000-8000-000000000000","status":"complete","failures":{}}',
    ],
)
def test_an_answer_that_is_no_status_moves_nothing(
    forum: Taxii, delivery: Push, feed: Feed, content: bytes
) -> None:
    forum.answer = lambda _: (202, TAXII, content)
    assert not run(delivery, feed)
    assert (delivery.size, delivery.failures) == (0, 1)


def test_a_peer_that_does_not_say_how_much_it_takes_is_sent_nothing_large(
    forum: Taxii, delivery: Push, feed: Feed
) -> None:
    feed.length = 30_000
    forum.answer = lambda _: (200, TAXII, b"{}")
    assert not run(delivery, feed)
    assert "how large" in delivery.failure


def test_a_url_that_is_no_collections_is_said_to_be_none(
    forum: Taxii, delivery: Push, feed: Feed
) -> None:
    forum.pending = 1
    Push.objects.update(url=f"{forum.url}/elsewhere/")
    assert not run(delivery, feed)
    assert "not the URL of a TAXII collection" in delivery.failure


@pytest.mark.parametrize("change", [{"is_active": False}, {"peer__state": "suspended"}])
def test_a_push_that_rests_sends_nothing(
    forum: Taxii, delivery: Push, feed: Feed, change: dict[str, Any]
) -> None:
    if "is_active" in change:
        Push.objects.update(**change)
    else:
        Peer.objects.update(state=change["peer__state"])
    assert not run(delivery, feed)
    assert forum.asked == []


def test_one_process_pushes_at_a_time(forum: Taxii, delivery: Push, feed: Feed) -> None:
    Push.objects.update(leased_until=datetime.now(UTC) + push.LEASE)
    assert not push.push_once(delivery.pk, feed.read)
    assert forum.asked == []
