"""What an administrator can say of peers on the command line, to a node that really answers."""

import json
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from celery import current_app
from django.core.management import call_command
from django.core.management.base import CommandError

from federation.errors import PeerUnavailable
from federation.models import (
    Evidence,
    EvidenceKind,
    Peer,
    PeerLog,
    PeerState,
    Push,
    Quarantined,
    Subscription,
)
from federation.peers import descriptor, registry
from federation.transparency import evidence
from indicators import peering
from indicators.models import AuditEvent, Collection, Member, Relay, Sector, State
from indicators.store.custody import ensure_own_member, open_collection
from tests.objects import id_of, indicator
from tests.peer_simulator import Reply, SimulatedFeed, SimulatedNode, serving

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def workers() -> Iterator[None]:
    """Nothing is run by itself."""
    with mock.patch.object(current_app, "send_task"):
        yield


@pytest.fixture
def node() -> Iterator[SimulatedNode]:
    with serving(SimulatedNode("Birch")) as node:
        yield node


@pytest.fixture
def feed(node: SimulatedNode) -> SimulatedFeed:
    feed = node.open_feed(title="Shared")
    feed.publish(*(node.organization.sign(indicator(number)) for number in range(3)))
    return feed


def run(*words: str) -> Any:
    """A command's rows."""
    out = StringIO()
    call_command(*words, "--json", stdout=out, stderr=StringIO())
    return json.loads(out.getvalue())


def said(*words: str) -> str:
    """A command's table."""
    out = StringIO()
    call_command(*words, stdout=out, stderr=StringIO())
    return out.getvalue()


def add(node: SimulatedNode, *more: str) -> dict[str, Any]:
    [row] = run("peer", "add", node.base_url, "--allow-private", *more)
    return dict(row)


def confirm(node: SimulatedNode) -> None:
    run("peer", "confirm", "Birch", add(node)["fingerprint"])


# --- Joining -------------------------------------------------------------------------------------


def test_adding_a_node_shows_its_fingerprint_and_trusts_nothing(node: SimulatedNode) -> None:
    row = add(node)
    assert (row["name"], row["state"]) == ("Birch", "invited")
    assert row["fingerprint"] == registry.fingerprint_of(Peer.objects.get())
    assert Member.objects.get(name="Birch").state == State.INVITED


def test_a_private_address_is_refused_unless_it_is_allowed(node: SimulatedNode) -> None:
    with pytest.raises(CommandError, match=r"127\.0\.0\.1"):
        run("peer", "add", node.base_url)


def test_confirming_makes_a_peer_and_a_member_of_it(node: SimulatedNode) -> None:
    confirm(node)
    assert Peer.objects.get().state == PeerState.ACTIVE
    assert Member.objects.get(name="Birch").state == State.ACTIVE


def test_a_fingerprint_may_be_written_in_groups(node: SimulatedNode) -> None:
    groups = add(node)["fingerprint"].lower().split()
    [row] = run("peer", "confirm", "Birch", *groups)
    assert row["state"] == "active"


def test_another_fingerprint_is_refused_with_the_cure(node: SimulatedNode) -> None:
    add(node)
    with pytest.raises(CommandError, match="Compare it with its operator"):
        run("peer", "confirm", "Birch", "AAAA BBBB")


def test_who_confirmed_is_written_down(node: SimulatedNode) -> None:
    confirm(node)
    assert AuditEvent.objects.filter(act="confirm peer", subject="Birch").exists()


def test_a_member_that_is_known_under_another_identity_is_not_taken_for_it(
    node: SimulatedNode,
) -> None:
    Member.objects.create(name="Birch", identity_id=id_of("identity", "Birch"))
    with pytest.raises(CommandError, match="--member"):
        add(node)
    assert not Peer.objects.exists()


def test_a_member_that_was_added_before_its_node_is_joined_with_it(node: SimulatedNode) -> None:
    before = Member.objects.create(name="Birch", identity_id=id_of("identity", "Birch"))
    add(node, "--member", "Birch")
    before.refresh_from_db()
    assert before.identity_id == node.organization.identity_id


def test_this_nodes_own_member_is_nobody_else(node: SimulatedNode) -> None:
    own = ensure_own_member()
    with pytest.raises(CommandError, match="another organization"):
        add(node, "--member", own.name)


def test_a_peer_can_have_another_name_here(node: SimulatedNode) -> None:
    assert add(node, "--name", "Birch Labs", "--sector", "cloud")["name"] == "Birch Labs"
    assert Member.objects.get(name="Birch Labs").sector == Sector.CLOUD


