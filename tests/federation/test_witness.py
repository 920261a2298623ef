"""This node as a witness: what it has seen of a log, it never sees otherwise."""

import threading
from collections.abc import Callable
from datetime import UTC, datetime
from hashlib import sha256
from uuid import uuid4

import pytest
from django.db import connection

from federation import node_keys
from federation.errors import (
    FederationError,
    Forked,
    MalformedCheckpoint,
    MalformedNote,
    MalformedRequest,
    OtherSize,
    ProofRefused,
    RolledBack,
    StaleHead,
    UnknownLog,
    WitnessRefused,
)
from federation.keys import SigningKey
from federation.models import Evidence, NodeKey, Peer, PeerLog, Subscription
from federation.peers import registry
from federation.transparency import checkpoint as checkpoints
from federation.transparency import cosignature, note, submission, witness
from federation.transparency.checkpoint import Checkpoint
from tests.federation.peers.neighbours import pinned
from tests.federation.peers.nodes import seeded
from tests.peer_simulator import SimulatedFeed

pytestmark = pytest.mark.django_db


@pytest.fixture
def alder(request: pytest.FixtureRequest) -> SimulatedFeed:
    """A log of eight entries of a peer, of which this node has seen nothing."""
    request.getfixturevalue("transactional_db" if "at_once" in request.node.name else "db")
    peer = pinned("Alder")
    feed = SimulatedFeed("alder.example")
    feed.origin, feed.key = peer.logs.get().origin, seeded("Alder log")
    feed.publish(*(b"object %d" % i for i in range(8)))
    return feed


def fork_of(feed: SimulatedFeed, *, at: int) -> SimulatedFeed:
    """Another log under the same key, the same up to `at`."""
    fork = SimulatedFeed("alder.example")
    fork.origin, fork.key = feed.origin, feed.key
    fork.entries = [*feed.entries[:at], *(sha256(e).digest() for e in feed.entries[at:])]
    return fork


def offer(feed: SimulatedFeed, old: int, size: int) -> bytes:
    """Submit the checkpoint of `size` as the next after `old`."""
    proof = feed.consistency(old, size) if old <= size else []
    return witness.add_checkpoint(submission.write(old, proof, feed.checkpoint(size)))


def seen(feed: SimulatedFeed) -> PeerLog:
    return PeerLog.objects.get(origin=feed.origin)


def text_of(feed: SimulatedFeed, size: int) -> str:
    return note.parse(feed.checkpoint(size)).text


# --- What is cosigned ----------------------------------------------------------------------------


def test_a_first_checkpoint_is_cosigned_from_nothing(alder: SimulatedFeed) -> None:
    lines = offer(alder, 0, 5)
    cosigned = cosignature.verify(text_of(alder, 5), lines, witness.this_witness())
    assert abs((datetime.now(UTC) - cosigned.at).total_seconds()) < 60


def test_a_checkpoint_that_extends_the_last_is_cosigned(alder: SimulatedFeed) -> None:
    offer(alder, 0, 5)
    lines = offer(alder, 5, 8)
    cosignature.verify(text_of(alder, 8), lines, witness.this_witness())
    assert (seen(alder).size, seen(alder).cosigned_size) == (8, 8)


def test_an_empty_log_is_cosigned(alder: SimulatedFeed) -> None:
    cosignature.verify(text_of(alder, 0), offer(alder, 0, 0), witness.this_witness())


def test_the_same_checkpoint_is_cosigned_again(alder: SimulatedFeed) -> None:
    """Its sender may have lost the answer, and a later time says that the log has not moved."""
    offer(alder, 0, 5)
    cosignature.verify(text_of(alder, 5), offer(alder, 5, 5), witness.this_witness())


def test_the_witness_goes_by_the_nodes_host(alder: SimulatedFeed, settings: object) -> None:
    settings.NODE_HOST = "birch.example"  # type: ignore[attr-defined]
    assert witness.this_witness().name == "birch.example"
    assert offer(alder, 0, 5).decode().startswith("— birch.example ")


def test_what_was_seen_is_kept_with_the_logs_own_signature_alone(alder: SimulatedFeed) -> None:
    other = cosignature.sign(text_of(alder, 5), "cedar.example", seeded("c"), datetime.now(UTC))
    witness.add_checkpoint(submission.write(0, [], alder.checkpoint(5) + other.encode()))
    assert bytes(seen(alder).note or b"") == alder.checkpoint(5)


# --- What is not ---------------------------------------------------------------------------------


def test_a_log_of_nobody_known_is_not_witnessed(alder: SimulatedFeed) -> None:
    alder.origin = f"mallory.example/{uuid4()}"
    with pytest.raises(UnknownLog, match="mallory"):
        offer(alder, 0, 5)


