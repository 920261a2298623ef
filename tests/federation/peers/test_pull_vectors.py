"""What a reader of a feed accepts, and what it must refuse: files that another reader can try too.

`tests/vectors/pull/forum.json` is accepted at every step. Each file in `refused/` is one step away
from it; its first word is the door at which it is offered, and index.json says why it fails.
"""

import base64
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from federation import errors
from federation.canonical import digest
from federation.peers.replaying import Pinned, Placed, Replayed, check_head, place_page
from federation.peers.ring import KeyRing, RingKey
from federation.peers.verification import Publisher, read_page, verify_objects
from federation.transparency import checkpoint
from tests.federation.vectors import VECTORS, from_base64, read_vectors

REFUSED = VECTORS / "pull" / "refused"
REASONS: dict[str, dict[str, Any]] = read_vectors("pull/refused/index.json")
FORUM = read_vectors("pull/forum.json")
PUBLISHER = Publisher(FORUM["publisher"]["identity_id"], FORUM["publisher"]["origin"])
RING = KeyRing(
    RingKey(
        key["identity_id"],
        key["kid"],
        base64.b64decode(key["public_key"]),
        key["since"],
        key["until"],
        key["may_sign"],
    )
    for key in FORUM["ring"]
)
PINNED = Pinned.of(
    PUBLISHER.origin or "",
    FORUM["publisher"]["vkey"],
    FORUM["pinned"]["size"],
    base64.b64decode(FORUM["pinned"]["root"]),
    FORUM["pinned"]["note"].encode(),
)
NOTE = FORUM["checkpoint"].encode()
HEAD = checkpoint.verify(NOTE, PINNED.origin, PINNED.verifier)


def named(door: str) -> list[str]:
    return [name for name in REASONS if name.startswith(f"{door}-")]


def place(entries: Sequence[bytes], proof: Sequence[bytes], bodies: Sequence[bytes]) -> Placed:
    """As a puller does: what is left is looked for once more, where no entry is left."""
    digests = [digest(body) for body in bodies]
    found = place_page(Replayed(), HEAD, NOTE, entries, proof, digests, bodies, settled=HEAD.size)
    left = len(found.places)
    if left < len(bodies):
        place_page(found.after, HEAD, NOTE, [], [], digests[left:], bodies[left:])
    return found


# --- What is accepted ----------------------------------------------------------------------------


def test_the_forums_page_is_accepted() -> None:
    received = read_page(FORUM["page"].encode(), 10)
    verified = verify_objects(received, FORUM["places"], RING, PUBLISHER, signatures_required=True)
    assert verified.refused == []
    assert [
        (each.received.sha256.hex(), each.origin_id, each.signed_by) for each in verified.accepted
    ] == [(each["sha256"], each["origin_id"], each["signed_by"]) for each in FORUM["accepted"]]


def test_the_forums_checkpoint_is_accepted() -> None:
    proof = from_base64(FORUM["consistency"])
    assert check_head(PINNED, NOTE, lambda old, new: proof) == HEAD


def test_the_forums_page_is_placed() -> None:
    entries = from_base64(FORUM["entries"])
    bodies = [each.body for each in read_page(FORUM["page"].encode(), 10)]
    placed = place(entries, [], bodies)
    assert placed.places == FORUM["places"]
    assert placed.gaps == [(index, entries[index]) for index in FORUM["gaps"]]
    assert placed.after == Replayed(len(entries), base64.b64decode(FORUM["edge"]))


# --- What is refused -----------------------------------------------------------------------------


@pytest.mark.parametrize("name", named("page"))
def test_a_refused_page_is_refused_for_its_reason(name: str) -> None:
    with pytest.raises(errors.PeerMisbehaved, match=REASONS[name]["words"]):
        read_page((REFUSED / name).read_bytes(), 10)


@pytest.mark.parametrize("name", named("object"))
def test_a_refused_object_is_refused_for_its_reason(name: str) -> None:
    reason = REASONS[name]
    received = read_page(b'{"objects":[' + (REFUSED / name).read_bytes() + b"]}", 1)
    places = None if reason["place"] is None else [reason["place"]]
    verified = verify_objects(received, places, RING, PUBLISHER, signatures_required=True)
    [refused] = verified.refused
    assert reason["words"] in refused.reason
    assert (refused.may_pass_later, refused.is_forgery) == (
        reason["may_pass_later"],
        reason["is_forgery"],
    )


def offer_head(path: Path) -> None:
    claim = json.loads(path.read_text())
    proof = from_base64(claim["proof"])
    check_head(PINNED, claim["note"].encode(), lambda old, new: proof)


def offer_place(path: Path) -> None:
    claim = json.loads(path.read_text())
    entries, proof = from_base64(claim["entries"]), from_base64(claim["proof"])
    place(entries, proof, [body.encode() for body in claim["objects"]])


DOORS: dict[str, Callable[[Path], None]] = {"head": offer_head, "place": offer_place}


@pytest.mark.parametrize("name", [*named("head"), *named("place")])
def test_a_refused_claim_of_a_log_is_refused_for_its_reason(name: str) -> None:
    reason = REASONS[name]
    with pytest.raises(getattr(errors, reason["error"]), match=reason["words"]) as refusal:
        DOORS[name.partition("-")[0]](REFUSED / name)
    assert type(refusal.value).__name__ == reason["error"]


def test_every_refused_file_has_a_reason_and_every_reason_a_file() -> None:
    files = {path.name for path in REFUSED.iterdir()} - {"index.json"}
    doors = [name for door in ("page", "object", "head", "place") for name in named(door)]
    assert files == set(REASONS) == set(doors)
