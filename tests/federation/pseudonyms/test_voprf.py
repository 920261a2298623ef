"""Batches and tokens: what is accepted, and every refused artifact for its reason.

Refused artifacts are files in tests/vectors/tokens/refused; index.json says why each must fail. An
`answer` replaces fields of an honest answer to a fresh batch of two, since blinds are random.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from federation import errors
from federation.pseudonyms.voprf import (
    MAX_BATCH,
    Blinding,
    Evaluator,
    key_id,
    parse_token,
    token_input,
    token_text,
)
from tests.federation.vectors import VECTORS, from_hex, read_vectors

REFUSED = VECTORS / "tokens" / "refused"
REASONS: dict[str, dict[str, str]] = read_vectors("tokens/refused/index.json")
CEDAR = Evaluator.from_seed(b"\1" * 32, b"cedar")
MALLORY = Evaluator.from_seed(b"\2" * 32, b"mallory")
INPUTS = [token_input("email", "ana@alder.example"), token_input("email", "ben@alder.example")]


def offer_answer(path: Path) -> None:
    blinding = Blinding(INPUTS)
    elements, proof = CEDAR.evaluate(blinding.elements)
    claim = json.loads(path.read_text())
    blinding.finalize(
        from_hex(claim["elements"]) if "elements" in claim else elements,
        bytes.fromhex(claim["proof"]) if "proof" in claim else proof,
        bytes.fromhex(claim["public_key"]) if "public_key" in claim else CEDAR.public_key,
    )


def offer_question(path: Path) -> None:
    CEDAR.evaluate(from_hex(json.loads(path.read_text())["elements"]))


def offer_input(path: Path) -> None:
    Blinding(from_hex(json.loads(path.read_text())["inputs"]))


def offer_token(path: Path) -> None:
    parse_token(path.read_bytes().decode())


DOORS: dict[str, Callable[[Path], None]] = {
    "answer": offer_answer,
    "question": offer_question,
    "input": offer_input,
    "token": offer_token,
}


@pytest.mark.parametrize("name", REASONS)
def test_a_refused_artifact_is_refused_for_its_reason(name: str) -> None:
    reason = REASONS[name]
    with pytest.raises(getattr(errors, reason["error"]), match=reason["words"]) as refusal:
        DOORS[name.partition("-")[0]](REFUSED / name)
    assert type(refusal.value).__name__ == reason["error"]


def test_every_refused_file_has_a_reason_and_every_reason_a_file() -> None:
    files = {path.name for path in REFUSED.iterdir()} - {"index.json"}
    assert files == set(REASONS)


def test_an_honest_answer_passes() -> None:
    blinding = Blinding(INPUTS)
    outputs = blinding.finalize(*CEDAR.evaluate(blinding.elements), CEDAR.public_key)
    assert outputs == CEDAR.outputs(INPUTS)


def swapped(elements: list[bytes]) -> list[bytes]:
    return elements[::-1]


def doubled(elements: list[bytes]) -> list[bytes]:
    return elements[:1] * 2


def unevaluated(elements: list[bytes]) -> list[bytes]:
    return Blinding(INPUTS).elements


@pytest.mark.parametrize("lie", [swapped, doubled, unevaluated], ids=lambda lie: lie.__name__)
def test_a_batch_that_was_altered_after_its_proof_is_refused(lie: Any) -> None:
    blinding = Blinding(INPUTS)
    elements, proof = CEDAR.evaluate(blinding.elements)
    with pytest.raises(errors.EvaluationRefused):
        blinding.finalize(lie(elements), proof, CEDAR.public_key)


@pytest.mark.parametrize("count", [1, 2], ids=["single", "batch"])
def test_another_key_than_the_pinned_one_is_refused(count: int) -> None:
    blinding = Blinding(INPUTS[:count])
    with pytest.raises(errors.EvaluationRefused, match="key that was pinned"):
        blinding.finalize(*MALLORY.evaluate(blinding.elements), CEDAR.public_key)


@pytest.mark.parametrize("count", [1, 2], ids=["single", "batch"])
def test_a_forged_proof_is_refused(count: int) -> None:
    blinding = Blinding(INPUTS[:count])
    elements, _ = CEDAR.evaluate(blinding.elements)
    _, proof = CEDAR.evaluate(Blinding(INPUTS[:count]).elements)
    with pytest.raises(errors.EvaluationRefused):
        blinding.finalize(elements, proof, CEDAR.public_key)


def test_after_a_refusal_the_honest_answer_still_passes() -> None:
    blinding = Blinding(INPUTS)
    with pytest.raises(errors.EvaluationRefused):
        blinding.finalize(*MALLORY.evaluate(blinding.elements), CEDAR.public_key)
    blinding.finalize(*CEDAR.evaluate(blinding.elements), CEDAR.public_key)


def test_the_largest_batch_passes() -> None:
    blinding = Blinding([b"%d" % i for i in range(MAX_BATCH)])
    outputs = blinding.finalize(*CEDAR.evaluate(blinding.elements), CEDAR.public_key)
    assert len(set(outputs)) == MAX_BATCH


def test_two_blindings_of_one_input_have_nothing_in_common() -> None:
    assert not set(Blinding(INPUTS).elements) & set(Blinding(INPUTS).elements)


def test_a_refused_seed_is_not_shown() -> None:
    with pytest.raises(errors.MalformedKey, match="32 bytes"):
        Evaluator.from_seed(b"short seed", b"")


def test_an_interrupt_is_not_taken_for_a_forged_proof(monkeypatch: pytest.MonkeyPatch) -> None:
    class Interrupting:
        @staticmethod
        def finalize_batch(*_: object) -> list[bytes]:
            raise KeyboardInterrupt

    blinding = Blinding(INPUTS)
    answer = CEDAR.evaluate(blinding.elements)
    monkeypatch.setattr("federation.pseudonyms.voprf.ristretto.Client", Interrupting)
    with pytest.raises(KeyboardInterrupt):
        blinding.finalize(*answer, CEDAR.public_key)


def test_a_token_of_another_kind_has_another_input() -> None:
    assert token_input("email", "a") == b"psi/1\0email\0a" != token_input("email-canonical", "a")


@given(st.binary(min_size=5, max_size=5), st.binary(min_size=16, max_size=16))
def test_a_token_is_read_back_as_it_was_written(named: bytes, output: bytes) -> None:
    text = token_text(named, output)
    assert len(text) == 36
    assert parse_token(text) == named + output


@given(st.text(max_size=40))
def test_any_other_text_is_refused(text: str) -> None:
    with pytest.raises(errors.MalformedToken):
        parse_token(text)


@pytest.mark.parametrize(("named", "output"), [(b"1234", bytes(16)), (b"12345", bytes(15))])
def test_a_token_of_parts_of_another_length_is_not_written(named: bytes, output: bytes) -> None:
    with pytest.raises(errors.MalformedToken):
        token_text(named, output)


def test_a_key_is_named_by_its_digest() -> None:
    assert key_id(CEDAR.public_key) != key_id(MALLORY.public_key)
    assert len(key_id(CEDAR.public_key)) == 5
