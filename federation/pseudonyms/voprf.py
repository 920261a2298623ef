"""RFC 9497, VOPRF(ristretto255, SHA-512), in batches; and the form of our tokens.

The member blinds, the key-holder evaluates and proves, the member verifies and finalizes. Nothing
here does I/O; every refusal is a domain error, the panics of the package beneath included.
"""

import base64
import hashlib
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Self

from voprf import ristretto

from federation.errors import (
    BatchRefused,
    EvaluationRefused,
    MalformedElement,
    MalformedKey,
    MalformedToken,
)

MAX_BATCH = 1000
ELEMENT_BYTES = 32
PROOF_BYTES = 64
SEED_BYTES = 32
KEY_ID_BYTES = 5
OUTPUT_BYTES = 16
TOKEN_BYTES = KEY_ID_BYTES + OUTPUT_BYTES

_TOKEN = re.compile(r"psi1\.([a-z2-7]{8})\.([A-Za-z0-9_-]{21}[AQgw])", re.ASCII)
_MAX_INPUT_BYTES = 2**16 - 1


def token_input(kind: str, value: str) -> bytes:
    """What is evaluated for a normalized value: the kind is part of it, and of the key too."""
    return b"psi/1\0" + kind.encode() + b"\0" + value.encode()


def key_id(public_key: bytes) -> bytes:
    """The 5 bytes that name a key in its tokens: SHA-256(public key)[:5]."""
    return hashlib.sha256(public_key).digest()[:KEY_ID_BYTES]


def token_text(key_id: bytes, output: bytes) -> str:
    """`psi1.<key id in base32>.<16 bytes of output in base64url>`, 36 characters."""
    if len(key_id) != KEY_ID_BYTES or len(output) != OUTPUT_BYTES:
        raise MalformedToken("A token is made of a key id of 5 bytes and an output of 16.")
    name = base64.b32encode(key_id).decode().lower()
    return f"psi1.{name}.{base64.urlsafe_b64encode(output)[:22].decode()}"


def parse_token(text: str) -> bytes:
    """The 21 bytes of a token: key id, then output. Only the one canonical spelling is read."""
    match = _TOKEN.fullmatch(text)
    if match is None:
        raise MalformedToken(
            "A token reads psi1.<8 characters of base32>.<22 characters of base64url>."
        )
    return base64.b32decode(match[1].upper()) + base64.urlsafe_b64decode(match[2] + "==")


class Blinding:
    """A batch of 1 to 1,000 inputs on their way: `elements` go out, `finalize` takes the answer.

    The blinds are random and stay here, so two requests for one input have nothing in common.
    """

    def __init__(self, inputs: Sequence[bytes]) -> None:
        _check_batch(len(inputs))
        _check_inputs(inputs)
        blinded = [ristretto.Client.blind(each) for each in inputs]
        self._clients = [client for client, _ in blinded]
        self.elements: list[bytes] = [element.serialize() for _, element in blinded]

    def finalize(self, evaluated: Sequence[bytes], proof: bytes, public_key: bytes) -> list[bytes]:
        """Each input's output, 16 bytes, after the proof that `public_key` made all of them.

        Raises EvaluationRefused for a proof that does not verify, BatchRefused for another number
        of elements, MalformedElement, MalformedKey.
        """
        if len(evaluated) != len(self._clients):
            raise BatchRefused(
                f"{len(self._clients)} elements were sent and {len(evaluated)} came back; a batch "
                "is answered whole and in order."
            )
        for number, element in enumerate(evaluated):
            _check_element(number, element)
        key = _read_key(public_key)
        answer = _read_answer(evaluated, proof)
        with _panics_caught():
            outputs = ristretto.Client.finalize_batch(self._clients, answer, key)
        return [output[:OUTPUT_BYTES] for output in outputs]


