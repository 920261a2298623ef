"""A proof examined, step by step. Pure: no network, no tables, no clock.

1. Content: the object has the digest that is spoken of.
2. Signature: the key that the object names signed it, as it is.
3. Key: it is its author's, in the line of its author's keys, and was so where the object stands;
   and the reader knows a key from which that line leads to it.
4. Place: which entry of which log it is.
5. Inclusion: the log's tree has it there.
6. Checkpoint: the log's key signed that tree; and the reader knows that key.
7. Witnesses: others saw that tree, and that it extends what they saw before.

A step *holds*; or it holds as far as the file goes and is *open*, as it rests on a key that the
reader was not told of otherwise; or there is nothing to check (*absent*); or it is *broken*.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from federation import signing
from federation.canonical import JSON, digest
from federation.errors import FederationError, MalformedCheckpoint, ProofRefused
from federation.keys import Verifier
from federation.transparency import checkpoint as checkpoints
from federation.transparency import cosignature, merkle, note
from federation.transparency.checkpoint import Checkpoint
from federation.transparency.cosignature import Witness
from indicators.proofs.authorship import check_author, check_line, check_place, known_key
from indicators.proofs.errors import ProofBroken, ProofError
from indicators.proofs.proof import LineKey, Proof, Signer
from indicators.proofs.trust import Trust

#: What no proof of this kind says, however well it holds.
NOT_PROVEN = (
    "That what the object says is true. It proves who said it, not that it is so.",
    "That nothing came after it: a later version may say otherwise, or take it back.",
    "When it was made. Times in the object are its author's word; a cosignature's time is its"
    " witness's.",
    "Who the organization is in the world. That rests on the fingerprint that two people compared.",
    "That every reader is shown the same log. The more independent witnesses signed its checkpoint,"
    " the harder it is to show two.",
)


class Standing(StrEnum):
    HOLDS = "holds"
    OPEN = "open"
    ABSENT = "absent"
    BROKEN = "broken"


Fact = tuple[str, str | int | datetime]


@dataclass(frozen=True, slots=True)
class Step:
    """What was checked, what came of it in a sentence, and what that means if it is not well."""

    number: int
    title: str
    standing: Standing
    sentence: str
    meaning: str = ""
    facts: tuple[Fact, ...] = ()


@dataclass(frozen=True, slots=True)
class _Found:
    standing: Standing
    sentence: str
    facts: tuple[Fact, ...] = ()


_Check = Callable[[Proof, Trust], _Found]


def examine(proof: Proof, trust: Trust) -> tuple[Step, ...]:
    """Every step, whatever becomes of the others. Nothing is raised: a step says it is broken."""
    return tuple(_run(number, *each, proof, trust) for number, each in enumerate(_STEPS, 1))


def verify(proof: Proof, trust: Trust) -> tuple[Step, ...]:
    """The steps, none of them broken. Raises ProofBroken with the first that is."""
    steps = examine(proof, trust)
    for step in steps:
        if step.standing is Standing.BROKEN:
            raise ProofBroken(f"Step {step.number}, {step.title.lower()}: {step.sentence}")
    return steps


def _run(number: int, title: str, check: _Check, meaning: str, proof: Proof, trust: Trust) -> Step:
    try:
        found = check(proof, trust)
    except (FederationError, ProofError) as error:
        return Step(number, title, Standing.BROKEN, str(error), meaning)
    return Step(number, title, found.standing, found.sentence, facts=found.facts)


def _content(proof: Proof, trust: Trust) -> _Found:
    """Step 1."""
    found = digest(proof.body)
    if found != proof.sha256:
        raise ProofBroken(
            f"The object's canonical form has the SHA-256 {found.hex()}, not {proof.sha256.hex()}."
        )
    return _Found(
        Standing.HOLDS,
        "The object's canonical form (RFC 8785) has this digest; one changed character would give"
        " another.",
        (("SHA-256", found.hex()), ("Bytes", len(proof.body))),
    )


def _signature(proof: Proof, trust: Trust) -> _Found:
    """Step 2."""
    if not _carries_signature(proof.value):
        if proof.signer is not None:
            raise ProofBroken(
                f"{proof.signer.name} is named as the signer, and the object carries no signature."
            )
        return _Found(
            Standing.ABSENT,
            "Nobody signed this object. Its place in the log shows when it was taken and that it"
            " was not altered since, and not who made it.",
        )
    key = _signing_key(proof)
    signing.verify(proof.body, key.public_key)
    return _Found(
        Standing.HOLDS,
        "The key that the object names signed it (Ed25519), exactly as it is here.",
        (("Key", key.kid),),
    )


def _key(proof: Proof, trust: Trust) -> _Found:
    """Step 3."""
    if not _carries_signature(proof.value):
        return _Found(Standing.ABSENT, "Without a signature there is no key to look at.")
    signer, key = _signer(proof), _signing_key(proof)
    check_author(proof.value, signer)
    check_line(signer)
    known = known_key(signer, key, trust)
    facts: tuple[Fact, ...] = (
        ("Organization", signer.name),
        ("Identity", signer.identity_id),
        ("Keys in its line", len(signer.keys)),
    )
    doubt = check_place(proof, signer, key, known)
    if known is None:
        return _Found(
            Standing.OPEN,
            f"The file itself says that this is {signer.name}'s key. Compare it with what"
            f" {signer.name} told you by another way.",
            facts,
        )
    if doubt:
        return _Found(Standing.OPEN, f"{known.why} {doubt}", facts)
    return _Found(Standing.HOLDS, known.why, facts)


def _place(proof: Proof, trust: Trust) -> _Found:
    """Step 4."""
    head = _claimed_head(proof)
    if proof.index >= head.size:
        raise ProofRefused(
            f"Entry {proof.index} lies behind the {head.size} entries of this checkpoint."
        )
    return _Found(
        Standing.HOLDS,
        f"It is entry {proof.index} (from 0) of the log {proof.origin}. An entry is the object's"
        " digest, so the log tells nobody what the object says.",
        (("Index", proof.index), ("Leaf", merkle.leaf_hash(proof.sha256).hex())),
    )


def _inclusion(proof: Proof, trust: Trust) -> _Found:
    """Step 5."""
    head = _claimed_head(proof)
    leaf = merkle.leaf_hash(digest(proof.body))
    merkle.verify_inclusion(leaf, proof.index, head.size, proof.path, head.root)
    return _Found(
        Standing.HOLDS,
        f"With {len(proof.path)} hashes the leaf leads to the root of the tree of {head.size}"
        " entries (RFC 6962): the log has exactly this object at this place.",
        (("Entries", head.size), ("Root", head.root.hex())),
    )


def _checkpoint(proof: Proof, trust: Trust) -> _Found:
    """Step 6."""
    head = checkpoints.verify(proof.note, proof.origin, Verifier.parse(proof.vkey))
    facts: tuple[Fact, ...] = (("Log's key (vkey)", proof.vkey), ("Entries", head.size))
    if (why := trust.logs.get(proof.vkey)) is not None:
        return _Found(Standing.HOLDS, f"The log's key signed this tree. {why}", facts)
    if trust.logs:
        raise ProofBroken(f"The log's key is {proof.vkey}, and not the one that is known here.")
    return _Found(
        Standing.OPEN,
        "The key that the file gives signed this tree. Compare it with the one that the log's"
        " operator hands out.",
        facts,
    )


def _witnesses(proof: Proof, trust: Trust) -> _Found:
    """Step 7."""
    source = note.parse(proof.note)
    lines = "".join(each.line() for each in source.signatures).encode()
    read = [Witness.parse(vkey) for vkey in proof.witnesses]
    if len({each.vkey for each in read}) < len(read):
        raise ProofBroken("One witness is listed twice.")
    if missing := trust.needed.difference(proof.witnesses):
        raise ProofBroken(f"The witness {min(missing)} did not sign this checkpoint.")
    if not read:
        return _Found(
            Standing.ABSENT,
            "No witness has signed this checkpoint. Whoever reads the log compares it with the one"
            " that they saw themselves.",
        )
    seen = [(each, cosignature.verify(source.text, lines, each)) for each in read]
    known = sum(each.vkey in trust.witnesses for each in read)
    facts = tuple((trust.witnesses.get(each.vkey, each.name), word.at) for each, word in seen)
    if not known:
        return _Found(
            Standing.OPEN,
            f"{_of_witnesses(len(read))} signed this checkpoint, with keys that the file gives;"
            " compare them with those of witnesses that you know.",
            facts,
        )
    return _Found(
        Standing.HOLDS,
        f"{_of_witnesses(known)} known here signed this checkpoint: each saw this very tree, and"
        " that it extends all that it saw before.",
        facts,
    )


_STEPS: Sequence[tuple[str, _Check, str]] = (
    (
        "Content",
        _content,
        "The object was altered after the proof was made, or the proof is of another object."
        " Nothing below is about what you see.",
    ),
    (
        "Signature",
        _signature,
        "It is not what its signer signed: somebody on the way altered it, or took another's"
        " signature. Treat it as nobody's word.",
    ),
    (
        "Key",
        _key,
        "The signature may be sound, but it is not its author's as far as this node knows. Ask the"
        " author by another way.",
    ),
    ("Place in the log", _place, "There is no such entry under this checkpoint."),
    (
        "Inclusion",
        _inclusion,
        "The log's tree does not have this object at this place: it was never published there, or"
        " the proof was forged.",
    ),
    (
        "Checkpoint",
        _checkpoint,
        "The log did not sign this tree, so that nothing binds the log to it.",
    ),
    (
        "Witnesses",
        _witnesses,
        "A witness's word does not hold. The log may show different readers different trees.",
    ),
)


def _carries_signature(value: Mapping[str, JSON]) -> bool:
    extensions = value.get("extensions")
    return isinstance(extensions, dict) and signing.EXTENSION in extensions


def _signer(proof: Proof) -> Signer:
    if proof.signer is None:
        raise ProofBroken("The object carries a signature, and no key is given to check it with.")
    return proof.signer


def _signing_key(proof: Proof) -> LineKey:
    """The key of the signer's line that the object names. Raises ProofBroken."""
    signer, kid = _signer(proof), signing.read_claim(proof.value).kid
    found = next((key for key in signer.keys if key.kid == kid), None)
    if found is None:
        raise ProofBroken(f"The object is signed with key {kid}, which is none of {signer.name}'s.")
    return found


def _claimed_head(proof: Proof) -> Checkpoint:
    """The checkpoint that the note gives; that the log signed it, step 6 says."""
    head = checkpoints.parse(note.parse(proof.note).text)
    if head.origin != proof.origin:
        raise MalformedCheckpoint(
            f"The checkpoint is of log {head.origin!r}, not of {proof.origin!r}."
        )
    return head


def _of_witnesses(count: int) -> str:
    return "1 witness" if count == 1 else f"{count} witnesses"
