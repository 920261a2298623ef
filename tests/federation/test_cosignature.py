"""C2SP tlog-cosignature: what a witness signs, byte for byte, and what its reader accepts."""

import base64
import hashlib
from datetime import UTC, datetime

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from hypothesis import given
from hypothesis import strategies as st

from federation.errors import FederationError, MalformedSignature
from federation.keys import SigningKey
from federation.transparency import cosignature, note, submission
from federation.transparency.cosignature import Witness

from .vectors import from_base64, read_vectors

ALDER = read_vectors("log/alder.json")
BIRCH = read_vectors("log/cosignature.json")
KEY = SigningKey.from_seed(bytes.fromhex(BIRCH["seed"]))
WITNESS = Witness("birch.example", KEY.public_key)
TEXT = note.parse(ALDER["checkpoint"].encode()).text
NOW = datetime.fromtimestamp(BIRCH["time"], UTC)


def test_a_checkpoint_is_cosigned_as_published() -> None:
    assert cosignature.sign(TEXT, "birch.example", KEY, NOW) == BIRCH["line"]


def test_the_signature_is_over_header_time_and_note_text() -> None:
    """By the words of the specification, without our code."""
    encoded = BIRCH["line"].rstrip("\n").rpartition(" ")[2]
    decoded = base64.b64decode(encoded)
    message = f"cosignature/v1\ntime {BIRCH['time']}\n{TEXT}"
    assert message == BIRCH["message"]
    assert int.from_bytes(decoded[4:12], "big") == BIRCH["time"]
    Ed25519PublicKey.from_public_bytes(KEY.public_key).verify(decoded[12:], message.encode())


def test_the_key_id_is_of_name_type_and_key() -> None:
    named = b"birch.example\n\x04" + KEY.public_key
    assert WITNESS.key_id == hashlib.sha256(named).digest()[:4] == bytes.fromhex(BIRCH["key_id"])


def test_the_published_example_has_the_form_that_we_read() -> None:
    """Its public key is not published, so only the form can be compared."""
    example = read_vectors("log/c2sp-examples.json")["cosigned_checkpoint"]
    _, witness = note.parse(example.encode()).signatures
    assert witness.name == "witness.example.com/w1"
    assert len(witness.signature) == 72
    assert int.from_bytes(witness.signature[:8], "big") == 1679315147


def test_a_witness_is_known_by_one_string() -> None:
    assert Witness.parse(BIRCH["vkey"]) == WITNESS
    assert WITNESS.vkey == BIRCH["vkey"]


def test_a_cosignature_says_when_it_was_made() -> None:
    cosigned = cosignature.verify(TEXT, BIRCH["line"].encode(), WITNESS)
    assert (cosigned.at, cosigned.line) == (NOW, BIRCH["line"])


def test_cosignatures_of_other_witnesses_beside_it_are_ignored() -> None:
    cedar = SigningKey.from_seed(hashlib.sha256(b"cedar").digest())
    others = cosignature.sign(TEXT, "cedar.example", cedar, NOW)
    lines = (others + BIRCH["line"] + others).encode()
    assert cosignature.verify(TEXT, lines, WITNESS).line == BIRCH["line"]


def test_a_cosigned_checkpoint_still_verifies_for_readers_of_the_log() -> None:
    head = note.parse(BIRCH["cosigned"].encode())
    assert head.text == TEXT
    assert head.signatures[0] == note.parse(ALDER["checkpoint"].encode()).signatures[0]


@pytest.mark.parametrize("seconds", [0, 1, 2**40])
def test_any_time_that_calendars_have_is_read_back(seconds: int) -> None:
    at = datetime.fromtimestamp(seconds, UTC) if seconds < 2**33 else None
    signature = seconds.to_bytes(8, "big") + KEY.sign(
        f"cosignature/v1\ntime {seconds}\n{TEXT}".encode()
    )
    line = note.Signature(WITNESS.name, WITNESS.key_id, signature).line().encode()
    if at is None:
        with pytest.raises(MalformedSignature):
            cosignature.verify(TEXT, line, WITNESS)
    else:
        assert cosignature.verify(TEXT, line, WITNESS).at == at


@given(st.binary(max_size=300))
def test_any_bytes_are_refused_in_our_own_words(lines: bytes) -> None:
    with pytest.raises(FederationError):
        cosignature.verify(TEXT, lines, WITNESS)


# --- What a witness is sent ----------------------------------------------------------------------


def test_a_submission_is_read_as_it_was_written() -> None:
    claim = ALDER["consistency"]
    read = submission.parse(BIRCH["submission"].encode())
    assert read.old == claim["old"]
    assert list(read.proof) == from_base64(claim["proof"])
    assert read.note == ALDER["checkpoint"].encode()
    assert submission.write(read.old, read.proof, read.note) == BIRCH["submission"].encode()


def test_a_first_submission_has_no_proof() -> None:
    assert submission.write(0, [], b"a note") == b"old 0\n\na note"


@given(st.binary(max_size=300))
def test_any_bytes_are_no_submission_or_one_that_is_written_alike(body: bytes) -> None:
    try:
        read = submission.parse(body)
    except FederationError:
        return
    assert submission.write(read.old, read.proof, read.note) == body
