"""Push against the TAXII server of a real node: this one's, with a credential of Birch's."""

import json
from typing import Any
from uuid import uuid4

import pytest

from federation.models import Push
from federation.peers import registry
from federation.transparency.audit import verify_log
from indicators import access, pipeline
from indicators.models import Collection, Member, Status
from indicators.store import feed
from indicators.store.custody import grant_access, open_collection
from indicators.store.withdrawal import withdraw
from tests.exchange.puller import EVERYTHING
from tests.journeys.feed import indicators

pytestmark = pytest.mark.django_db(transaction=True)


class Delivered:
    """A collection, one that it is delivered to, and who does it."""

    def __init__(self, url: str) -> None:
        self.birch = Member.objects.create(name="Birch", identity_id=f"identity--{uuid4()}")
        self.own = open_collection(title="Findings", audience="members")
        self.theirs = open_collection(title="Deliveries", audience="members")
        grant_access(self.theirs, self.birch, can_read=True, can_write=True)
        _, key = access.make_credential(self.birch, "birch-node")
        peer = registry.add_plain("Forum", f"{url}/taxii2/", allow_private=True)
        registry.seal_credential(peer, "birch-node", key)
        place = f"{url}/taxii2/root/collections/{self.theirs.pk}/"
        self.push = pipeline.open_push(registry.peer_named("Forum"), self.own, place)

    def publish(self, *objects: dict[str, Any]) -> None:
        body = json.dumps({"objects": objects}).encode()
        assert pipeline.receive(self.own, self.birch, body).failure_count == 0

    def deliver(self) -> Push:
        pipeline.push_collection(self.push.pk)
        self.push.refresh_from_db()
        return self.push


def bodies(collection: Collection) -> list[bytes]:
    page = feed.read_page(collection.pk, EVERYTHING, after=-1, limit=10_000)
    return [bytes(row.body) for row in page.rows if row.body is not None]


@pytest.fixture
def delivered(live_server: Any) -> Delivered:
    return Delivered(live_server.url)


def test_everything_arrives_as_it_was_published_in_order(delivered: Delivered) -> None:
    delivered.publish(*indicators(5))
    push = delivered.deliver()
    assert (push.failure, push.size, push.refused_count) == ("", 5, 0)
    assert bodies(delivered.theirs) == bodies(delivered.own)
    assert verify_log(delivered.theirs.pk).size == 5


def test_more_than_a_batch_arrives_in_one_go(delivered: Delivered) -> None:
    for _ in range(3):
        delivered.publish(*indicators(500))
    assert delivered.deliver().size == 1500
    assert bodies(delivered.theirs) == bodies(delivered.own)


def test_a_revocation_arrives_too(delivered: Delivered) -> None:
    (first,) = indicators(1)
    delivered.publish(first)
    delivered.deliver()
    delivered.publish({**first, "modified": "2026-11-09T00:00:00.000Z", "revoked": True})
    delivered.deliver()
    assert len(bodies(delivered.theirs)) == 2
    assert json.loads(bodies(delivered.theirs)[-1])["revoked"]


def test_what_was_withdrawn_before_is_left_out(delivered: Delivered) -> None:
    kept, gone = indicators(2)
    delivered.publish(gone, kept)
    one = feed.Selection(ids=(gone["id"],), versions=EVERYTHING.versions)
    withdraw(delivered.own, delivered.birch, gone["id"], one, "a mistake")
    assert delivered.deliver().size == 2
    assert [json.loads(each)["id"] for each in bodies(delivered.theirs)] == [kept["id"]]


def test_a_large_delivery_is_finished_when_their_worker_has_finished(
    delivered: Delivered, settings: Any
) -> None:
    delivered.publish(*indicators(3))
    settings.POST_AT_ONCE = 1
    pending = delivered.deliver()
    assert (pending.size, bool(pending.status_url)) == (0, True)
    pipeline.finish_post(Status.objects.latest("requested_at").pk)
    done = delivered.deliver()
    assert (done.size, done.status_url, done.refused_count) == (3, "", 0)


def test_sent_twice_is_stored_once(delivered: Delivered) -> None:
    """As after a crash between sending and writing it down."""
    delivered.publish(*indicators(3))
    delivered.deliver()
    Push.objects.update(size=0, sent_size=0)
    assert delivered.deliver().refused_count == 0
    assert len(bodies(delivered.theirs)) == 3


def test_what_they_refuse_is_counted_with_their_reason(delivered: Delivered) -> None:
    delivered.publish(*indicators(2))
    Collection.objects.filter(pk=delivered.theirs.pk).update(signatures_required=True)
    push = delivered.deliver()
    assert (push.size, push.refused_count) == (2, 2)
    assert "indicator--" in push.last_refusal


def test_without_a_grant_nothing_moves(delivered: Delivered) -> None:
    delivered.publish(*indicators(2))
    delivered.theirs.grants.all().delete()
    push = delivered.deliver()
    assert (push.size, push.failures) == (0, 1)
    assert "404" in push.failure or "403" in push.failure
