"""Keys leave memory only sealed, and a verifier string names exactly one key."""

import base64
import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from federation.errors import BadSignature, KeyNotOpened, MalformedKey
from federation.keys import SigningKey, Verifier, thumbprint

from .vectors import read_vectors

NOTES = read_vectors("log/signed-notes.json")
KEK, OTHER_KEK = bytes(range(32)), bytes(32)
KEY = SigningKey.from_seed(hashlib.sha256(b"alder").digest())


def test_a_sealed_key_opens_with_its_key_encryption_key() -> None:
    sealed = KEY.seal(KEK, purpose="log")
    opened = SigningKey.open(sealed, KEK, purpose="log", public_key=KEY.public_key)
    assert opened.sign(b"hello") == KEY.sign(b"hello")


def test_a_sealed_key_does_not_contain_the_seed() -> None:
    assert hashlib.sha256(b"alder").digest() not in KEY.seal(KEK, purpose="log")


def test_sealing_twice_gives_different_bytes() -> None:
    assert KEY.seal(KEK, purpose="log") != KEY.seal(KEK, purpose="log")


def test_another_key_encryption_key_is_named_as_the_cause() -> None:
    sealed = KEY.seal(KEK, purpose="log")
    with pytest.raises(KeyNotOpened, match="key-encryption key is not the one it was sealed with"):
        SigningKey.open(sealed, OTHER_KEK, purpose="log", public_key=KEY.public_key)


def test_a_key_sealed_for_one_purpose_does_not_open_for_another() -> None:
    sealed = KEY.seal(KEK, purpose="log")
    with pytest.raises(KeyNotOpened):
        SigningKey.open(sealed, KEK, purpose="objects", public_key=KEY.public_key)


def test_a_key_sealed_in_one_row_does_not_open_in_another() -> None:
    sealed = KEY.seal(KEK, purpose="log")
    other = SigningKey.generate().public_key
    with pytest.raises(KeyNotOpened):
        SigningKey.open(sealed, KEK, purpose="log", public_key=other)


@given(st.data())
def test_any_damage_to_a_sealed_key_is_refused(data: st.DataObject) -> None:
    sealed = bytearray(KEY.seal(KEK, purpose="log"))
    sealed[data.draw(st.integers(0, len(sealed) - 1))] ^= data.draw(st.integers(1, 255))
    with pytest.raises(KeyNotOpened):
        SigningKey.open(bytes(sealed), KEK, purpose="log", public_key=KEY.public_key)


@pytest.mark.parametrize("length", [0, 5, 12, 27])
def test_a_sealed_key_cut_short_is_refused(length: int) -> None:
    sealed = KEY.seal(KEK, purpose="log")[:length]
    with pytest.raises(KeyNotOpened):
        SigningKey.open(sealed, KEK, purpose="log", public_key=KEY.public_key)


def test_a_key_encryption_key_of_16_bytes_is_refused() -> None:
    with pytest.raises(MalformedKey, match="16 bytes; AES-256 needs 32"):
        KEY.seal(bytes(16), purpose="log")


def test_a_seed_of_another_length_is_refused() -> None:
    with pytest.raises(MalformedKey, match="32 bytes, not 31"):
        SigningKey.from_seed(bytes(31))


def test_a_private_key_does_not_show_itself() -> None:
    assert "private" not in repr(KEY)


def test_the_thumbprint_is_that_of_rfc_8037() -> None:
    """RFC 8037 appendix A.3."""
    x = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"
    public = base64.urlsafe_b64decode(x + "=")
    assert thumbprint(public) == "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"


def test_signatures_are_those_of_rfc_8032() -> None:
    """RFC 8032 §7.1, test 2."""
    seed = "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb"
    signature = (
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
        "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
    )
    assert SigningKey.from_seed(bytes.fromhex(seed)).sign(b"\x72").hex() == signature


@pytest.mark.parametrize("vkey", NOTES["vkeys"])
def test_published_verifier_keys_are_read_and_written(vkey: str) -> None:
    assert Verifier.parse(vkey).vkey == vkey


@pytest.mark.parametrize("vkey", NOTES["refused_vkeys"])
def test_published_bad_verifier_keys_are_refused(vkey: str) -> None:
    with pytest.raises(MalformedKey):
        Verifier.parse(vkey)


def test_no_part_of_a_verifier_key_is_a_verifier_key() -> None:
    vkey = NOTES["vkeys"][0]
    for start in range(len(vkey)):
        for stop in range(start + 1, len(vkey) + 1):
            if stop - start < len(vkey):
                with pytest.raises(MalformedKey):
                    Verifier.parse(vkey[start:stop])


def test_a_verifier_key_with_any_character_changed_is_refused() -> None:
    vkey = NOTES["vkeys"][0]
    for at, character in enumerate(vkey):
        with pytest.raises(MalformedKey):
            Verifier.parse(vkey[:at] + chr(ord(character) + 1) + vkey[at + 1 :])


@pytest.mark.parametrize("name", ["", "a b", "a+b", "a\nb", "a\u2003b", "a\x1fb", "a\u00a0b"])
def test_a_name_that_would_break_a_note_is_refused(name: str) -> None:
    with pytest.raises(MalformedKey):
        Verifier(name, KEY.public_key)


def test_a_signature_over_another_text_is_refused() -> None:
    alder = Verifier("alder.example", KEY.public_key)
    with pytest.raises(BadSignature, match=r"alder\.example\+.* does not verify"):
        alder.verify(b"goodbye", KEY.sign(b"hello"))
