"""A peer changes its key: what it signs goes on to be taken, and nobody else's is."""

from datetime import UTC, datetime, timedelta

from celery import current_app

from federation.models import Evidence, Peer, Quarantined
from federation.peers import registry
from indicators import pipeline
from indicators.models import ObjectVersion
from indicators.pipeline import onboarding
from indicators.pipeline.pulling import REFRESH_PEERS
from tests.exchange.puller import Puller
from tests.objects import indicator
from tests.peer_simulator import Reply, SimulatedNode


def sent() -> list[str]:
    """The tasks that were handed over."""
    return [call.args[0] for call in current_app.send_task.call_args_list]


def rotated(alder: SimulatedNode, birch: Puller) -> None:
    """Three objects of the old key are pulled, then two of the new one, which is not known yet."""
    feed = alder.open_feed()
    feed.publish(*(alder.organization.sign(indicator(number)) for number in range(3)))
    subscription = birch.subscribe(alder, feed)
    birch.pull(subscription)
    alder.rotate()
    feed.publish(*(alder.organization.sign(indicator(number)) for number in (3, 4)))
    birch.pull(subscription)


def refresh() -> None:
    """As it is done once the last look is an hour old."""
    Peer.objects.update(checked_at=datetime.now(UTC) - timedelta(hours=1))
    pipeline.refresh_peers()


def test_what_an_unknown_key_signed_waits(alder: SimulatedNode, birch: Puller) -> None:
    rotated(alder, birch)
    assert Quarantined.objects.filter(may_pass_later=True, released_at=None).count() == 2
    assert not Evidence.objects.exists()


def test_the_descriptor_is_asked_for_at_once(alder: SimulatedNode, birch: Puller) -> None:
    rotated(alder, birch)
    assert REFRESH_PEERS in sent()


def test_once_the_key_is_pinned_what_waited_is_taken(alder: SimulatedNode, birch: Puller) -> None:
    rotated(alder, birch)
    refresh()
    assert ObjectVersion.objects.filter(type="indicator").count() == 5
    assert not Quarantined.objects.filter(released_at=None).exists()


def test_what_each_key_signed_is_known_by_it(alder: SimulatedNode, birch: Puller) -> None:
    rotated(alder, birch)
    refresh()
    kids = {key.kid for key in registry.key_ring().owner_keys(alder.organization.identity_id)}
    stored = ObjectVersion.objects.filter(type="indicator").values_list("signed_by", flat=True)
    assert set(stored) == kids
    assert len(kids) == 2


def test_a_descriptor_that_is_not_vouched_for_takes_nothing(
    alder: SimulatedNode, birch: Puller
) -> None:
    rotated(alder, birch)
    mallory = SimulatedNode("Alder")
    mallory.base_url = alder.base_url
    mallory.organization.identity_id = alder.organization.identity_id
    alder.answer_with("retort.json", Reply(mallory.descriptor(), media="application/json"))
    refresh()
    assert "is missing" in Peer.objects.get().alarm
    assert ObjectVersion.objects.filter(type="indicator").count() == 3


def test_the_honest_descriptor_ends_the_alarm(alder: SimulatedNode, birch: Puller) -> None:
    rotated(alder, birch)
    alder.answer_with("retort.json", Reply(b"<html>", media="text/html"))
    refresh()
    assert Peer.objects.get().alarm
    alder.behave()
    onboarding.refresh_peer(Peer.objects.get())
    assert not Peer.objects.get().alarm
