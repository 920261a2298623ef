"""What a worker is sent to a peer for is done once, and its failure is a sentence."""

from datetime import UTC, datetime
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from federation.errors import FederationError
from federation.models import (
    Peer,
)
from indicators.models import AuditEvent, Errand, ErrandKind
from indicators.pipeline import errands, onboarding
from tests.peer_simulator import SimulatedNode
from tests.web.peers.joined import confirmed, work

pytestmark = pytest.mark.django_db


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


def test_an_errand_says_why_it_failed(birch: SimulatedNode) -> None:
    peer = confirmed(birch)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(onboarding, "offered_by", _refuse)
        errands.ask(ErrandKind.OFFERS, "adam", peer=peer)
        assert work().failure == "Birch is away."


def _refuse(_: Peer) -> Any:
    raise FederationError("Birch is away.")
