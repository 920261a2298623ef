"""Mallory, a confirmed peer, lies: each lie is found, contained, told and kept, and Alder's honest
feed is pulled on.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from hashlib import sha256
from typing import Any
from uuid import UUID

import pytest

from federation.canonical import canonical
from federation.keys import Verifier
from federation.models import Subscription
from federation.signing import EXTENSION
from federation.transparency import checkpoint
from indicators.models import Contradiction
from tests.exchange.puller import Puller
from tests.objects import START, TLP_AMBER, TLP_CLEAR, TLP_RED, id_of, indicator, moment, stamp
from tests.peer_simulator import Organization, SimulatedFeed, SimulatedNode

COUNT = 8


@dataclass
class Scene:
    """Birch pulls Mallory's feed, in which some of Alder's objects are relayed, and Alder's own."""

    birch: Puller
    mallory: SimulatedNode
    feed: SimulatedFeed
    theirs: UUID
    alder: SimulatedNode
    honest: SimulatedFeed
    ours: UUID

    def sign(self, key: object, **changes: Any) -> bytes:
        return self.mallory.organization.sign(indicator(key), **changes)

    def of_alder(self, key: object, **changes: Any) -> bytes:
        return self.alder.organization.sign(indicator(key), **changes)

    def pull(self) -> str:
        """Pull Mallory's feed; what the subscription says of it."""
        self.birch.pull(self.theirs)
        return self.birch.state(self.theirs).failure

    def taken(self) -> list[bytes]:
        return self.birch.held(self.theirs)

    def reasons(self) -> str:
        return " ".join(self.birch.reasons(self.theirs))


@pytest.fixture
def scene(
    birch: Puller, mallory: SimulatedNode, alder: SimulatedNode, settings: Any
) -> Iterator[Scene]:
    """After the test Alder publishes once more, and it arrives: the honest flow went on."""
    settings.PULL_QUARANTINE_MOST = 20
    feed, honest = mallory.open_feed(), alder.open_feed()
    feed.publish(*(mallory.organization.sign(indicator(f"m{n}")) for n in range(COUNT)))
    honest.publish(*(alder.organization.sign(indicator(f"a{n}")) for n in range(COUNT)))
    ours = birch.subscribe(alder, honest)
    theirs = birch.subscribe(mallory, feed)
    birch.pull(ours)
    yield Scene(birch, mallory, feed, theirs, alder, honest, ours)
    honest.publish(alder.organization.sign(indicator("the last")))
    assert birch.pull(ours).failure == ""
    assert birch.held(ours) == [row.body for row in honest.rows]


def altered(body: bytes, **changes: Any) -> bytes:
    return canonical({**json.loads(body), **changes})


def stripped(body: bytes) -> bytes:
    value = json.loads(body)
    assert EXTENSION in value.pop("extensions")
    return canonical(value)


# --- Objects ---


def test_an_object_altered_on_its_way_is_refused_and_the_rest_is_taken(scene: Scene) -> None:
    body = altered(scene.of_alder("relayed"), name="Harmless")
    scene.feed.publish(body)
    scene.pull()
    assert len(scene.taken()) == COUNT
    assert "does not hold" in scene.reasons()
    assert scene.birch.evidence("Mallory") == ["forgery"]
    assert bytes(scene.birch.proof("Mallory").first) == body


@pytest.mark.parametrize("signatures", ["required", "optional"])
def test_a_stripped_signature_is_refused(
    birch: Puller, mallory: SimulatedNode, alder: SimulatedNode, signatures: str
) -> None:
    birch.confirm(alder)
    feed = mallory.open_feed(signatures=signatures)
    feed.publish(stripped(alder.organization.sign(indicator("relayed"))))
    subscription = birch.subscribe(mallory, feed, signatures_required=signatures == "required")
    birch.pull(subscription)
    assert birch.held(subscription) == []
    assert "carries no signature" in birch.reasons(subscription)[0]
    assert birch.evidence("Mallory") == ["forgery"]


def test_what_mallory_signs_in_alders_name_is_refused(scene: Scene) -> None:
    identity_id = scene.alder.organization.identity_id
    scene.feed.publish(scene.sign("forged", created_by_ref=identity_id))
    scene.pull()
    assert len(scene.taken()) == COUNT
    assert "only its author" in scene.reasons()
    assert scene.birch.evidence("Mallory") == ["forgery"]


