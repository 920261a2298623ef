"""A proof is examined step by step; every forged one is a named file that says where it fails."""

import json
from dataclasses import replace
from typing import Any

import pytest

from federation.keys import thumbprint
from indicators.proofs.errors import MalformedProof, ProofBroken
from indicators.proofs.proof import read, write
from indicators.proofs.standing import Standing
from indicators.proofs.steps import examine, verify
from indicators.proofs.trust import KnownKey, Trust
from tests.proofs.forging import (
    FIRST,
    FORGED,
    MALFORMED,
    SECOND,
    VECTORS,
    VKEY,
    WITNESS,
    good,
    unsigned,
)

REFUSED = VECTORS / "refused"
REASONS: dict[str, dict[str, Any]] = json.loads((REFUSED / "index.json").read_text())
TOLD = Trust(
    keys={thumbprint(FIRST.public_key): KnownKey("Alder's operator told it.")},
    logs={VKEY: "Alder's operator told it."},
    witnesses={WITNESS: "Birch"},
    needed=frozenset({WITNESS}),
)
FORGERIES = [name for name, reason in REASONS.items() if reason["step"]]
GARBLED = [name for name, reason in REASONS.items() if not reason["step"]]


def test_a_sound_proof_holds_at_every_step() -> None:
    steps = verify(read((VECTORS / "alder.json").read_bytes()), TOLD)
    assert [step.standing for step in steps] == [Standing.HOLDS] * 7


def test_a_proof_that_rests_on_its_own_word_is_open_where_it_does() -> None:
    steps = verify(good(), Trust())
    assert [step.number for step in steps if step.standing is Standing.OPEN] == [3, 6, 7]


def test_an_unsigned_object_is_said_to_be_unsigned() -> None:
    steps = verify(read((VECTORS / "unsigned.json").read_bytes()), Trust(logs={VKEY: "Told."}))
    assert [step.number for step in steps if step.standing is Standing.ABSENT] == [2, 3]


def test_a_signature_of_nobody_known_is_said_to_be_unchecked() -> None:
    steps = verify(replace(good(), signer=None), Trust(logs={VKEY: "Told."}))
    assert [step.number for step in steps if step.standing is Standing.ABSENT] == [2, 3]
    assert "was not checked" in steps[1].sentence


def test_an_unknown_witness_has_no_known_ones_name() -> None:
    step = examine(good(), replace(TOLD, witnesses={}, needed=frozenset()))[6]
    assert [name for name, _ in step.facts] == ["birch.example (not known here)"]


def test_trust_goes_from_a_key_to_those_that_it_endorsed() -> None:
    trust = Trust(keys={thumbprint(FIRST.public_key): KnownKey("Told.")})
    assert examine(good(), trust)[2].standing is Standing.HOLDS


def test_the_signing_key_itself_may_be_the_known_one() -> None:
    trust = Trust(keys={thumbprint(SECOND.public_key): KnownKey("Told.")})
    assert examine(good(), trust)[2].standing is Standing.HOLDS


@pytest.mark.parametrize("name", FORGERIES)
def test_a_forged_proof_breaks_where_it_was_forged(name: str) -> None:
    reason = REASONS[name]
    with pytest.raises(ProofBroken, match=f"^Step {reason['step']}.*{reason['words']}"):
        verify(read((REFUSED / name).read_bytes()), TOLD)


@pytest.mark.parametrize("name", FORGERIES)
def test_a_broken_step_says_what_it_means(name: str) -> None:
    steps = examine(read((REFUSED / name).read_bytes()), TOLD)
    assert all(step.meaning for step in steps if step.standing is Standing.BROKEN)


@pytest.mark.parametrize("name", GARBLED)
def test_what_is_no_proof_is_refused_with_its_place(name: str) -> None:
    with pytest.raises(MalformedProof, match=REASONS[name]["words"]):
        read((REFUSED / name).read_bytes())


def test_what_is_written_is_read_as_it_was() -> None:
    assert read(write(good())) == good()


def test_the_vectors_are_those_that_the_code_makes() -> None:
    made = {f"{name}.json": write(forged()) for name, (*_, forged) in FORGED.items()}
    kept = {name: (REFUSED / name).read_bytes() for name in made}
    assert kept == made and (VECTORS / "unsigned.json").read_bytes() == write(unsigned())


def test_every_refused_file_has_its_reason() -> None:
    files = {path.name for path in REFUSED.iterdir()} - {"index.json"}
    assert files == set(REASONS) == {f"{name}.json" for name in [*FORGED, *MALFORMED]}