def test_an_organization_can_be_known_without_its_node(node: SimulatedNode, tmp_path: Path) -> None:
    path = tmp_path / "birch.json"
    path.write_bytes(node.descriptor() + b"\n")
    [row] = run("peer", "add", "--descriptor", str(path))
    run("peer", "confirm", "Birch", row["fingerprint"])
    assert Peer.objects.get().base_url == ""
    assert registry.key_ring().knows(node.organization.identity_id)


def test_a_plain_server_is_taken_as_it_is() -> None:
    [row] = run("peer", "add", "https://taxii.example/taxii2/", "--plain", "--name", "ATLAS")
    assert row["state"] == "active"
    assert Member.objects.get(name="ATLAS").sector == Sector.AUTHORITY


def test_neither_url_nor_file_is_nobody() -> None:
    with pytest.raises(CommandError, match="Give the node's URL"):
        run("peer", "add")


def test_a_credential_comes_from_a_file(node: SimulatedNode, tmp_path: Path) -> None:
    (tmp_path / "key").write_text("retort_secret\n")
    add(node, "--user", "alder-bot", "--key-file", str(tmp_path / "key"))
    assert registry.open_credential(Peer.objects.get()) == ("alder-bot", "retort_secret")


def test_a_credential_can_be_replaced(node: SimulatedNode, tmp_path: Path) -> None:
    add(node)
    (tmp_path / "key").write_text("retort_other")
    run("peer", "credential", "Birch", "--user", "bot", "--key-file", str(tmp_path / "key"))
    assert registry.open_credential(Peer.objects.get()) == ("bot", "retort_other")


def test_an_empty_key_is_no_credential(node: SimulatedNode, tmp_path: Path) -> None:
    add(node)
    (tmp_path / "key").write_text("\n")
    with pytest.raises(CommandError, match="empty"):
        run("peer", "credential", "Birch", "--user", "bot", "--key-file", str(tmp_path / "key"))


# --- Following -----------------------------------------------------------------------------------


def test_a_rotated_key_is_followed(node: SimulatedNode) -> None:
    confirm(node)
    node.rotate()
    [row] = run("peer", "refresh", "Birch")
    assert row["new keys"] == 1


def test_a_node_that_lost_its_keys_raises_an_alarm_until_it_is_confirmed_anew(
    node: SimulatedNode,
) -> None:
    confirm(node)
    anew = SimulatedNode("Birch").organization
    anew.identity_id = node.organization.identity_id
    node.organization = anew
    with pytest.raises(CommandError, match="is missing"):
        run("peer", "refresh", "Birch")
    assert "is missing" in run("peer", "list")[0]["why"]
    told = registry.fingerprint(descriptor.read(node.descriptor()).keys)
    run("peer", "confirm", "Birch", told)
    assert run("peer", "list")[0]["why"] == ""


def test_an_invited_peer_is_shown_anew(node: SimulatedNode) -> None:
    before = add(node)["fingerprint"]
    node.rotate()
    [row] = run("peer", "refresh", "Birch")
    assert row["fingerprint"] != before


def test_a_peer_that_is_down_is_an_error_in_words(node: SimulatedNode) -> None:
    confirm(node)
    node.answer_with("retort.json", Reply(status=503))
    with pytest.raises(CommandError) as refusal:
        run("peer", "refresh", "Birch")
    assert isinstance(refusal.value.__cause__, PeerUnavailable)


# --- Exchange ------------------------------------------------------------------------------------


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


# --- Upkeep --------------------------------------------------------------------------------------


def test_a_peer_that_is_read_to_its_end_is_verified(
    node: SimulatedNode, feed: SimulatedFeed
) -> None:
    confirm(node)
    run("peer", "subscribe", "Birch", "--all")
    run("peer", "pull")
    [row] = run("peer", "list")
    assert (row["behind"], row["verified"], row["failing"]) == (0, "all", 0)


def test_why_a_peer_fails_is_in_the_list(node: SimulatedNode, feed: SimulatedFeed) -> None:
    confirm(node)
    run("peer", "subscribe", "Birch", "--all")
    Subscription.objects.update(failures=1, failure="It stalls.")
    [row] = run("peer", "list")
    assert (row["failing"], row["why"]) == (1, "It stalls.")