def test_a_suspended_peers_log_is_not_witnessed(alder: SimulatedFeed) -> None:
    Peer.objects.update(state="suspended")
    with pytest.raises(UnknownLog):
        offer(alder, 0, 5)


def test_a_checkpoint_by_another_key_is_not_witnessed(alder: SimulatedFeed) -> None:
    alder.key = SigningKey.generate()
    with pytest.raises(WitnessRefused, match="pinned key"):
        offer(alder, 0, 5)


def test_a_checkpoint_with_a_broken_signature_is_not_witnessed(alder: SimulatedFeed) -> None:
    signed = note.parse(alder.checkpoint(5))
    (good,) = signed.signatures
    broken = note.Signature(good.name, good.key_id, bytes(64))
    source = note.Note(signed.text, (broken,)).encode()
    with pytest.raises(WitnessRefused, match="does not verify"):
        witness.add_checkpoint(submission.write(0, [], source))


@pytest.mark.parametrize(("old", "told"), [(0, 5), (4, 5), (6, 5)])
def test_another_old_size_than_was_seen_is_told(alder: SimulatedFeed, old: int, told: int) -> None:
    offer(alder, 0, 5)
    with pytest.raises(OtherSize) as refusal:
        offer(alder, old, 8)
    assert refusal.value.size == told


def test_the_size_that_a_pull_has_seen_counts_as_seen(alder: SimulatedFeed) -> None:
    head = checkpoints.parse(text_of(alder, 7))
    witness.remember_head(seen(alder).pk, head, alder.checkpoint(7))
    with pytest.raises(OtherSize) as refusal:
        offer(alder, 0, 8)
    assert refusal.value.size == 7


def test_an_old_size_beyond_the_checkpoint_is_no_question(alder: SimulatedFeed) -> None:
    offer(alder, 0, 5)
    with pytest.raises(MalformedRequest, match="larger"):
        offer(alder, 5, 4)


def test_a_rewritten_history_is_not_witnessed(alder: SimulatedFeed) -> None:
    offer(alder, 0, 5)
    with pytest.raises(ProofRefused):
        offer(fork_of(alder, at=3), 5, 8)


def test_a_proof_from_nothing_is_empty(alder: SimulatedFeed) -> None:
    body = submission.write(0, [bytes(32)], alder.checkpoint(5))
    with pytest.raises(ProofRefused):
        witness.add_checkpoint(body)


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"", MalformedRequest),
        (b"old 0\n\n", MalformedNote),
        (b"old 0\n\nno note\n", MalformedNote),
        ("old 0\n\na\nb\nc\n\n— x AAAAAAA=\n".encode(), MalformedCheckpoint),
    ],
)
def test_what_is_no_submission_is_refused(
    alder: SimulatedFeed, body: bytes, kind: type[FederationError]
) -> None:
    with pytest.raises(kind):
        witness.add_checkpoint(body)


def test_a_refusal_changes_nothing(alder: SimulatedFeed) -> None:
    offer(alder, 0, 5)
    before = PeerLog.objects.values().get(origin=alder.origin)
    with pytest.raises(ProofRefused):
        offer(fork_of(alder, at=3), 5, 8)
    assert PeerLog.objects.values().get(origin=alder.origin) == before


def test_a_witness_key_that_does_not_open_leaves_nothing_seen(
    alder: SimulatedFeed, settings: object
) -> None:
    node_keys.ensure_key(NodeKey.Purpose.WITNESS)
    settings.KEY_ENCRYPTION_KEY = bytes(32)  # type: ignore[attr-defined]
    with pytest.raises(FederationError, match="key-encryption key"):
        offer(alder, 0, 5)
    assert seen(alder).size == 0


# --- Forks ---------------------------------------------------------------------------------------


def test_two_roots_for_one_size_are_evidence(alder: SimulatedFeed) -> None:
    offer(alder, 0, 5)
    fork = fork_of(alder, at=3)
    with pytest.raises(Forked, match="two roots for 5"):
        offer(fork, 5, 5)
    kept = Evidence.objects.get()
    assert kept.kind == "fork"
    assert {bytes(kept.first), bytes(kept.second)} == {alder.checkpoint(5), fork.checkpoint(5)}


def test_the_evidence_convinces_whoever_has_the_logs_key(alder: SimulatedFeed) -> None:
    offer(alder, 0, 5)
    with pytest.raises(Forked):
        offer(fork_of(alder, at=3), 5, 5)
    kept, key = Evidence.objects.get(), checkpoints.Verifier.parse(alder.vkey)
    first, second = (
        checkpoints.verify(bytes(each), alder.origin, key) for each in (kept.first, kept.second)
    )
    assert first.size == second.size and first.root != second.root


def test_a_fork_is_found_whatever_old_size_it_comes_with(alder: SimulatedFeed) -> None:
    offer(alder, 0, 5)
    with pytest.raises(Forked):
        offer(fork_of(alder, at=3), 0, 5)


