"""A node's description is its own word, or it is refused as a whole.

Each refused artifact is a file in tests/vectors/descriptor/refused, one step away from a sound one;
index.json says why it fails. Its first word is the door: `read`, or `accept` after alder.json.
"""

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from federation import errors
from federation.errors import MalformedDescriptor
from federation.keys import thumbprint
from federation.peers import descriptor, pinning
from federation.peers.described import Descriptor, Key
from federation.peers.pinning import Pinned, PinnedKey, PinnedLog
from tests.federation.peers.nodes import ISSUED, Described, seeded, signed
from tests.federation.vectors import VECTORS, read_vectors

FOLDER = VECTORS / "descriptor"
REASONS: dict[str, dict[str, str]] = read_vectors("descriptor/refused/index.json")
ALDER = (FOLDER / "alder.json").read_bytes()
ROTATED = (FOLDER / "alder-rotated.json").read_bytes()


def pinned_as(described: Descriptor) -> Pinned:
    """What is held of a node after this description was accepted."""
    return Pinned(
        described.identity_id,
        described.issued,
        described.body,
        tuple(PinnedKey(key.use, key.kid, key.since, key.until) for key in described.keys),
        tuple(
            PinnedLog(log.collection, log.origin, log.vkey, log.signatures_required, log.audience)
            for log in described.logs
        ),
    )


def accept(body: bytes) -> pinning.Accepted:
    return pinning.accept(pinned_as(descriptor.read(ALDER)), descriptor.read(body))


DOORS: dict[str, Callable[[bytes], object]] = {"read": descriptor.read, "accept": accept}


@pytest.mark.parametrize("name", REASONS)
def test_a_refused_descriptor_is_refused_for_its_reason(name: str) -> None:
    reason = REASONS[name]
    with pytest.raises(errors.FederationError, match=reason["words"]) as refusal:
        DOORS[name.partition("-")[0]]((FOLDER / "refused" / name).read_bytes())
    assert type(refusal.value).__name__ == reason["error"]


def test_every_refused_file_has_a_reason_and_every_reason_a_file() -> None:
    files = {path.name for path in (FOLDER / "refused").iterdir()} - {"index.json"}
    assert files == set(REASONS)


@pytest.mark.parametrize("name", [name for name in REASONS if name.startswith("accept-")])
def test_what_a_pin_refuses_is_a_sound_descriptor(name: str) -> None:
    assert descriptor.read((FOLDER / "refused" / name).read_bytes()).keys


def rotated() -> Described:
    alder = Described("Alder")
    alder.rotate("object", {alder.logs[0].origin: 1000})
    alder.rotate("request")
    alder.open_log("labs")
    alder.hold_keys()
    return alder


def test_the_vectors_are_what_is_written() -> None:
    assert Described("Alder").body() == ALDER
    assert rotated().body() == ROTATED


def test_what_is_written_is_what_is_read() -> None:
    alder = rotated()
    read = descriptor.read(ROTATED)
    assert list(read.keys) == alder.keys
    assert list(read.logs) == alder.logs
    assert read.keyholder == alder.keyholder
    assert (read.issued, read.name, read.identity_id) == (alder.issued, "Alder", alder.identity_id)
    assert (read.identity, read.witness) == (alder.identity, alder.witness)
    assert read.taxii == "https://alder.example/taxii2/"
    assert read.federation == "https://alder.example/federation/v1/"


def test_the_current_keys_are_those_without_an_end() -> None:
    read = descriptor.read(ROTATED)
    alder = rotated()
    assert read.current("object").kid == thumbprint(alder.signer.public_key)
    assert read.current("request").kid == thumbprint(alder.requester.public_key)


def test_members_of_a_later_day_are_passed_over() -> None:
    document = json.loads(ALDER) | {"motto": "sic"}
    assert descriptor.read(signed(document, Described("Alder").signer)).name == "Alder"


def test_an_unknown_member_is_signed_too() -> None:
    document = json.loads(signed(json.loads(ALDER) | {"motto": "sic"}, Described("Alder").signer))
    body = descriptor.canonical(document | {"motto": "transit"})
    with pytest.raises(MalformedDescriptor, match="does not verify"):
        descriptor.read(body)


def test_nothing_is_written_that_could_not_be_read() -> None:
    alder = Described("Alder")
    alder.keys.append(Key("object", seeded("second").public_key, ISSUED, {}))
    with pytest.raises(MalformedDescriptor, match="one current key"):
        alder.body()


def test_a_descriptor_of_any_size_is_refused_beyond_a_megabyte() -> None:
    with pytest.raises(MalformedDescriptor, match="bytes where"):
        descriptor.read(b" " * (descriptor.MAX_BYTES + 1))


@given(st.binary(max_size=200))
def test_no_bytes_are_taken_for_a_descriptor(body: bytes) -> None:
    with pytest.raises(MalformedDescriptor):
        descriptor.read(body)


PATHS = [
    ("keys",),
    ("keys", 0),
    ("keys", 0, "x"),
    ("keys", 0, "since"),
    ("keys", 2, "endorsement"),
    ("keys", 2, "endorsed_by"),
    ("keys", 2, "created"),
    ("logs",),
    ("logs", 0, "vkey"),
    ("logs", 0, "signatures"),
    ("identity",),
    ("identity", "name"),
    ("issued",),
    ("taxii",),
    ("witness",),
    ("keyholder",),
    ("keyholder", "url"),
    ("keyholder", "log"),
    ("jws",),
]
JSON_VALUES = st.none() | st.booleans() | st.integers(-(2**40), 2**40) | st.text(max_size=30)


@given(st.sampled_from(PATHS), JSON_VALUES | st.lists(JSON_VALUES, max_size=3))
def test_whatever_stands_at_a_place_it_is_read_or_refused_in_words(
    path: tuple[Any, ...], value: Any
) -> None:
    document = json.loads(ROTATED)
    place = document
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    try:
        body = signed(document, rotated().signer)
        descriptor.read(body if path != ("jws",) else descriptor.canonical(document))
    except (MalformedDescriptor, errors.FederationError) as refusal:
        assert isinstance(refusal, MalformedDescriptor)
