"""Every refused artifact is a named file in tests/vectors/refused; index.json says why it fails.

The file's first word is the door it is offered at. All are one step away from `log/alder.json`,
which passes every door.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from federation import errors
from federation.keys import Verifier
from federation.transparency import checkpoint, cosignature, merkle, note, submission, tiles
from federation.transparency.cosignature import Witness
from federation.transparency.replay import Replay

from .vectors import VECTORS, from_base64, read_vectors

REFUSED = VECTORS / "refused"
REASONS: dict[str, dict[str, Any]] = read_vectors("refused/index.json")
ALDER = read_vectors("log/alder.json")
COSIGNED = read_vectors("log/cosignature.json")
ORIGIN = ALDER["origin"]
VERIFIER = Verifier.parse(ALDER["vkey"])


def offer_note(path: Path) -> None:
    note.verify(path.read_bytes(), VERIFIER)


def offer_checkpoint(path: Path) -> None:
    checkpoint.verify(path.read_bytes(), ORIGIN, VERIFIER)


def offer_inclusion(path: Path) -> None:
    verify_inclusion(json.loads(path.read_text()))


def verify_inclusion(claim: dict[str, Any]) -> None:
    leaf, root = from_base64([claim["leaf_hash"], claim["root"]])
    proof = from_base64(claim["proof"])
    merkle.verify_inclusion(leaf, claim["index"], claim["size"], proof, root)


def offer_consistency(path: Path) -> None:
    verify_consistency(json.loads(path.read_text()))


def verify_consistency(claim: dict[str, Any]) -> None:
    old_root, new_root = from_base64([claim["old_root"], claim["new_root"]])
    proof = from_base64(claim["proof"])
    merkle.verify_consistency(claim["old"], old_root, claim["new"], new_root, proof)


def offer_entries(path: Path) -> None:
    tiles.decode_bundle(path.read_bytes(), REASONS[path.name]["width"])


def offer_vkey(path: Path) -> None:
    Verifier.parse(path.read_text())


def offer_replay(path: Path) -> None:
    claim = json.loads(path.read_text())
    replay = Replay(ORIGIN, VERIFIER)
    replay.match(from_base64(claim["entries"]), from_base64(claim["feed"]))
    replay.conclude(claim["checkpoint"].encode())


def offer_cosignature(path: Path) -> None:
    text = note.parse(ALDER["checkpoint"].encode()).text
    cosignature.verify(text, path.read_bytes(), Witness.parse(COSIGNED["vkey"]))


def offer_witness(path: Path) -> None:
    Witness.parse(path.read_text())


def offer_submission(path: Path) -> None:
    submission.parse(path.read_bytes())


DOORS: dict[str, Callable[[Path], None]] = {
    "note": offer_note,
    "checkpoint": offer_checkpoint,
    "inclusion": offer_inclusion,
    "consistency": offer_consistency,
    "entries": offer_entries,
    "vkey": offer_vkey,
    "replay": offer_replay,
    "cosignature": offer_cosignature,
    "witness": offer_witness,
    "submission": offer_submission,
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


def test_the_log_they_were_made_from_is_accepted_at_every_door() -> None:
    signed = ALDER["checkpoint"].encode()
    head = checkpoint.verify(signed, ORIGIN, VERIFIER)
    verify_inclusion(ALDER["inclusion"])
    verify_consistency(ALDER["consistency"])
    replay = Replay(ORIGIN, VERIFIER)
    replay.extend(body.encode() for body in ALDER["bodies"])
    assert replay.conclude(signed) == head