def test_the_list_is_a_table_for_people(node: SimulatedNode) -> None:
    confirm(node)
    assert "Birch" in said("peer", "list")


def test_one_peer_is_shown_with_keys_logs_and_subscriptions(
    node: SimulatedNode, feed: SimulatedFeed
) -> None:
    confirm(node)
    run("peer", "subscribe", "Birch", "--all")
    told = run("peer", "show", "Birch")
    assert {name: len(rows) for name, rows in told.items()} == {
        "peer": 1,
        "keys": 2,
        "logs": 1,
        "subscriptions": 1,
    }
    assert feed.origin in said("peer", "show", "Birch")


@pytest.mark.parametrize(("verb", "state"), [("suspend", State.SUSPENDED), ("leave", State.LEFT)])
def test_an_organization_is_held_off_as_peer_and_as_member(
    node: SimulatedNode, verb: str, state: State
) -> None:
    confirm(node)
    run("peer", verb, "Birch", "--reason", "asked to")
    assert Peer.objects.get().state == Member.objects.get(name="Birch").state == state
    assert Peer.objects.get().reason == "asked to"


def test_a_member_that_is_suspended_is_no_peer_meanwhile(node: SimulatedNode) -> None:
    confirm(node)
    run("member", "state", "Birch", "suspended")
    assert Peer.objects.get().state == PeerState.SUSPENDED


def test_an_organization_comes_back(node: SimulatedNode) -> None:
    confirm(node)
    run("peer", "suspend", "Birch")
    run("peer", "resume", "Birch")
    assert Peer.objects.get().state == Member.objects.get(name="Birch").state == "active"


def test_who_was_never_confirmed_is_not_resumed(node: SimulatedNode) -> None:
    add(node)
    with pytest.raises(CommandError, match="not confirmed yet"):
        run("peer", "resume", "Birch")


def test_a_member_may_be_served_before_its_node_is_trusted(node: SimulatedNode) -> None:
    add(node)
    run("member", "state", "Birch", "active")
    assert Peer.objects.get().state == PeerState.INVITED


def test_what_was_not_taken_is_shown_with_the_reason(
    node: SimulatedNode, feed: SimulatedFeed
) -> None:
    confirm(node)
    run("peer", "subscribe", "Birch", "--all")
    Quarantined.objects.create(
        subscription=Subscription.objects.get(),
        sha256=bytes(32),
        stix_id=id_of("indicator", 1),
        body=b"{}",
        reason="The key is not known.",
        may_pass_later=False,
    )
    [row] = run("peer", "quarantine", "Birch", "--recheck")
    assert (row["object"], row["reason"]) == (id_of("indicator", 1), "The key is not known.")
    assert run("peer", "list")[0]["quarantine"] == 1


def test_evidence_is_written_as_it_came(node: SimulatedNode, tmp_path: Path) -> None:
    confirm(node)
    evidence.keep(Peer.objects.get().pk, EvidenceKind.FORK, "Two roots.", b"one\n", b"two\n")
    [row] = run("peer", "evidence", "Birch", "--export", str(tmp_path))
    assert (row["kind"], row["what"]) == ("fork", "Two roots.")
    found = {path.suffix: path.read_bytes() for path in tmp_path.iterdir()}
    assert (found[".first"], found[".second"]) == (b"one\n", b"two\n")
    assert Evidence.objects.count() == 1


def test_a_frozen_peer_goes_on_when_a_person_says_so(
    node: SimulatedNode, feed: SimulatedFeed
) -> None:
    confirm(node)
    run("peer", "subscribe", "Birch", "--all")
    PeerLog.objects.update(frozen_at="2026-01-01T00:00Z", frozen_because="forked")
    Subscription.objects.update(state=Subscription.State.FROZEN)
    Peer.objects.update(state=PeerState.SUSPENDED, reason="forked")
    assert run("peer", "list")[0]["verified"] == "frozen"
    [row] = run("peer", "unfreeze", "Birch")
    assert (row["state"], row["verified"], row["why"]) == ("active", "all", "")
    assert PeerLog.objects.get().frozen_at is None


def test_an_unknown_peer_is_answered_with_where_to_look() -> None:
    with pytest.raises(CommandError, match="peer list"):
        run("peer", "show", "Nobody")


def test_a_nodes_own_fingerprint_is_what_others_see() -> None:
    [row] = run("key", "fingerprint")
    assert row["fingerprint"] == registry.fingerprint(descriptor.read(peering.describe()).keys)
