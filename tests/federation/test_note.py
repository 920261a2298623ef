"""C2SP signed notes: published examples, and what a reader does with many signatures."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from federation.errors import BadSignature, FederationError, MalformedNote, NotSigned
from federation.keys import SigningKey, Verifier
from federation.transparency import note

from .vectors import from_base64, read_vectors

NOTES = read_vectors("log/signed-notes.json")
PETER, ENOCH = (Verifier.parse(vkey) for vkey in NOTES["vkeys"])
PETERS_KEY = SigningKey.from_seed(from_base64([NOTES["seed"]])[0])
BOTH: str = NOTES["note_of_both"]
SIGNED: str = NOTES["note"]
ALDER = SigningKey.from_seed(hashlib.sha256(b"alder").digest())


def test_the_published_text_is_signed_as_published() -> None:
    assert note.sign(NOTES["text"], "PeterNeumann", PETERS_KEY).decode() == SIGNED


@pytest.mark.parametrize("verifier", [PETER, ENOCH], ids=["Peter", "Enoch"])
def test_the_published_note_verifies_for_either_of_its_signers(verifier: Verifier) -> None:
    assert note.verify(BOTH.encode(), verifier).text == NOTES["text"]


def test_a_note_is_written_as_it_was_read() -> None:
    assert note.parse(BOTH.encode()).encode().decode() == BOTH


def test_the_text_may_hold_empty_lines() -> None:
    example = read_vectors("log/c2sp-examples.json")["note"]
    read = note.parse(example.encode())
    assert read.text.endswith(":\n\ned è subito sera.\n")
    assert [each.name for each in read.signatures] == ["quasimodo.example/salvatore"]


def test_signatures_of_unknown_keys_are_ignored_even_if_broken() -> None:
    broken = BOTH.replace("rwz+eBzm", "rwz+eBzn")
    assert note.verify(broken.encode(), PETER).text == NOTES["text"]


def test_a_key_is_known_by_name_and_id_together() -> None:
    renamed = SIGNED.replace("PeterNeumann", "CarmenSandiego")
    with pytest.raises(NotSigned):
        note.verify(renamed.encode(), PETER)


def test_a_broken_signature_by_the_known_key_spoils_a_good_one() -> None:
    line = SIGNED.removeprefix(NOTES["text"] + "\n")
    broken = line.replace("SffcvIAQ", "SffcvIAR")
    with pytest.raises(BadSignature):
        note.verify((SIGNED + broken).encode(), PETER)


def test_sixteen_signatures_are_read() -> None:
    line = SIGNED.removeprefix(NOTES["text"] + "\n")
    assert len(note.parse((SIGNED + 15 * line).encode()).signatures) == 16


def test_a_note_beyond_the_size_limit_is_refused_unread() -> None:
    with pytest.raises(MalformedNote, match="more than 524288 bytes"):
        note.parse(b"\xff" * (note.MAX_BYTES + 1))


def test_a_text_without_a_final_newline_is_not_signed() -> None:
    with pytest.raises(MalformedNote, match="ends with a newline"):
        note.sign("abc", "alder.example", ALDER)


def test_a_text_with_a_control_character_is_not_signed() -> None:
    with pytest.raises(MalformedNote, match="control character"):
        note.sign("a\tb\n", "alder.example", ALDER)


texts = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1).map(lambda t: t + "\n")


@given(texts)
def test_any_text_survives_signing_and_verifying(text: str) -> None:
    signed = note.sign(text, "alder.example", ALDER)
    assert note.verify(signed, Verifier("alder.example", ALDER.public_key)).text == text


@given(st.data())
def test_a_note_with_any_byte_changed_is_refused(data: st.DataObject) -> None:
    changed = bytearray(SIGNED.encode())
    changed[data.draw(st.integers(0, len(changed) - 1))] ^= data.draw(st.integers(1, 255))
    with pytest.raises(FederationError):
        note.verify(bytes(changed), PETER)


@given(st.binary(max_size=300) | texts.map(str.encode))
def test_garbage_is_refused_in_words(garbage: bytes) -> None:
    with pytest.raises(MalformedNote):
        note.parse(garbage)
