"""Adam adds Birch by its address, and compares its fingerprint."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from federation.models import (
    Peer,
    PeerState,
)
from federation.peers import registry
from indicators.models import Errand, ErrandKind
from tests.peer_simulator import SimulatedNode
from tests.web.peers.joined import added, address, confirmed, plain, work
from tests.web.reading import html, page, told

pytestmark = pytest.mark.django_db


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


def test_the_list_costs_as_much_for_many_peers_as_for_one(
    adam: Client, django_assert_max_num_queries: Any
) -> None:
    for number in range(30):
        plain(number)
    with django_assert_max_num_queries(14):
        page(adam, reverse("peers"))
