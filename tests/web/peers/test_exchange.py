"""Adam subscribes to what Birch offers, relays it, and holds Birch off; no page asks Birch."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from federation.models import (
    Subscription,
)
from federation.peers import registry
from indicators import pipeline
from indicators.models import Errand, ErrandKind, Member
from indicators.pipeline.desk import looking
from indicators.store.custody import open_collection
from tests.objects import indicator
from tests.peer_simulator import Reply, SimulatedFeed, SimulatedNode
from tests.web.peers.joined import added, address, confirmed, offered, plain, subscribed, work
from tests.web.reading import html, page, told

pytestmark = pytest.mark.django_db


def test_a_worker_asks_what_is_offered_and_the_page_shows_it(
    adam: Client, birch: SimulatedNode, feed: SimulatedFeed
) -> None:
    peer = confirmed(birch)
    adam.post(address("peer-offers", peer))
    assert "Shared" not in html(adam.get(address("peer", peer)))
    work()
    assert "Shared" in html(adam.get(address("peer", peer)))


def test_the_page_looks_again_only_while_a_worker_is_on_it(
    adam: Client, birch: SimulatedNode, feed: SimulatedFeed
) -> None:
    peer = confirmed(birch)
    adam.post(address("peer-offers", peer))
    assert "every 3s" in html(adam.get(address("peer", peer)))
    work()
    assert "every 3s" not in html(adam.get(address("peer", peer)))


def test_what_was_ticked_is_pulled_from_then_on(
    adam: Client, birch: SimulatedNode, feed: SimulatedFeed
) -> None:
    peer = confirmed(birch)
    offered(peer)
    adam.post(address("peer-subscribe", peer), {"urls": [birch.url(feed)]})
    assert work().failure == ""
    assert Subscription.objects.get().title == "Shared"


def test_what_the_peer_never_offered_can_not_be_subscribed_to(
    adam: Client, birch: SimulatedNode, feed: SimulatedFeed
) -> None:
    peer = confirmed(birch)
    offered(peer)
    adam.post(address("peer-subscribe", peer), {"urls": ["https://mallory.example/taxii2/x/"]})
    assert not Errand.objects.filter(kind=ErrandKind.SUBSCRIBE).exists()


def test_pulling_now_is_for_workers(
    adam: Client, birch: SimulatedNode, feed: SimulatedFeed, sent: Any
) -> None:
    subscription = subscribed(birch, feed)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("django.db.transaction.on_commit", lambda act, **_: act())
        adam.post(address("peer-pull", subscription.peer))
    assert [str(subscription.pk)] in [call.kwargs["args"] for call in sent.call_args_list]


def test_a_credential_is_sealed_and_never_shown(adam: Client, birch: SimulatedNode) -> None:
    peer = confirmed(birch)
    adam.post(address("peer-credential", peer), {"user": "alder", "key": "retort_secret"})
    peer.refresh_from_db()
    assert registry.open_credential(peer) == ("alder", "retort_secret")
    assert "retort_secret" not in html(adam.get(address("peer", peer)))


def test_what_a_peer_sends_is_relayed_by_a_worker(
    adam: Client, birch: SimulatedNode, feed: SimulatedFeed
) -> None:
    subscription = subscribed(birch, feed)
    target = open_collection(title="Everybody", audience="members")
    form = {"subscription": str(subscription.pk), "target": str(target.pk)}
    adam.post(address("peer-relay", subscription.peer), form)
    assert work().failure == ""
    assert "Relayed to Everybody" in html(adam.get(address("peer", subscription.peer)))


def test_a_subscription_is_paused_and_goes_on(
    adam: Client, birch: SimulatedNode, feed: SimulatedFeed
) -> None:
    subscription = subscribed(birch, feed)
    url = address("peer-subscription", subscription.peer, subscription.pk)
    states = []
    for act in ("pause", "go on"):
        adam.post(url, {"act": act})
        states.append(Subscription.objects.get().state)
    assert states == ["paused", "active"]


def test_how_soon_objects_come_is_told_by_what_was_made_since(
    adam: Client, birch: SimulatedNode, feed: SimulatedFeed
) -> None:
    subscription = subscribed(birch, feed)
    later = (datetime.now(UTC) + timedelta(seconds=1)).strftime("%Y-%m-%dT%H:%M:%S.000Z")
    feed.publish(birch.organization.sign(indicator(9), modified=later))
    pipeline.pull(subscription.pk)
    came = looking.arrivals([subscription.inbox])[subscription.inbox]
    assert len(came) == 1
    assert "Arrives after" in html(adam.get(reverse("peers")))


def test_a_peer_is_held_off_as_a_peer_and_as_a_member(adam: Client, birch: SimulatedNode) -> None:
    peer = confirmed(birch)
    adam.post(address("peer-suspend", peer), {"reason": "It floods us."})
    peer.refresh_from_db()
    member = Member.objects.get(identity_id=peer.identity_id)
    assert (peer.state, peer.reason, member.state) == ("suspended", "It floods us.", "suspended")


def test_a_peer_whose_fingerprint_nobody_compared_is_not_let_in(
    adam: Client, birch: SimulatedNode
) -> None:
    peer = added(birch)
    adam.post(address("peer-suspend", peer))
    answer = adam.post(address("peer-resume", peer))
    assert "compare its fingerprint first" in told(answer)


def test_a_frozen_peer_goes_on_once_a_person_says_so(
    adam: Client, birch: SimulatedNode, feed: SimulatedFeed
) -> None:
    subscription = subscribed(birch, feed)
    Subscription.objects.update(state="frozen")
    assert "Go on with it" in html(adam.get(address("peer", subscription.peer)))
    adam.post(address("peer-unfreeze", subscription.peer))
    assert Subscription.objects.get().state == "active"


def test_a_peers_page_costs_as_much_for_many_subscriptions_as_for_one(
    adam: Client, django_assert_max_num_queries: Any
) -> None:
    peer = plain(0)
    for number in range(12):
        url = f"https://n0.example/taxii2/c/{number}/"
        inbox = open_collection(title=f"Inbox {number}", audience="named", is_inbox=True)
        Subscription.objects.create(peer=peer, url=url, title=str(number), inbox=inbox.pk)
    with django_assert_max_num_queries(32):
        page(adam, address("peer", peer))


def test_no_page_of_a_peer_waits_for_it(
    adam: Client, birch: SimulatedNode, feed: SimulatedFeed
) -> None:
    peer = subscribed(birch, feed).peer
    birch.answer_with("", Reply(500, b"", {}))
    birch.stop()
    assert adam.get(address("peer", peer)).status_code == 200