def test_alders_identity_can_not_be_signed_by_mallory(scene: Scene) -> None:
    identity = {**scene.alder.organization.identity(), "name": "Alder, says Mallory"}
    del identity["extensions"]
    forged = scene.mallory.organization.sign(identity)
    scene.feed.publish(forged)
    scene.pull()
    assert forged not in scene.taken()
    assert scene.birch.evidence("Mallory") == ["forgery"]


def test_an_id_of_alders_can_not_be_used_by_mallory(scene: Scene) -> None:
    scene.feed.publish(scene.sign("a0", name="Another story", modified=stamp(moment(9))))
    scene.pull()
    assert "belongs to another member" in scene.reasons()
    assert scene.birch.held(scene.ours) == [row.body for row in scene.honest.rows]


def test_mallory_can_not_revoke_what_alder_published(scene: Scene) -> None:
    scene.feed.publish(scene.sign("a0", revoked=True, modified=stamp(moment(9))))
    scene.pull()
    assert len(scene.taken()) == COUNT
    assert "belongs to another member" in scene.reasons()


def test_two_contents_of_one_version_are_both_kept_and_the_second_is_not_served(
    scene: Scene,
) -> None:
    second = scene.sign("m0", name="What others are told")
    scene.feed.publish(second)
    scene.pull()
    assert second not in scene.taken()
    assert Contradiction.objects.filter(body=second).exists()
    assert scene.birch.evidence("Mallory") == ["equivocation"]


def test_what_is_revoked_does_not_come_back(scene: Scene) -> None:
    scene.feed.publish(
        scene.sign("m0", revoked=True, modified=stamp(moment(5))),
        scene.sign("m0", modified=stamp(moment(6))),
    )
    scene.pull()
    assert len(scene.taken()) == COUNT + 1
    assert "stays revoked" in scene.reasons()


def test_a_version_dated_before_the_revocation_does_not_become_the_latest(scene: Scene) -> None:
    scene.feed.publish(
        scene.sign("m0", revoked=True, modified=stamp(moment(5))),
        scene.sign("m0", modified=stamp(moment(4))),
    )
    scene.pull()
    assert scene.birch.latest(scene.theirs, id_of("indicator", "m0"))["revoked"] is True


def test_a_retired_key_signs_nothing_more(scene: Scene) -> None:
    old = Organization("Mallory")
    old.identity_id = scene.mallory.organization.identity_id
    old.object_key = scene.mallory.organization.object_key
    scene.pull()
    scene.mallory.rotate()
    scene.birch.refresh(scene.mallory)
    scene.feed.publish(old.sign(indicator("late")), scene.sign("in time"))
    scene.pull()
    assert len(scene.taken()) == COUNT + 1
    assert "retired" in scene.reasons()
    assert scene.birch.evidence("Mallory") == ["forgery"]


# --- The log ---


def alter_served(feed: SimulatedFeed, sign: Callable[..., bytes]) -> None:
    feed.rows[3] = replace(feed.rows[3], body=sign("m3", name="For this reader"))


def swap(feed: SimulatedFeed, sign: Callable[..., bytes]) -> None:
    first, second = feed.rows[3], feed.rows[4]
    feed.rows[3] = replace(second, date_added=first.date_added)
    feed.rows[4] = replace(first, date_added=second.date_added)


def serve_unlogged(feed: SimulatedFeed, sign: Callable[..., bytes]) -> None:
    feed.publish(sign("for this reader alone"))
    feed.entries.pop()


def repeat(feed: SimulatedFeed, sign: Callable[..., bytes]) -> None:
    feed.rows.append(replace(feed.rows[0], date_added=START + timedelta(days=1)))


@pytest.mark.parametrize("lie", [alter_served, swap, serve_unlogged, repeat])
def test_a_feed_that_differs_from_its_log_is_refused_with_the_object_as_proof(
    scene: Scene, lie: Callable[..., None]
) -> None:
    lie(scene.feed, scene.sign)
    assert "not in" in scene.pull()
    assert scene.taken() == []
    proof = scene.birch.proof("Mallory")
    assert proof.kind == "unlogged"
    assert bytes(proof.first) in [row.body for row in scene.feed.rows]
    assert scene.feed.origin.encode() in bytes(proof.second)


