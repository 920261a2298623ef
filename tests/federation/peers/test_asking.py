"""This node's checkpoints are cosigned by its peers, and served with what they said."""

import json
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from federation.errors import UnknownLog
from federation.keys import SigningKey
from federation.models import Cosignature, Delivery, Peer, Subscription
from federation.peers import asking
from federation.transparency import checkpoint as checkpoints
from federation.transparency import cosignature, log, merkle, note, submission
from federation.transparency.checkpoint import Checkpoint
from federation.transparency.cosignature import Witness

from .growing import grow, open_log
from .neighbours import Asked, Neighbour, Reply, listening, pinned
from .nodes import seeded

pytestmark = pytest.mark.django_db

SIZE = "text/x.tlog.size"


class PlayedWitness(Neighbour):
    """A witness by the words of C2SP tlog-witness, with a memory of one checkpoint."""

    def __init__(self, name: str, key: SigningKey | None = None) -> None:
        super().__init__(self.witness)
        self.name, self.key = f"{name.lower()}.example", key or seeded(f"{name} witness")
        self.seen = Checkpoint("", 0, merkle.EMPTY_ROOT)

    def witness(self, asked: Asked) -> Reply:
        offered = submission.parse(asked.body)
        text = note.parse(offered.note).text
        new = checkpoints.parse(text)
        if offered.old != self.seen.size:
            return 409, SIZE, b"%d\n" % self.seen.size
        merkle.verify_consistency(self.seen.size, self.seen.root, new.size, new.root, offered.proof)
        self.seen = new
        line = cosignature.sign(text, self.name, self.key, datetime.now(UTC))
        return 200, "text/plain; charset=utf-8", line.encode()


@pytest.fixture
def birch() -> Iterator[PlayedWitness]:
    with listening(PlayedWitness("Birch")) as witness:
        assert isinstance(witness, PlayedWitness)
        pinned("Birch", witness.url)
        yield witness


@pytest.fixture
def shared() -> UUID:
    return open_log(5)


def signers(log_id: UUID) -> list[str]:
    return [each.name for each in note.parse(log.checkpoint(log_id)).signatures]


def own(log_id: UUID) -> str:
    return f"this-node.example/{log_id}"


# --- Asking --------------------------------------------------------------------------------------


def test_a_checkpoint_is_served_with_its_cosignature(birch: PlayedWitness, shared: UUID) -> None:
    assert asking.cosign(shared) == 1
    assert signers(shared) == [own(shared), "birch.example"]
    assert birch.asked[0].path == "/witness/add-checkpoint"


def test_the_cosignature_holds_for_whoever_knows_the_witness(
    birch: PlayedWitness, shared: UUID
) -> None:
    asking.cosign(shared)
    source = log.checkpoint(shared)
    text, _, lines = source.decode().rpartition("\n\n")
    witness = Witness("birch.example", birch.key.public_key)
    cosignature.verify(text + "\n", lines.encode(), witness)


def test_readers_of_the_log_are_served_as_before(birch: PlayedWitness, shared: UUID) -> None:
    asking.cosign(shared)
    head = checkpoints.verify(log.checkpoint(shared), own(shared), log.verifier(shared))
    assert head.size == 5


def test_a_checkpoint_is_cosigned_once(birch: PlayedWitness, shared: UUID) -> None:
    asking.cosign(shared)
    assert asking.cosign(shared) == 0
    assert len(birch.asked) == 1


def test_the_next_checkpoint_is_proven_from_the_last(birch: PlayedWitness, shared: UUID) -> None:
    asking.cosign(shared)
    grow(shared, 300)
    assert signers(shared) == [own(shared)]
    assert asking.cosign(shared) == 1
    assert signers(shared) == [own(shared), "birch.example"]
    assert len(birch.asked) == 2


def test_of_a_witness_the_newest_word_is_kept(birch: PlayedWitness, shared: UUID) -> None:
    for _ in range(3):
        grow(shared)
        asking.cosign(shared)
    assert Cosignature.objects.get().size == 8


def test_a_witness_that_has_seen_another_size_is_asked_from_there(
    birch: PlayedWitness, shared: UUID
) -> None:
    birch.seen = Checkpoint(own(shared), 3, log.root(shared, 3))
    assert asking.cosign(shared) == 1
    assert [submission.parse(body).old for body in birch.bodies] == [0, 3]


def test_a_witness_that_lost_its_memory_is_asked_from_nothing(
    birch: PlayedWitness, shared: UUID
) -> None:
    asking.cosign(shared)
    grow(shared)
    birch.seen = Checkpoint("", 0, merkle.EMPTY_ROOT)
    assert asking.cosign(shared) == 1
    assert [submission.parse(body).old for body in birch.bodies] == [0, 5, 0]


def test_several_witnesses_stand_in_one_note(shared: UUID) -> None:
    with ExitStack() as stack:
        for name in ("Birch", "Cedar", "Dogwood"):
            witness = stack.enter_context(listening(PlayedWitness(name)))
            pinned(name, witness.url)
        assert asking.cosign(shared) == 3
    assert signers(shared)[0] == own(shared)
    assert sorted(signers(shared)[1:]) == ["birch.example", "cedar.example", "dogwood.example"]


