"""Alder's proof, and what Mallory makes of it: run to write tests/vectors/proof anew.

    python -m tests.proofs.forging

Alder's log has eleven objects. Its object key was replaced when the log had four; Birch witnesses.
Everything is made from fixed seeds, so that the same files come out.
"""

import base64
import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from federation import endorsement, signing
from federation.canonical import canonical, digest
from federation.keys import SigningKey, Verifier
from federation.transparency import checkpoint, cosignature, merkle, note
from federation.transparency.checkpoint import Checkpoint
from federation.transparency.cosignature import Witness
from indicators.proofs.proof import LineKey, Proof, Signer, write

VECTORS = Path(__file__).parent.parent / "vectors" / "proof"
ORIGIN = "alder.example/5a9a5b0c-6f5b-4c0e-9f55-6f1c2f6d3a10"
ALDER = "identity--a1de0000-0000-4000-8000-000000000001"
MALLORY = "identity--3a110000-0000-4000-8000-000000000001"
SIZE, REPLACED_AT, INDEX = 11, 4, 5
COSIGNED_AT = datetime(2026, 3, 1, 12, tzinfo=UTC)


def key_of(name: str) -> SigningKey:
    return SigningKey.from_seed(hashlib.sha256(name.encode()).digest())


FIRST, SECOND, THIEF = key_of("alder object 1"), key_of("alder object 2"), key_of("mallory")
LOG_KEY, WITNESS_KEY = key_of("alder log"), key_of("birch witness")
VKEY = Verifier(ORIGIN, LOG_KEY.public_key).vkey
WITNESS = Witness("birch.example", WITNESS_KEY.public_key).vkey


def said(number: int, **changes: Any) -> dict[str, Any]:
    """Object `number` of the log, unsigned."""
    return {
        "type": "campaign",
        "spec_version": "2.1",
        "id": f"campaign--00000000-0000-4000-8000-{number:012d}",
        "created_by_ref": ALDER,
        "created": "2026-03-01T12:00:00.000Z",
        "modified": "2026-03-01T12:00:00.000Z",
        "name": f"Campaign {number}",
        **changes,
    }


def signed(value: dict[str, Any], key: SigningKey) -> bytes:
    return signing.sign_all([canonical(value)], key)[0]


def _bodies() -> list[bytes]:
    return [signed(said(each), FIRST if each < REPLACED_AT else SECOND) for each in range(SIZE)]


def proof_of(body: bytes, index: int = INDEX, **changes: Any) -> Proof:
    """The proof of `body` at a place of a log that Alder's key signed and Birch saw."""
    bodies = _bodies()
    bodies[index] = body
    tree = Tree(bodies)
    made = Proof(
        body=body,
        sha256=digest(body),
        signer=Signer(ALDER, "Alder", line()),
        origin=ORIGIN,
        vkey=VKEY,
        index=index,
        path=tree.path(index),
        note=tree.note(LOG_KEY),
        witnesses=(WITNESS,),
    )
    return replace(made, **changes)


def line(second: bytes = SECOND.public_key, by: SigningKey = FIRST) -> tuple[LineKey, ...]:
    """Alder's keys; the second endorsed by whoever `by` is."""
    since = {ORIGIN: REPLACED_AT}
    word = endorsement.endorse(by, second, identity_id=ALDER, use="object", since=since)
    return LineKey(FIRST.public_key), LineKey(second, since, word)


class Tree:
    """A log of these bodies."""

    def __init__(self, bodies: list[bytes]) -> None:
        self.leaves = merkle.leaf_hashes(digest(each) for each in bodies)
        tree = merkle.CompactRange()
        tree.extend(self.leaves)
        self.head = Checkpoint(ORIGIN, len(bodies), tree.root())

    def path(self, index: int) -> tuple[bytes, ...]:
        return tuple(merkle.inclusion_proof(index, len(self.leaves), self._read))

    def note(self, key: SigningKey, at: datetime = COSIGNED_AT) -> bytes:
        line = cosignature.sign(self.head.text(), "birch.example", WITNESS_KEY, at)
        return checkpoint.sign(self.head, key) + line.encode()

    def _read(self, nodes: Any) -> list[bytes]:
        return [
            merkle.subtree_hash(self.leaves[n.position << n.level : (n.position + 1) << n.level])
            for n in nodes
        ]


def good() -> Proof:
    return proof_of(signed(said(INDEX), SECOND))


def unsigned() -> Proof:
    """Of an object that nobody signed: sound, as far as it goes."""
    return proof_of(canonical(said(INDEX)), signer=None)


_Forged = tuple[int, str, str, Callable[[], Proof]]

