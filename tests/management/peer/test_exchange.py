"""On the command line a peer's collections are pulled, relayed and pushed to."""

from pathlib import Path
from unittest import mock

import pytest
from django.core.management.base import CommandError

from federation.models import (
    PeerLog,
    Push,
    Subscription,
)
from indicators.models import Collection, Relay
from indicators.store.custody import open_collection
from tests.management.peer.commands import add, confirm, run
from tests.peer_simulator import SimulatedFeed, SimulatedNode

pytestmark = pytest.mark.django_db


def test_without_a_choice_the_collections_are_shown(
    node: SimulatedNode, feed: SimulatedFeed
) -> None:
    confirm(node)
    [row] = run("peer", "subscribe", "Birch")
    assert (row["title"], row["pulled"]) == ("Shared", "no")
    assert not Subscription.objects.exists()


def test_a_collection_is_pulled_with_its_log(node: SimulatedNode, feed: SimulatedFeed) -> None:
    confirm(node)
    run("peer", "subscribe", "Birch", "--collection", "Shared")
    made = Subscription.objects.get()
    assert (made.url, made.log) == (node.url(feed), PeerLog.objects.get(origin=feed.origin))
    assert made.signatures_required
    assert Collection.objects.get(pk=made.inbox).is_inbox


def test_unsigned_objects_may_be_let_in(node: SimulatedNode, feed: SimulatedFeed) -> None:
    confirm(node)
    run("peer", "subscribe", "Birch", "--all", "--signatures", "optional")
    assert not Subscription.objects.get().signatures_required


def test_a_collection_is_subscribed_to_once(node: SimulatedNode, feed: SimulatedFeed) -> None:
    confirm(node)
    run("peer", "subscribe", "Birch", "--all")
    assert run("peer", "subscribe", "Birch", "--all") == []


def test_a_collection_that_is_younger_than_the_descriptor_is_found(node: SimulatedNode) -> None:
    confirm(node)
    young = node.open_feed(title="Young")
    run("peer", "subscribe", "Birch", "--collection", str(young.id))
    assert Subscription.objects.get().log is not None


def test_a_collection_without_a_log_is_not_pulled(node: SimulatedNode, feed: SimulatedFeed) -> None:
    confirm(node)
    PeerLog.objects.all().delete()
    with (
        mock.patch.object(node, "descriptor", return_value=_without_logs(node)),
        pytest.raises(CommandError, match="describes no log"),
    ):
        run("peer", "subscribe", "Birch", "--all")


def _without_logs(node: SimulatedNode) -> bytes:
    feeds, node.feeds = node.feeds, {}
    body = node.descriptor()
    node.feeds = feeds
    return body


def test_a_collection_of_another_name_is_not_guessed(
    node: SimulatedNode, feed: SimulatedFeed
) -> None:
    confirm(node)
    with pytest.raises(CommandError, match="0 collections"):
        run("peer", "subscribe", "Birch", "--collection", "Share")


def test_nothing_is_pulled_of_who_is_not_confirmed(
    node: SimulatedNode, feed: SimulatedFeed
) -> None:
    add(node)
    with pytest.raises(CommandError, match="confirm"):
        run("peer", "subscribe", "Birch", "--all")


def test_a_credential_is_shown_to_nobody_who_is_not_confirmed(
    node: SimulatedNode, feed: SimulatedFeed, tmp_path: Path
) -> None:
    (tmp_path / "key").write_text("retort_secret")
    add(node, "--user", "bot", "--key-file", str(tmp_path / "key"))
    run("peer", "refresh", "Birch")
    open_collection(title="Ours", alias="ours")
    for words in (["subscribe", "Birch"], ["push", "Birch", "--collection", "ours", "--to", "x"]):
        with pytest.raises(CommandError):
            run("peer", *words)
    assert {path.split()[1] for path in node.asked} == {"/.well-known/retort.json"}


def test_answers_go_to_an_own_collection(node: SimulatedNode, feed: SimulatedFeed) -> None:
    confirm(node)
    answers = open_collection(title="Answers", alias="answers")
    run("peer", "subscribe", "Birch", "--all", "--answers", "answers")
    assert Collection.objects.get(is_inbox=True).answers == answers


def test_pulling_now_says_what_came(node: SimulatedNode, feed: SimulatedFeed) -> None:
    confirm(node)
    run("peer", "subscribe", "Birch", "--all")
    [row] = run("peer", "pull", "Birch")
    assert (row["objects"], row["failure"]) == (3, "")


def test_a_peers_collection_is_relayed(node: SimulatedNode, feed: SimulatedFeed) -> None:
    confirm(node)
    open_collection(title="Community", alias="community", audience="community")
    run("peer", "subscribe", "Birch", "--all")
    run("peer", "relay", "--from", "Birch", "--to", "community")
    assert Relay.objects.get().target.alias == "community"


def test_what_is_not_pulled_is_not_relayed(node: SimulatedNode, feed: SimulatedFeed) -> None:
    confirm(node)
    open_collection(title="Community", alias="community", audience="community")
    with pytest.raises(CommandError, match="is not pulled"):
        run("peer", "relay", "--from", "Birch", "--collection", "Shared", "--to", "community")


def test_an_own_collection_is_pushed(node: SimulatedNode, feed: SimulatedFeed) -> None:
    confirm(node)
    open_collection(title="Ours", alias="ours")
    run("peer", "push", "Birch", "--collection", "ours", "--to", node.url(feed))
    assert Push.objects.get().url == node.url(feed)
