"""What is republished: once, as its origin's, also when it comes around again; and what an echo of
it is worth.
"""

import json
from typing import Any
from uuid import UUID

import pytest

from federation.canonical import canonical
from federation.models import NodeKey
from federation.node_keys import current_key
from federation.signing import sign_all
from indicators import pipeline
from indicators.models import Collection, JointCluster, JointSubject
from indicators.reconcile.matching import reconcile_collection
from indicators.store import feed as feeds
from indicators.store import withdrawal
from indicators.store.admission import Origins, admit
from tests.exchange.puller import EVERYTHING, Puller
from tests.objects import TLP_AMBER, TLP_GREEN, id_of, indicator, moment, stamp, stix_object
from tests.peer_simulator import SimulatedFeed, SimulatedNode
from tests.reconcile.incoming import devices, lead


@pytest.fixture
def feed(mallory: SimulatedNode) -> SimulatedFeed:
    """A peer's collection, in which it relays what others made."""
    return mallory.open_feed()


@pytest.fixture
def subscription(birch: Puller, mallory: SimulatedNode, feed: SimulatedFeed) -> UUID:
    return birch.subscribe(mallory, feed)


@pytest.fixture
def served(birch: Puller, subscription: UUID) -> Collection:
    return birch.relay(subscription)


def own(birch: Puller, served: Collection, **changes: Any) -> bytes:
    """An object of this node, signed and published."""
    value = indicator("own", created_by_ref=birch.member.identity_id, **changes)
    key = current_key(NodeKey.Purpose.OBJECT)
    (body,) = sign_all([canonical(value)], key)
    obj = stix_object(json.loads(body))
    admit(served, birch.member, [obj], origins=Origins({0: birch.member}, {0: "its kid"}))
    return body


def test_what_comes_around_again_is_there_once(
    birch: Puller, subscription: UUID, feed: SimulatedFeed, served: Collection
) -> None:
    body = own(birch, served)
    feed.publish(body)
    assert birch.pull(subscription).refused == 0
    assert birch.bodies(served) == [body]


def test_what_this_node_took_back_does_not_return_by_a_relay(
    birch: Puller, subscription: UUID, feed: SimulatedFeed, served: Collection
) -> None:
    body = own(birch, served)
    withdrawal.withdraw(served, birch.member, id_of("indicator", "own"), EVERYTHING, "a mistake")
    feed.publish(body)
    birch.pull(subscription)
    assert birch.bodies(served) == []


@pytest.mark.parametrize(("is_delivered", "kinds"), [(False, ["overreach"]), (True, [])])
def test_what_is_kept_within_the_organization_and_comes_back_was_relayed_or_delivered(
    birch: Puller,
    mallory: SimulatedNode,
    subscription: UUID,
    feed: SimulatedFeed,
    served: Collection,
    is_delivered: bool,
    kinds: list[str],
) -> None:
    body = own(birch, served, object_marking_refs=[TLP_AMBER])
    if is_delivered:
        pipeline.open_push(birch.peers["Mallory"], served, mallory.url(feed))
    feed.publish(body)
    birch.pull(subscription)
    assert birch.evidence("Mallory") == kinds


def test_what_two_peers_relay_is_served_once(
    birch: Puller,
    mallory: SimulatedNode,
    alder: SimulatedNode,
    subscription: UUID,
    feed: SimulatedFeed,
    served: Collection,
) -> None:
    original = alder.open_feed()
    body = alder.organization.sign(indicator("a"))
    original.publish(body)
    direct = birch.subscribe(alder, original)
    feed.publish(body)
    birch.pull(direct)
    birch.pull(subscription)
    birch.relay_into(direct, served)
    assert birch.bodies(served) == [body]
    assert birch.held(direct) == birch.held(subscription) == [body]


def test_a_revocation_follows_what_was_relayed(
    birch: Puller,
    alder: SimulatedNode,
    subscription: UUID,
    feed: SimulatedFeed,
    served: Collection,
) -> None:
    birch.confirm(alder)
    feed.publish(alder.organization.sign(indicator("a"), object_marking_refs=[TLP_GREEN]))
    birch.pull(subscription)
    gone = {"revoked": True, "modified": stamp(moment(1)), "object_marking_refs": [TLP_GREEN]}
    feed.publish(alder.organization.sign(indicator("a"), **gone))
    birch.pull(subscription)
    page = feeds.read_page(served.pk, feeds.Selection(), after=-1, limit=10)
    (row,) = page.rows
    assert json.loads(bytes(row.body or b""))["revoked"] is True


def test_a_member_who_left_is_taken_nothing_new_from_by_way_of_others(
    birch: Puller, alder: SimulatedNode, subscription: UUID, feed: SimulatedFeed
) -> None:
    birch.confirm(alder)
    old, new = (alder.organization.sign(indicator(name)) for name in ("old", "new"))
    feed.publish(old)
    birch.pull(subscription)
    birch.let_go("Alder")
    feed.publish(new)
    birch.pull(subscription)
    assert birch.held(subscription) == [old]
    assert birch.contributor(old)[0] == "Alder"
    assert "not a member now" in birch.reasons(subscription)[0]


def test_an_echo_of_anothers_claim_corroborates_nothing(
    birch: Puller,
    alder: SimulatedNode,
    mallory: SimulatedNode,
    subscription: UUID,
    feed: SimulatedFeed,
) -> None:
    tokens = devices("d1", "d2", "d3")
    original = alder.open_feed()
    told = {"told": {"basis": "first-party"}}
    original.publish(alder.organization.sign(lead("of Alder", *tokens, **told)))
    direct = birch.subscribe(alder, original)
    birch.pull(direct)
    reconcile_collection(birch.inbox(direct).pk)
    feed.publish(mallory.organization.sign(lead("echo", *tokens, **told)))
    feed.publish(mallory.organization.sign(lead("another echo", *tokens[:2], **told)))
    birch.pull(subscription)
    reconcile_collection(birch.inbox(subscription).pk)
    seat = JointSubject.objects.get(subject=id_of("indicator", "of Alder"))
    joint = JointCluster.objects.get(pk=seat.joint_id)
    assert joint.subject_count == 3
    assert joint.origins == [alder.organization.identity_id]