#: name: (step that fails, words of its sentence, why it matters, the proof).
FORGED: dict[str, _Forged] = {
    "altered-object": (
        1, "has the SHA-256", "Changed after the proof was made.",
        lambda: replace(good(), body=signed(said(INDEX, name="Harmless"), SECOND)),
    ),
    "another-digest": (
        1, "has the SHA-256", "The digest of another object of the log.",
        lambda: replace(good(), sha256=digest(signed(said(1), FIRST))),
    ),
    "altered-after-signing": (
        2, "altered", "Logged by whoever altered it, but not what Alder signed.",
        lambda: proof_of(good().body.replace(b"Campaign 5", b"Campaign 6")),
    ),
    "without-keys": (
        2, "no key is given", "A signature that can't be checked is no signature.",
        lambda: replace(good(), signer=None),
    ),
    "signature-stripped": (
        2, "carries no signature", "Alder is named, and signed nothing.",
        lambda: proof_of(canonical(said(INDEX))),
    ),
    "nobody-signed": (
        2, "is to have signed", "A log takes what nobody signed; the reader asks for Alder's word.",
        unsigned,
    ),
    "key-not-in-line": (
        2, "none of Alder's", "Mallory signed, and did not even show the key.",
        lambda: proof_of(signed(said(INDEX), THIEF)),
    ),
    "key-endorsed-by-thief": (
        3, "endorsement", "Mallory's key, endorsed by Mallory, in Alder's line.",
        lambda: proof_of(
            signed(said(INDEX), THIEF),
            signer=Signer(ALDER, "Alder", line(THIEF.public_key, THIEF)),
        ),
    ),
    "line-of-the-thief": (
        3, "No known key of Alder", "Another line for Alder's identity, sound in itself.",
        lambda: proof_of(
            signed(said(INDEX), THIEF),
            signer=Signer(ALDER, "Alder", (LineKey(THIEF.public_key),)),
        ),
    ),
    "known-key-comes-after": (
        3, "No known key of Alder", "Whom a stranger vouches for says nothing of the stranger.",
        lambda: proof_of(
            signed(said(INDEX), THIEF),
            signer=Signer(ALDER, "Alder", (
                LineKey(THIEF.public_key),
                LineKey(FIRST.public_key, {}, endorsement.endorse(
                    THIEF, FIRST.public_key, identity_id=ALDER, use="object", since={})),
            )),
        ),
    ),
    "another-author": (
        3, "by its own words", "Mallory signs what says to be Alder's.",
        lambda: proof_of(
            signed(said(INDEX), THIEF),
            signer=Signer(MALLORY, "Mallory", (LineKey(THIEF.public_key),)),
        ),
    ),
    "retired-key": (
        3, "retired", "Signed with the old key, behind where it ended.",
        lambda: proof_of(signed(said(INDEX), FIRST)),
    ),
    "dated-back": (
        3, "dated back", "Signed with the new key, before it began.",
        lambda: proof_of(signed(said(2), SECOND), 2),
    ),
    "index-behind-tree": (
        4, "lies behind", "There is no such entry yet.", lambda: replace(good(), index=SIZE),
    ),
    "note-of-another-log": (
        4, "is of log", "A checkpoint of Alder's other log.",
        lambda: replace(good(), note=checkpoint.sign(
            Checkpoint("alder.example/other", SIZE, bytes(32)), LOG_KEY), witnesses=()),
    ),
    "another-index": (
        5, "Entry 6", "The place of the next object.", lambda: replace(good(), index=INDEX + 1),
    ),
    "altered-path": (
        5, "is not in the tree", "One hash of the path is another.",
        lambda: replace(good(), path=(bytes(32), *good().path[1:])),
    ),
    "path-too-short": (
        5, "shorter", "The last hash is missing.", lambda: replace(good(), path=good().path[:-1]),
    ),
    "path-too-long": (
        5, "longer", "One hash too many.",
        lambda: replace(good(), path=(*good().path, bytes(32))),
    ),
    "never-logged": (
        5, "is not in the tree", "Signed by Alder, published nowhere.",
        lambda: replace(
            good(), body=(body := signed(said(99), SECOND)), sha256=digest(body)),
    ),
    "checkpoint-by-thief": (
        6, "no signature by", "Mallory signed Alder's checkpoint.",
        lambda: replace(good(), note=_tree_of_good().note(THIEF)),
    ),
    "root-altered": (
        6, "does not verify", "Alder's signature under another tree.",
        lambda: _moved_signature(),
    ),
    "log-of-the-thief": (
        6, "not the one that is known", "A whole log under Alder's name, with Mallory's key.",
        lambda: replace(
            good(), vkey=Verifier(ORIGIN, THIEF.public_key).vkey,
            note=_tree_of_good().note(THIEF)),
    ),
    "key-of-another-log": (
        6, "is that of log", "Alder's one key signs two logs: this is the other log's.",
        lambda: _of_another_log(),
    ),
    "witness-did-not-sign": (
        7, "no cosignature by", "Listed, without a line.",
        lambda: replace(good(), note=checkpoint.sign(_tree_of_good().head, LOG_KEY)),
    ),
    "cosignature-of-another-time": (
        7, "does not verify", "The witness's word, moved to another time.",
        lambda: replace(good(), note=_retimed(good().note)),
    ),
    "witness-twice": (
        7, "listed twice", "One witness counts once.",
        lambda: replace(good(), witnesses=(WITNESS, WITNESS)),
    ),
    "witness-under-two-names": (
        7, "listed twice", "One key counts once, whatever it is called.",
        lambda: _renamed_witness(),
    ),
    "witness-left-out": (
        7, "did not sign", "The witness that the reader asks for is not there.",
        lambda: replace(good(), witnesses=()),
    ),
}  # fmt: skip