class Evaluator:
    """One key of a key-holder: evaluates blinded elements with proof, or its own inputs."""

    def __init__(self, evaluator: ristretto.Evaluator) -> None:
        self._evaluator = evaluator
        self.public_key: bytes = evaluator.public_key.serialize()

    @classmethod
    def from_seed(cls, seed: bytes, info: bytes) -> Self:
        """RFC 9497 §3.2.1 DeriveKeyPair; `seed` has 32 random bytes, `info` may be public."""
        try:
            return cls(ristretto.Evaluator.from_seed(seed, info))
        except ValueError:
            raise MalformedKey(
                f"A token key is derived from a seed of {SEED_BYTES} bytes and a short info."
            ) from None

    def evaluate(self, elements: Sequence[bytes]) -> tuple[list[bytes], bytes]:
        """BlindEvaluate 1 to 1,000 elements: evaluated elements in order, and one DLEQ proof.

        Raises BatchRefused, or MalformedElement naming the first bad one by its number.
        """
        _check_batch(len(elements))
        blinded = [_read_blinded(number, each) for number, each in enumerate(elements)]
        answer = self._evaluator.evaluate_batch(blinded).serialize()
        starts = range(PROOF_BYTES, len(answer), ELEMENT_BYTES)
        return [answer[i : i + ELEMENT_BYTES] for i in starts], answer[:PROOF_BYTES]

    def outputs(self, inputs: Sequence[bytes]) -> list[bytes]:
        """The outputs (16 bytes each) of inputs that are one's own: no blinding, no proof."""
        _check_inputs(inputs)
        evaluate = self._evaluator.evaluate_known_input
        return [evaluate(each)[:OUTPUT_BYTES] for each in inputs]


def _check_batch(count: int) -> None:
    if not 1 <= count <= MAX_BATCH:
        raise BatchRefused(f"A batch has 1 to {MAX_BATCH} elements, not {count}; divide it.")


def _check_inputs(inputs: Sequence[bytes]) -> None:
    for number, each in enumerate(inputs):
        if not 1 <= len(each) <= _MAX_INPUT_BYTES:
            raise BatchRefused(f"Input {number} has {len(each)} bytes; it must have 1 to 65,535.")


def _check_element(number: int, element: bytes) -> None:
    if len(element) != ELEMENT_BYTES:
        raise MalformedElement(
            f"Element {number} has {len(element)} bytes; an element of ristretto255 has 32."
        )


def _read_blinded(number: int, element: bytes) -> ristretto.BlindedInput:
    _check_element(number, element)
    try:
        return ristretto.BlindedInput.deserialize(element)
    except ValueError:
        raise MalformedElement(
            f"Element {number} is not a canonical encoding of an element of ristretto255 other "
            "than the identity."
        ) from None


def _read_key(public_key: bytes) -> ristretto.PublicKey:
    try:
        if len(public_key) == ELEMENT_BYTES:
            return ristretto.PublicKey.deserialize(public_key)
    except ValueError:
        pass
    raise MalformedKey("A token key's public half is 32 bytes: an element of ristretto255.")


def _read_answer(evaluated: Sequence[bytes], proof: bytes) -> ristretto.VerifiableBatchOutput:
    if len(proof) != PROOF_BYTES:
        raise MalformedElement(f"A proof has {PROOF_BYTES} bytes (two scalars), not {len(proof)}.")
    try:
        return ristretto.VerifiableBatchOutput.deserialize(proof + b"".join(evaluated))
    except ValueError:
        raise MalformedElement(
            "The answer is not a proof of two scalars and as many elements of ristretto255 as were "
            "sent."
        ) from None


@contextmanager
def _panics_caught() -> Iterator[None]:
    """A proof that does not verify: the package panics on a batch and raises ValueError else."""
    try:
        yield
    except ValueError:
        refused = True
    except BaseException as error:
        # pyo3's PanicException can't be imported; it derives from BaseException.
        if type(error).__name__ != "PanicException":
            raise
        refused = True
    else:
        refused = False
    if refused:
        raise EvaluationRefused(
            "The proof does not verify: these elements were not evaluated with the key that was "
            "pinned. Nothing of the answer is used."
        )