def test_an_object_that_is_dropped_is_missed(scene: Scene) -> None:
    del scene.feed.rows[3]
    assert scene.pull() == ""
    assert len(scene.taken()) == COUNT - 1
    assert scene.birch.gaps(scene.theirs) == [(3, False)]
    assert scene.birch.evidence("Mallory") == ["withheld"]


def test_the_last_object_is_missed_too_and_waited_for(scene: Scene) -> None:
    kept = scene.feed.rows.pop()
    for _ in range(2):
        assert scene.pull() == ""
        assert len(scene.taken()) == COUNT - 1
        assert scene.birch.evidence("Mallory") == ["withheld"]
    scene.feed.rows.append(kept)
    assert scene.pull() == ""
    assert scene.taken() == [row.body for row in scene.feed.rows]


def test_a_page_that_was_served_before_is_refused(scene: Scene) -> None:
    scene.pull()
    scene.feed.replays_from = START - timedelta(days=1)
    assert "asked for" in scene.pull()
    assert len(scene.taken()) == COUNT
    assert scene.birch.evidence("Mallory") == ["misconduct"]


def test_dates_that_run_backwards_are_refused(scene: Scene) -> None:
    scene.feed.rows[-1] = replace(scene.feed.rows[-1], date_added=START - timedelta(days=1))
    assert "backwards" in scene.pull()
    assert scene.taken() == []


def fork(feed: SimulatedFeed, sign: Callable[..., bytes]) -> None:
    """Another history of the same length."""
    feed.entries[3] = sha256(b"another").digest()


def fork_and_grow(feed: SimulatedFeed, sign: Callable[..., bytes]) -> None:
    """Another history, and a longer one."""
    fork(feed, sign)
    feed.publish(sign("later"))


def roll_back(feed: SimulatedFeed, sign: Callable[..., bytes]) -> None:
    del feed.rows[5:], feed.entries[5:]


@pytest.mark.parametrize(
    ("lie", "kind"), [(fork, "fork"), (fork_and_grow, "fork"), (roll_back, "rollback")]
)
def test_a_log_that_contradicts_itself_freezes_the_peer_and_both_notes_prove_it(
    scene: Scene, lie: Callable[..., None], kind: str
) -> None:
    scene.pull()
    before = scene.feed.checkpoint()
    lie(scene.feed, scene.sign)
    reason = scene.pull()
    assert scene.feed.origin in reason
    assert scene.birch.state(scene.theirs).state == Subscription.State.FROZEN
    assert scene.birch.is_held_off("Mallory")
    proof = scene.birch.proof("Mallory")
    assert (proof.kind, bytes(proof.first)) == (kind, before)
    verifier = Verifier.parse(scene.feed.vkey)
    for note in (proof.first, proof.second):
        checkpoint.verify(bytes(note), scene.feed.origin, verifier)
    assert len(scene.taken()) == COUNT


def test_a_frozen_peer_is_not_pulled_until_a_person_says_so(scene: Scene) -> None:
    scene.pull()
    roll_back(scene.feed, scene.sign)
    scene.pull()
    scene.mallory.asked.clear()
    scene.pull()
    assert scene.mallory.asked == []


# --- Markings ---


@pytest.mark.parametrize("marking", [TLP_AMBER, TLP_RED])
def test_what_mallory_relays_against_its_marking_is_evidence_and_goes_no_further(
    scene: Scene, marking: str
) -> None:
    body = scene.of_alder("confidential", object_marking_refs=[marking])
    served = scene.birch.relay(scene.theirs)
    scene.feed.publish(body)
    scene.pull()
    assert scene.birch.evidence("Mallory") == ["overreach"]
    assert bytes(scene.birch.proof("Mallory").first) == body
    assert body not in scene.birch.bodies(served)


def test_what_may_be_relayed_is(scene: Scene) -> None:
    body = scene.of_alder("public", object_marking_refs=[TLP_CLEAR])
    served = scene.birch.relay(scene.theirs)
    scene.feed.publish(body)
    scene.pull()
    assert body in scene.birch.bodies(served)
    assert scene.birch.evidence("Mallory") == []