def _tree_of_good() -> Tree:
    return Tree(_bodies())


def _moved_signature() -> Proof:
    """Alder's signature of eleven entries, under the text of a tree of the first six."""
    smaller = Tree(_bodies()[: INDEX + 1])
    note = smaller.head.text().encode() + b"\n" + good().note.partition(b"\n\n")[2]
    return replace(good(), note=note, path=smaller.path(INDEX))


def _of_another_log() -> Proof:
    """Alder's log with ORIGIN's key, as Alder's key signs another log, under that one's name."""
    other = "alder.example/other"
    head = Checkpoint(other, SIZE, _tree_of_good().head.root)
    text, _, lines = checkpoint.sign(head, LOG_KEY).decode().partition("\n\n")
    encoded = lines.split()[-1]
    signature = base64.b64decode(encoded)[4:]
    key_id = Verifier(ORIGIN, LOG_KEY.public_key).key_id
    line = note.Signature(ORIGIN, key_id, signature).line()
    return replace(good(), origin=other, note=f"{text}\n\n{line}".encode(), witnesses=())


def _renamed_witness() -> Proof:
    line = cosignature.sign(_tree_of_good().head.text(), "cedar.example", WITNESS_KEY, COSIGNED_AT)
    again = Witness("cedar.example", WITNESS_KEY.public_key).vkey
    return replace(good(), note=good().note + line.encode(), witnesses=(WITNESS, again))


def _retimed(source: bytes) -> bytes:
    later = cosignature.sign(
        _tree_of_good().head.text() + "x\n", "birch.example", WITNESS_KEY, COSIGNED_AT
    )
    own = source.decode().split("\n\n")[1].splitlines(keepends=True)[0]
    return (source.decode().split("\n\n")[0] + "\n\n" + own + later).encode()


#: name: (words of the refusal, why, how the good file is changed).
MALFORMED: dict[str, tuple[str, str, Callable[[str], str]]] = {
    "another-format": ("format", "Of a later version.", lambda s: s.replace("proof/1", "proof/2")),
    "cut-short": ("not JSON", "The end is missing.", lambda s: s[:-40]),
    "duplicate-key": (
        "twice", "Two meanings for two readers.",
        lambda s: s.replace('"witnesses":', '"witnesses":[],"witnesses":')),
    "first-key-endorsed": (
        "nobody endorses", "There is no key before the first.",
        lambda s: s.replace('"endorsement":""', '"endorsement":"' + "A" * 86 + '"')),
    "more-members": ("unknown field", "Nothing in it goes unread.", lambda s: s.replace(
        '{"format"', '{"about":"trust me","format"')),
    "negative-index": (">= 0", "Places are counted from 0.", lambda s: s.replace(
        f'"index":{INDEX}', '"index":-1')),
    "not-an-object": ("object", "A list of objects is no proof.", lambda s: f"[{s}]"),
    "path-not-base64": ("/log/path/0", "Hashes are base64.", lambda s: s.replace(
        '"path":["', '"path":["!')),
    "short-digest": ("matching regex", "SHA-256 has 32 bytes.", lambda s: s.replace(
        '"sha256":"', '"sha256":"0')),
    "short-key": ("/signer/keys/0/x", "An Ed25519 key has 32 bytes.", lambda s: s.replace(
        '"x":"', '"x":"AA', 1)),
    "without-log": ("log", "Without a place there is nothing to prove.", lambda s: s.replace(
        '"log":', '"logs":')),
}  # fmt: skip


def main() -> None:
    refused = VECTORS / "refused"
    refused.mkdir(parents=True, exist_ok=True)
    (VECTORS / "alder.json").write_bytes(write(good()))
    (VECTORS / "unsigned.json").write_bytes(write(unsigned()))
    index: dict[str, Any] = {}
    for name, (step, words, why, made) in FORGED.items():
        (refused / f"{name}.json").write_bytes(write(made()))
        index[f"{name}.json"] = {"step": step, "words": words, "why": why}
    source = write(good()).decode()
    for name, (words, why, change) in MALFORMED.items():
        (refused / f"{name}.json").write_text(change(source))
        index[f"{name}.json"] = {"step": 0, "words": words, "why": why}
    (refused / "index.json").write_text(json.dumps(index, indent=1) + "\n")


if __name__ == "__main__":
    main()