def test_a_forked_log_is_frozen_and_its_peer_suspended(alder: SimulatedFeed) -> None:
    offer(alder, 0, 5)
    subscription = Subscription.objects.create(
        peer=seen(alder).peer, log=seen(alder), url="https://alder.example/c/", inbox=uuid4()
    )
    with pytest.raises(Forked):
        offer(fork_of(alder, at=3), 5, 5)
    subscription.refresh_from_db()
    assert subscription.state == "frozen" and "two roots" in subscription.failure
    assert seen(alder).frozen_because == subscription.failure
    assert seen(alder).peer.state == "suspended"


def test_a_frozen_log_is_not_witnessed_until_a_person_decides(alder: SimulatedFeed) -> None:
    offer(alder, 0, 5)
    PeerLog.objects.update(frozen_at=datetime.now(UTC), frozen_because="it forked")
    with pytest.raises(WitnessRefused, match="it forked"):
        offer(alder, 5, 8)


def test_a_fork_is_kept_once_however_often_it_is_met(alder: SimulatedFeed) -> None:
    contradiction = Forked("two roots", alder.checkpoint(5), fork_of(alder, at=3).checkpoint(5))
    for _ in range(3):
        witness.freeze(seen(alder).pk, contradiction)
    assert Evidence.objects.count() == 1


def test_a_rollback_is_kept_as_one(alder: SimulatedFeed) -> None:
    witness.freeze(seen(alder).pk, RolledBack("less", alder.checkpoint(5), alder.checkpoint(3)))
    assert Evidence.objects.get().kind == "rollback"
    assert registry.peer_named("Alder").state == "suspended"


# --- What pulls have seen ------------------------------------------------------------------------


def head_of(feed: SimulatedFeed, size: int) -> tuple[Checkpoint, bytes]:
    return checkpoints.parse(text_of(feed, size)), feed.checkpoint(size)


def test_the_largest_checkpoint_is_remembered(alder: SimulatedFeed) -> None:
    for size in (3, 8, 5):
        witness.remember_head(seen(alder).pk, *head_of(alder, size))
    assert seen(alder).size == 8
    assert bytes(seen(alder).note or b"") == alder.checkpoint(8)


def test_an_empty_log_is_remembered_with_its_note(alder: SimulatedFeed) -> None:
    witness.remember_head(seen(alder).pk, *head_of(alder, 0))
    assert bytes(seen(alder).note or b"") == alder.checkpoint(0)


def test_a_pull_does_not_say_that_a_log_was_cosigned(alder: SimulatedFeed) -> None:
    witness.remember_head(seen(alder).pk, *head_of(alder, 5))
    assert seen(alder).cosigned_size is None


def test_a_checkpoint_proven_from_what_is_no_longer_the_last_is_proven_anew(
    alder: SimulatedFeed,
) -> None:
    offer(alder, 0, 5)
    with pytest.raises(StaleHead):
        witness.remember_head(seen(alder).pk, *head_of(alder, 8), proven_from=0)


def test_a_pull_that_sees_another_root_than_the_witness_finds_the_fork(
    alder: SimulatedFeed,
) -> None:
    offer(alder, 0, 5)
    with pytest.raises(Forked):
        witness.remember_head(seen(alder).pk, *head_of(fork_of(alder, at=3), 5))


# --- Side by side --------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_of_two_forks_that_are_offered_at_once_one_is_cosigned(alder: SimulatedFeed) -> None:
    feeds = [alder, *(fork_of(alder, at=at) for at in range(5))]
    node_keys.ensure_key(NodeKey.Purpose.WITNESS)
    answers = at_once([lambda each=each: offer(each, 0, 5) for each in feeds])  # type: ignore[misc]
    assert len([each for each in answers if isinstance(each, bytes)]) == 1


@pytest.mark.django_db(transaction=True)
def test_sizes_that_are_offered_at_once_never_go_back(alder: SimulatedFeed) -> None:
    node_keys.ensure_key(NodeKey.Purpose.WITNESS)
    answers = at_once([lambda size=size: offer(alder, 0, size) for size in (8, 3, 6, 5)])  # type: ignore[misc]
    cosigned = [each for each in answers if isinstance(each, bytes)]
    assert len(cosigned) == 1
    cosignature.verify(text_of(alder, seen(alder).size), cosigned[0], witness.this_witness())


def at_once(calls: list[Callable[[], bytes]]) -> list[bytes | FederationError]:
    """What each returned or raised, all begun at the same moment."""
    start = threading.Barrier(len(calls))
    answers: list[bytes | FederationError] = []

    def run(call: Callable[[], bytes]) -> None:
        start.wait()
        try:
            answers.append(call())
        except FederationError as error:
            answers.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(call,)) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers
