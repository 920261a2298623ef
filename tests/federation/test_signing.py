"""What is signed is the object's canonical bytes, and nobody but its origin makes them verify."""

import base64
import json
from pathlib import Path
from typing import Any

import pytest
import rfc8785
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from federation import errors, signing
from federation.canonical import canonical
from federation.errors import BadSignature, FederationError, NotSigned, SigningRefused
from federation.keys import SigningKey

from .vectors import VECTORS, read_vectors

ALDER = read_vectors("signing/alder.json")
KEY = SigningKey.from_seed(bytes.fromhex(ALDER["seed"]))
PAIRS = [(each["unsigned"].encode(), each["signed"].encode()) for each in ALDER["objects"]]
REFUSED = VECTORS / "signing" / "refused"
REASONS: dict[str, dict[str, Any]] = read_vectors("signing/refused/index.json")

OBJECTS = st.dictionaries(
    st.text(max_size=8),
    st.recursive(
        st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.text(max_size=12)
        | st.floats(allow_nan=False, min_value=-1e15, max_value=1e15),
        lambda inner: st.lists(inner, max_size=3)
        | st.dictionaries(st.text(max_size=8), inner, max_size=3),
        max_leaves=8,
    ),
    max_size=6,
).filter(lambda value: "extensions" not in value)  # fmt: skip


def base64url(source: bytes) -> str:
    return base64.urlsafe_b64encode(source).rstrip(b"=").decode()


def sign_by_the_book(value: dict[str, Any], seed: bytes) -> bytes:
    """RFC 7515 §5.1 and Appendix F in five lines, with other libraries than the code."""
    header = base64url(rfc8785.dumps({"alg": "Ed25519", "kid": ALDER["kid"], "typ": "stix+jws"}))
    covered = f"{header}.{base64url(rfc8785.dumps(value))}".encode()
    jws = f"{header}..{base64url(Ed25519PrivateKey.from_private_bytes(seed).sign(covered))}"
    entry = {"extension_type": "property-extension", "jws": jws}
    return rfc8785.dumps(
        {**value, "extensions": {**value.get("extensions", {}), signing.EXTENSION: entry}}
    )


@pytest.mark.parametrize(("unsigned", "signed"), PAIRS)
def test_the_published_objects_are_signed_byte_for_byte(unsigned: bytes, signed: bytes) -> None:
    assert signing.sign_all([unsigned], KEY) == [signed]


@pytest.mark.parametrize(("unsigned", "signed"), PAIRS)
def test_verifying_returns_what_was_signed(unsigned: bytes, signed: bytes) -> None:
    assert signing.verify(signed, KEY.public_key) == unsigned


@pytest.mark.parametrize(("unsigned", "signed"), PAIRS)
def test_a_signature_is_the_one_that_the_specification_describes(
    unsigned: bytes, signed: bytes
) -> None:
    assert sign_by_the_book(json.loads(unsigned), bytes.fromhex(ALDER["seed"])) == signed


@given(OBJECTS)
def test_any_object_comes_back_from_its_signed_form(value: dict[str, Any]) -> None:
    body = canonical(value)
    [signed] = signing.sign_all([body], KEY)
    assert canonical(json.loads(signed)) == signed
    assert signing.verify(signed, KEY.public_key) == body


@given(st.data())
def test_no_changed_byte_goes_unnoticed(data: st.DataObject) -> None:
    changed = bytearray(PAIRS[1][1])
    changed[data.draw(st.integers(0, len(changed) - 1))] ^= data.draw(st.integers(1, 255))
    with pytest.raises(FederationError):
        signing.verify(bytes(changed), KEY.public_key)


@given(st.binary(max_size=200))
def test_garbage_is_refused_in_our_own_words(body: bytes) -> None:
    with pytest.raises(FederationError):
        signing.verify(body, KEY.public_key)


def test_a_batch_is_signed_in_its_order() -> None:
    bodies = [canonical({"number": number}) for number in range(50)]
    signed = signing.sign_all(bodies, KEY)
    assert [signing.verify(each, KEY.public_key) for each in signed] == bodies


def test_an_empty_batch_is_signed_to_nothing() -> None:
    assert signing.sign_all([], KEY) == []


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (PAIRS[0][1], "signed already"),
        (b'{"b":1, "a":2}', "canonical"),
        (b'{"a":1,"a":1}', "canonical"),
        (b"[1]", "canonical JSON object"),
        (b"{", "not JSON"),
        (b'{"extensions":{}}', "no filled object"),
        (b'{"extensions":[]}', "no filled object"),
        (b'{"extensions":"x"}', "no filled object"),
    ],
)
def test_what_no_reader_could_verify_is_not_signed(body: bytes, words: str) -> None:
    with pytest.raises(SigningRefused, match=f"Object 1 .*{words}"):
        signing.sign_all([PAIRS[0][0], body], KEY)


@pytest.mark.parametrize("name", REASONS)
def test_a_refused_object_is_refused_for_its_reason(name: str) -> None:
    reason = REASONS[name]
    with pytest.raises(FederationError, match=reason["words"]) as refusal:
        signing.verify((REFUSED / name).read_bytes(), KEY.public_key)
    assert refusal.type.__name__ == reason["error"]
    assert issubclass(refusal.type, errors.FederationError)


def test_every_refused_file_has_a_reason_and_every_reason_a_file() -> None:
    assert {path.name for path in Path(REFUSED).iterdir()} - {"index.json"} == set(REASONS)


def test_what_the_refused_files_are_one_step_away_from_is_accepted() -> None:
    assert signing.verify(PAIRS[0][1], KEY.public_key)


def test_another_organizations_key_verifies_nothing_of_alders() -> None:
    mallory = bytes.fromhex(ALDER["mallory_public_key"])
    for name in ("signed-by-mallory.json", "mallorys-key.json"):
        with pytest.raises((BadSignature, errors.WrongSigner)):
            signing.verify((REFUSED / name).read_bytes(), KEY.public_key)
    with pytest.raises(errors.WrongSigner):
        signing.verify(PAIRS[0][1], mallory)


def test_the_sentence_of_a_refusal_holds_nothing_of_the_object() -> None:
    body = canonical({"name": "someone@example.com"})
    with pytest.raises(NotSigned) as refusal:
        signing.verify(body, KEY.public_key)
    assert "example.com" not in str(refusal.value)
