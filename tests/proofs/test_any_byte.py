"""Whatever byte of a proof is changed, it no longer holds, or says the same."""

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from indicators.proofs.errors import MalformedProof, ProofBroken
from indicators.proofs.proof import Proof, read, write
from indicators.proofs.steps import examine, verify
from tests.proofs.forging import good
from tests.proofs.test_steps import TOLD

SOURCE = write(good())


def same(one: Proof, other: Proof) -> bool:
    """But for the signer's name, which is the file's own word."""
    if one.signer is None or other.signer is None:
        return one == other
    return replace(one, signer=replace(one.signer, name=other.signer.name)) == other


@settings(max_examples=400, deadline=None)
@given(st.integers(0, len(SOURCE) - 1), st.integers(1, 255))
def test_a_changed_byte_is_noticed(place: int, change: int) -> None:
    changed = SOURCE[:place] + bytes([SOURCE[place] ^ change]) + SOURCE[place + 1 :]
    try:
        proof = read(changed)
        verify(proof, TOLD)
    except (MalformedProof, ProofBroken):
        return
    assert same(proof, good())


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=300))
def test_any_bytes_are_a_proof_or_refused_in_a_sentence(source: bytes) -> None:
    try:
        read(source)
    except MalformedProof as error:
        assert str(error)


@settings(max_examples=100, deadline=None)
@given(st.binary(min_size=1, max_size=200), st.integers(0, 3))
def test_any_note_and_key_end_in_steps(noise: bytes, what: int) -> None:
    text = noise.decode("latin-1")
    changes: list[dict[str, object]] = [
        {"note": noise},
        {"vkey": text},
        {"witnesses": (text,)},
        {"path": (noise,)},
    ]
    assert len(examine(replace(good(), **changes[what]), TOLD)) == 7
