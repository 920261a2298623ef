"""Every ristretto255-SHA512 VOPRF vector of RFC 9497.

The package draws its own blinds and nonces, so it can't print the published bytes by itself. Three
steps show the same: a reference in Python reproduces every published value byte for byte; package
and vectors agree on all that has no randomness in it (keys, evaluations, outputs); and what one of
the two blinds, evaluates and proves, the other verifies and finalizes to the published output.
"""

from dataclasses import dataclass
from typing import Any

import pytest

from federation.pseudonyms.voprf import OUTPUT_BYTES, Blinding, Evaluator
from tests.federation.pseudonyms import reference
from tests.federation.pseudonyms.reference import scalar
from tests.federation.vectors import read_vectors

[SUITE] = [
    each
    for each in read_vectors("rfc9497.json")
    if each["identifier"] == "ristretto255-SHA512" and each["mode"] == 1
]
SEED, INFO = bytes.fromhex(SUITE["seed"]), bytes.fromhex(SUITE["keyInfo"])
SECRET, PUBLIC = scalar(bytes.fromhex(SUITE["skSm"])), bytes.fromhex(SUITE["pkSm"])


@dataclass(frozen=True)
class Vector:
    """A published batch of one or two."""

    inputs: list[bytes]
    blinds: list[int]
    blinded: list[bytes]
    evaluated: list[bytes]
    outputs: list[bytes]
    proof: bytes
    nonce: int


def read(vector: dict[str, Any]) -> Vector:
    def values(name: str) -> list[bytes]:
        return [bytes.fromhex(each) for each in vector[name].split(",")]

    return Vector(
        values("Input"),
        [scalar(each) for each in values("Blind")],
        values("BlindedElement"),
        values("EvaluationElement"),
        values("Output"),
        bytes.fromhex(vector["Proof"]["proof"]),
        scalar(bytes.fromhex(vector["Proof"]["r"])),
    )


VECTORS = [read(each) for each in SUITE["vectors"]]
pytestmark = pytest.mark.parametrize("vector", VECTORS, ids=["first", "second", "batch"])


@pytest.fixture(scope="module")
def evaluator() -> Evaluator:
    return Evaluator.from_seed(SEED, INFO)


# --- The reference reproduces what is published --------------------------------------------------


def test_the_reference_derives_the_published_key(vector: Vector) -> None:
    assert reference.derive_key(SEED, INFO) == SECRET
    assert reference.public_key(SECRET) == PUBLIC


def test_the_reference_blinds_as_published(vector: Vector) -> None:
    blinded = [reference.blind(*each) for each in zip(vector.inputs, vector.blinds, strict=True)]
    assert blinded == vector.blinded


def test_the_reference_evaluates_as_published(vector: Vector) -> None:
    assert [reference.evaluate(SECRET, each) for each in vector.blinded] == vector.evaluated


def test_the_reference_proves_as_published(vector: Vector) -> None:
    assert reference.prove(SECRET, vector.nonce, vector.blinded, vector.evaluated) == vector.proof


def test_the_reference_verifies_the_published_proof(vector: Vector) -> None:
    assert reference.verify(PUBLIC, vector.blinded, vector.evaluated, vector.proof)


def test_the_reference_finalizes_as_published(vector: Vector) -> None:
    triples = zip(vector.inputs, vector.blinds, vector.evaluated, strict=True)
    assert [reference.finalize(*each) for each in triples] == vector.outputs


# --- Ours, where nothing is random ---------------------------------------------------------------


def test_we_derive_the_published_key(vector: Vector, evaluator: Evaluator) -> None:
    assert evaluator.public_key == PUBLIC


def test_we_evaluate_the_published_elements_as_published(
    vector: Vector, evaluator: Evaluator
) -> None:
    assert evaluator.evaluate(vector.blinded)[0] == vector.evaluated


def test_we_evaluate_own_inputs_to_the_published_outputs(
    vector: Vector, evaluator: Evaluator
) -> None:
    assert evaluator.outputs(vector.inputs) == [each[:OUTPUT_BYTES] for each in vector.outputs]


# --- Ours against the reference, where something is ----------------------------------------------


def test_our_proof_verifies_in_the_reference(vector: Vector, evaluator: Evaluator) -> None:
    evaluated, proof = evaluator.evaluate(vector.blinded)
    assert reference.verify(PUBLIC, vector.blinded, evaluated, proof)


def test_we_verify_the_references_proof_and_finalize_to_the_published_output(
    vector: Vector,
) -> None:
    blinding = Blinding(vector.inputs)
    evaluated = [reference.evaluate(SECRET, each) for each in blinding.elements]
    proof = reference.prove(SECRET, vector.nonce, blinding.elements, evaluated)
    outputs = blinding.finalize(evaluated, proof, PUBLIC)
    assert outputs == [each[:OUTPUT_BYTES] for each in vector.outputs]


def test_we_blind_evaluate_and_finalize_to_the_published_output(
    vector: Vector, evaluator: Evaluator
) -> None:
    blinding = Blinding(vector.inputs)
    outputs = blinding.finalize(*evaluator.evaluate(blinding.elements), PUBLIC)
    assert outputs == [each[:OUTPUT_BYTES] for each in vector.outputs]
