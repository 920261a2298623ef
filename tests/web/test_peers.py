"""Adam looks after peers: adds Birch by its address, compares, subscribes; no page asks Birch."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from federation.errors import FederationError
from federation.models import (
    Evidence,
    EvidenceKind,
    Peer,
    PeerState,
    Quarantined,
    Subscription,
)
from federation.peers import registry
from federation.transparency import evidence
from indicators import pipeline
from indicators.models import AuditEvent, Errand, ErrandKind, Member
from indicators.pipeline import errands, onboarding
from indicators.pipeline.desk import looking
from indicators.store.custody import open_collection
from tests.objects import indicator
from tests.peer_simulator import Reply, SimulatedFeed, SimulatedNode, serving
from tests.web.reading import html, page, told

pytestmark = pytest.mark.django_db


@pytest.fixture
def birch() -> Iterator[SimulatedNode]:
    with serving(SimulatedNode("Birch")) as node:
        yield node


@pytest.fixture
def feed(birch: SimulatedNode) -> SimulatedFeed:
    feed = birch.open_feed(title="Shared")
    feed.publish(*(birch.organization.sign(indicator(number)) for number in range(3)))
    return feed


def added(birch: SimulatedNode) -> Peer:
    return onboarding.add_peer(birch.base_url, allow_private=True)


def confirmed(birch: SimulatedNode) -> Peer:
    peer = added(birch)
    return onboarding.confirm_peer(peer, registry.fingerprint_of(peer), "adam")


def work() -> Errand:
    """A worker does what was asked last."""
    newest = Errand.objects.latest("pk")
    errands.run_errand(newest.pk)
    newest.refresh_from_db()
    return newest


def offered(peer: Peer) -> None:
    errands.ask(ErrandKind.OFFERS, "adam", peer=peer)
    work()


def subscribed(birch: SimulatedNode, feed: SimulatedFeed) -> Subscription:
    peer = confirmed(birch)
    [offer] = onboarding.offered_by(peer)
    return onboarding.subscribe_to(peer, offer)


def address(name: str, peer: Peer, *more: object) -> str:
    return reverse(name, args=[peer.pk, *more])


# --- Adding --------------------------------------------------------------------------------------


def test_an_empty_list_says_what_a_peer_is_and_what_to_do_first(adam: Client) -> None:
    shown = html(adam.get(reverse("peers")))
    assert "No peers yet" in shown
    assert reverse("peer-add") in shown


def test_adding_a_peer_asks_nothing_of_it_before_a_worker_does(
    adam: Client, birch: SimulatedNode
) -> None:
    form = {"url": birch.base_url, "allow_private": "on"}
    answer = adam.post(reverse("peer-add"), form)
    assert answer["Location"] == reverse("errand", args=[Errand.objects.get().pk])
    assert not Peer.objects.exists()


def test_a_worker_finds_the_peer_and_its_errand_leads_there(
    adam: Client, birch: SimulatedNode
) -> None:
    adam.post(reverse("peer-add"), {"url": birch.base_url, "allow_private": "on"})
    shown = adam.get(reverse("errand", args=[work().pk]))
    assert address("peer", Peer.objects.get(name="Birch")) in html(shown)


def test_a_node_that_does_not_answer_is_a_sentence_on_the_errands_page(adam: Client) -> None:
    adam.post(reverse("peer-add"), {"url": "http://127.0.0.1:9/"})
    shown = html(adam.get(reverse("errand", args=[work().pk])))
    assert "127.0.0.1" in shown
    assert "Try again" in shown


def test_an_address_with_a_key_in_it_is_refused(adam: Client) -> None:
    answer = adam.post(reverse("peer-add"), {"url": "https://adam:secret@birch.example/"})
    assert answer.status_code == 422
    assert not Errand.objects.exists()


def test_who_sent_a_worker_out_is_written_down_whatever_comes_of_it(adam: Client) -> None:
    adam.post(reverse("peer-add"), {"url": "http://127.0.0.1:9/"})
    event = AuditEvent.objects.get(act="send worker")
    assert (event.actor, event.subject) == ("adam", "http://127.0.0.1:9/")


def test_an_errand_that_comes_twice_is_done_once(adam: Client, birch: SimulatedNode) -> None:
    adam.post(reverse("peer-add"), {"url": birch.base_url, "allow_private": "on"})
    errand = work()
    errands.run_errand(errand.pk)
    assert AuditEvent.objects.filter(act="add peer").count() == 1


def test_an_errand_that_a_worker_is_on_is_left_to_it(birch: SimulatedNode) -> None:
    errand = errands.ask(ErrandKind.OFFERS, "adam", peer=confirmed(birch))
    Errand.objects.update(taken_at=datetime.now(UTC))
    errands.run_errand(errand.pk)
    errand.refresh_from_db()
    assert errand.ended_at is None


def test_an_errand_whose_worker_died_is_taken_once_its_lease_is_over(
    birch: SimulatedNode,
) -> None:
    errand = errands.ask(ErrandKind.OFFERS, "adam", peer=confirmed(birch))
    Errand.objects.update(taken_at=datetime.now(UTC) - errands.LEASE)
    errands.run_errand(errand.pk)
    errand.refresh_from_db()
    assert (errand.failure, errand.ended_at is None) == ("", False)


def test_what_nobody_foresaw_is_shown_without_what_it_quotes(birch: SimulatedNode) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(onboarding, "offered_by", _break)
        errands.ask(ErrandKind.OFFERS, "adam", peer=confirmed(birch))
        failure = work().failure
    assert failure.startswith("This node failed: ZeroDivisionError at ")
    assert "ana@example.org" not in failure


def _break(_: Peer) -> Any:
    raise ZeroDivisionError("ana@example.org")


def test_an_errand_that_was_lost_is_sent_again(sent: Any, birch: SimulatedNode) -> None:
    errand = errands.ask(ErrandKind.OFFERS, "adam", peer=confirmed(birch))
    sent.reset_mock()
    assert errands.resume_errands(errand.asked_at) == 0
    Errand.objects.update(asked_at="2026-01-01T00:00:00Z")
    assert errands.resume_errands(errand.asked_at) == 1
    assert sent.call_args.args[0] == errands.ERRAND


# --- Confirming ----------------------------------------------------------------------------------


def test_the_fingerprint_is_shown_to_be_compared(adam: Client, birch: SimulatedNode) -> None:
    peer = added(birch)
    assert registry.fingerprint_of(peer) in html(adam.get(address("peer", peer)))


def test_what_its_operator_read_out_confirms_it(adam: Client, birch: SimulatedNode) -> None:
    peer = added(birch)
    heard = registry.fingerprint_of(peer).lower().replace(" ", "-")
    adam.post(address("peer-confirm", peer), {"fingerprint": heard})
    peer.refresh_from_db()
    assert (peer.state, peer.confirmed_by) == (PeerState.ACTIVE, "adam")


def test_another_fingerprint_pins_nothing_and_says_what_that_means(
    adam: Client, birch: SimulatedNode
) -> None:
    peer = added(birch)
    answer = adam.post(address("peer-confirm", peer), {"fingerprint": "AAAA BBBB"})
    peer.refresh_from_db()
    assert peer.state == PeerState.INVITED
    assert "somebody is in between" in told(answer)


def test_a_peer_that_lost_its_keys_is_read_again_by_a_worker(
    adam: Client, birch: SimulatedNode
) -> None:
    peer = confirmed(birch)
    adam.post(address("peer-confirm", peer), {"fingerprint": registry.fingerprint_of(peer)})
    assert Errand.objects.get().kind == ErrandKind.CONFIRM
    assert work().failure == ""


def test_an_alarm_is_explained(adam: Client, birch: SimulatedNode) -> None:
    peer = confirmed(birch)
    Peer.objects.update(alarm="No pinned key vouches for its descriptor.")
    shown = html(adam.get(address("peer", peer)))
    assert "Call its operator before you do anything else" in shown


def test_the_own_fingerprint_comes_with_the_sentence_to_read_aloud(adam: Client) -> None:
    assert "Our fingerprint is" in html(adam.get(reverse("fingerprint")))


# --- Exchange ------------------------------------------------------------------------------------


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


# --- Holding off ---------------------------------------------------------------------------------


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


# --- What was not taken --------------------------------------------------------------------------


def held_back(subscription: Subscription, count: int = 1) -> None:
    Quarantined.objects.bulk_create(
        Quarantined(
            subscription=subscription,
            sha256=number.to_bytes(32, "big"),
            stix_id=f"indicator--{number:08d}-0000-4000-8000-000000000000",
            body=b'{"type":"indicator","name":"<script>"}',
            reason="Its signature does not hold.",
        )
        for number in range(count)
    )


def test_quarantine_shows_objects_with_their_reasons(
    adam: Client, birch: SimulatedNode, feed: SimulatedFeed
) -> None:
    subscription = subscribed(birch, feed)
    held_back(subscription)
    shown = html(adam.get(address("peer-quarantine", subscription.peer)))
    assert "Its signature does not hold." in shown


def test_a_quarantined_object_is_shown_as_it_came_and_runs_nothing(
    adam: Client, birch: SimulatedNode, feed: SimulatedFeed
) -> None:
    subscription = subscribed(birch, feed)
    held_back(subscription)
    row = Quarantined.objects.get().pk
    shown = html(adam.get(address("peer-quarantined", subscription.peer, row)))
    assert "&lt;script&gt;" in shown


def test_a_long_quarantine_is_read_page_by_page(
    adam: Client, birch: SimulatedNode, feed: SimulatedFeed
) -> None:
    subscription = subscribed(birch, feed)
    held_back(subscription, 120)
    url = address("peer-quarantine", subscription.peer)
    oldest = min(Quarantined.objects.values_list("pk", flat=True))
    shown = adam.get(url)
    for _ in range(2):
        shown = adam.get(f"{url}?{shown.context['page'].older}")
    assert shown.context["page"].rows[-1].pk == oldest
    assert shown.context["page"].older == ""


def test_another_peers_evidence_is_not_found_here(adam: Client, birch: SimulatedNode) -> None:
    peer = confirmed(birch)
    other = onboarding.add_plain_peer("https://cedar.example/taxii2/", name="Cedar")
    evidence.keep(other.pk, EvidenceKind.FORK, "Two roots.", b"one", b"two")
    row = Evidence.objects.get().pk
    assert adam.post(address("peer-evidence-first", peer, row)).status_code == 404


def test_evidence_is_downloaded_as_it_came_and_that_is_written_down(
    adam: Client, birch: SimulatedNode
) -> None:
    peer = confirmed(birch)
    evidence.keep(peer.pk, EvidenceKind.FORK, "Two roots.", b"one\xff", b"two")
    answer = adam.post(address("peer-evidence-first", peer, Evidence.objects.get().pk))
    assert answer.content == b"one\xff"
    assert AuditEvent.objects.filter(act="export evidence", actor="adam").exists()


# --- Cost ----------------------------------------------------------------------------------------


def plain(number: int) -> Peer:
    return onboarding.add_plain_peer(f"https://n{number}.example/taxii2/", name=f"Node {number}")


def test_the_list_costs_as_much_for_many_peers_as_for_one(
    adam: Client, django_assert_max_num_queries: Any
) -> None:
    for number in range(30):
        plain(number)
    with django_assert_max_num_queries(14):
        page(adam, reverse("peers"))


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


def test_an_errand_says_why_it_failed(birch: SimulatedNode) -> None:
    peer = confirmed(birch)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(onboarding, "offered_by", _refuse)
        errands.ask(ErrandKind.OFFERS, "adam", peer=peer)
        assert work().failure == "Birch is away."


def _refuse(_: Peer) -> Any:
    raise FederationError("Birch is away.")
