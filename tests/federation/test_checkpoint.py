"""C2SP checkpoints: one spelling for each tree."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from federation.errors import MalformedCheckpoint
from federation.keys import SigningKey, Verifier
from federation.transparency import checkpoint, note
from federation.transparency.checkpoint import Checkpoint

from .vectors import from_base64, read_vectors

EXAMPLE = read_vectors("log/c2sp-examples.json")
ORIGIN = "alder.example/log"
KEY = SigningKey.from_seed(hashlib.sha256(b"alder").digest())


def test_the_published_checkpoint_is_read_as_published() -> None:
    expected = EXAMPLE["checkpoint_read"]
    read = checkpoint.parse(note.parse(EXAMPLE["checkpoint"].encode()).text)
    (root,) = from_base64([expected["root"]])
    assert read == Checkpoint(expected["origin"], expected["size"], root)


def test_the_published_checkpoint_is_written_as_published() -> None:
    signed = note.parse(EXAMPLE["checkpoint"].encode())
    assert checkpoint.parse(signed.text).text() == signed.text


def test_the_key_signs_under_the_name_of_the_origin() -> None:
    signed = checkpoint.sign(Checkpoint(ORIGIN, 0, bytes(32)), KEY)
    assert note.parse(signed).signatures[0].name == ORIGIN


@given(st.integers(0, checkpoint.MAX_SIZE), st.binary(min_size=32, max_size=32))
def test_what_is_signed_is_what_is_verified(size: int, root: bytes) -> None:
    made = Checkpoint(ORIGIN, size, root)
    signed = checkpoint.sign(made, KEY)
    assert checkpoint.verify(signed, ORIGIN, Verifier(ORIGIN, KEY.public_key)) == made


def test_extension_lines_are_kept() -> None:
    text = Checkpoint(ORIGIN, 1, bytes(32)).text() + "extension 1\nextension 2\n"
    assert checkpoint.parse(text).extensions == ("extension 1", "extension 2")


@given(st.text())
def test_garbage_is_refused_in_words(garbage: str) -> None:
    with pytest.raises(MalformedCheckpoint):
        checkpoint.parse(garbage)


@pytest.mark.parametrize("size", ["", "00", "+1", " 1", "1 ", "1e3", "0x10", "９", "9" * 19])
def test_a_size_has_one_spelling(size: str) -> None:
    with pytest.raises(MalformedCheckpoint, match=r"plain decimal below 2\*\*63"):
        checkpoint.parse_size(size)
