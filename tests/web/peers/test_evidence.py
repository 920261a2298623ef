"""Adam reads what was not taken of a peer, and takes along what proves that it lied."""

import pytest
from django.test import Client

from federation.models import (
    Evidence,
    EvidenceKind,
    Quarantined,
    Subscription,
)
from federation.transparency import evidence
from indicators.models import AuditEvent
from indicators.pipeline import onboarding
from tests.peer_simulator import SimulatedFeed, SimulatedNode
from tests.web.peers.joined import address, confirmed, subscribed
from tests.web.reading import html

pytestmark = pytest.mark.django_db


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