def test_one_witness_that_fails_keeps_no_other_from_cosigning(
    birch: PlayedWitness, shared: UUID
) -> None:
    with listening(Neighbour(lambda _: (500, "text/plain", b""))) as broken:
        pinned("Alder", broken.url)
        assert asking.cosign(shared) == 1


# --- Who is not asked ----------------------------------------------------------------------------


def test_an_empty_log_is_not_cosigned(birch: PlayedWitness) -> None:
    assert asking.cosign(open_log()) == 0
    assert birch.asked == []


def test_an_inbox_is_nobody_elses_to_witness(birch: PlayedWitness, shared: UUID) -> None:
    Subscription.objects.create(peer=Peer.objects.get(), url="https://x.example/", inbox=shared)
    assert asking.cosign(shared) == 0
    assert birch.asked == []


@pytest.mark.parametrize("change", [{"state": "suspended"}, {"is_plain": True}, {"base_url": ""}])
def test_who_is_not_active_or_has_no_door_is_not_asked(
    birch: PlayedWitness, shared: UUID, change: dict[str, Any]
) -> None:
    Peer.objects.update(**change)
    assert asking.cosign(shared) == 0
    assert birch.asked == []


def test_who_could_not_be_woken_just_now_is_not_asked(birch: PlayedWitness, shared: UUID) -> None:
    later = datetime.now(UTC) + timedelta(minutes=1)
    peer = Peer.objects.get()
    Delivery.objects.create(peer=peer, log_id=shared, failures=1, next_wake_at=later)
    assert asking.cosign(shared) == 0
    assert birch.asked == []


def test_there_is_no_log_of_that_id() -> None:
    with pytest.raises(UnknownLog):
        asking.cosign(uuid4())


# --- What is not believed ------------------------------------------------------------------------


def test_a_cosignature_by_another_key_is_not_kept(shared: UUID) -> None:
    with listening(PlayedWitness("Birch", SigningKey.generate())) as witness:
        pinned("Birch", witness.url)
        assert asking.cosign(shared) == 0
    assert signers(shared) == [own(shared)]


def test_a_cosignature_of_an_older_checkpoint_is_not_kept(
    birch: PlayedWitness, shared: UUID
) -> None:
    old = cosignature.sign("another text\n", birch.name, birch.key, datetime.now(UTC))
    birch.answer = lambda _: (200, "text/plain", old.encode())
    assert asking.cosign(shared) == 0
    assert not Cosignature.objects.exists()


@pytest.mark.parametrize(
    "reply",
    [
        (200, "text/plain", b""),
        (200, "text/html", b"<html>"),
        (204, "text/plain", b""),
        (403, "text/plain", b"frozen"),
        (409, "text/plain", b"two roots"),
        (409, SIZE, b"-1\n"),
        (409, SIZE, b"9223372036854775807\n"),
        (409, SIZE, "٥\n".encode()),
        (422, "text/plain", b"no"),
        (302, "text/plain", b""),
    ],
    ids=str,
)
def test_an_answer_that_is_none_is_not_kept(
    birch: PlayedWitness, shared: UUID, reply: Reply
) -> None:
    birch.answer = lambda _: reply
    assert asking.cosign(shared) == 0
    assert len(birch.asked) == 1
    assert signers(shared) == [own(shared)]


def test_a_witness_that_always_moves_is_asked_twice_at_most(
    birch: PlayedWitness, shared: UUID
) -> None:
    sizes = iter(range(1, 100))
    birch.answer = lambda _: (409, SIZE, b"%d\n" % next(sizes))
    assert asking.cosign(shared) == 0
    assert len(birch.asked) == 2


def test_a_witness_that_saw_more_than_there_is_is_told_of(
    birch: PlayedWitness, shared: UUID, caplog: Any
) -> None:
    """It has what a restored backup has lost."""
    birch.answer = lambda _: (409, SIZE, b"6\n")
    assert asking.cosign(shared) == 0
    assert "older backup" in caplog.text


def test_a_peer_can_not_take_another_witnesss_place(birch: PlayedWitness, shared: UUID) -> None:
    """Mallory's descriptor may give its witness any name; it has no key but its own."""
    with listening(PlayedWitness("Mallory")) as mallory:
        assert isinstance(mallory, PlayedWitness)
        peer = pinned("Mallory", mallory.url)
        mallory.name = "birch.example"
        named = Witness("birch.example", mallory.key.public_key).vkey
        _describe_witness(peer, named)
        assert asking.cosign(shared) == 2
    kept = Cosignature.objects.values_list("witness", flat=True)
    assert set(kept) == {named, Witness("birch.example", birch.key.public_key).vkey}


def _describe_witness(peer: Peer, vkey: str) -> None:
    shown = json.loads(bytes(peer.descriptor or b""))
    Peer.objects.filter(pk=peer.pk).update(
        descriptor=json.dumps({**shown, "witness": vkey}).encode()
    )
