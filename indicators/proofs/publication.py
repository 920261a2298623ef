"""Steps 4 to 7 of a proof: where the object stands in which log, and who saw that. Pure."""

from federation.canonical import digest
from federation.errors import MalformedCheckpoint, ProofRefused
from federation.keys import Verifier
from federation.transparency import checkpoint as checkpoints
from federation.transparency import cosignature, merkle, note
from federation.transparency.checkpoint import Checkpoint
from federation.transparency.cosignature import Witness
from indicators.proofs.errors import ProofBroken
from indicators.proofs.proof import Proof
from indicators.proofs.standing import Fact, Found, Standing
from indicators.proofs.trust import Trust


def place(proof: Proof, trust: Trust) -> Found:
    """Step 4."""
    head = _claimed_head(proof)
    if proof.index >= head.size:
        raise ProofRefused(
            f"Entry {proof.index} lies behind the {head.size} entries of this checkpoint."
        )
    return Found(
        Standing.HOLDS,
        f"It is entry {proof.index} (from 0) of the log {proof.origin}. An entry is the object's"
        " digest, so the log tells nobody what the object says.",
        (("Index", proof.index), ("Leaf", merkle.leaf_hash(proof.sha256).hex())),
    )


def inclusion(proof: Proof, trust: Trust) -> Found:
    """Step 5."""
    head = _claimed_head(proof)
    leaf = merkle.leaf_hash(digest(proof.body))
    merkle.verify_inclusion(leaf, proof.index, head.size, proof.path, head.root)
    return Found(
        Standing.HOLDS,
        f"With {len(proof.path)} hashes the leaf leads to the root of the tree of {head.size}"
        " entries (RFC 6962): the log has exactly this object at this place.",
        (("Entries", head.size), ("Root", head.root.hex())),
    )


def checkpoint(proof: Proof, trust: Trust) -> Found:
    """Step 6. One key may sign for several logs: the vkey has to be the one of this log."""
    key = Verifier.parse(proof.vkey)
    if key.name != proof.origin:
        raise ProofBroken(f"The log's key is that of log {key.name!r}, not of {proof.origin!r}.")
    head = checkpoints.verify(proof.note, proof.origin, key)
    facts: tuple[Fact, ...] = (("Log's key (vkey)", proof.vkey), ("Entries", head.size))
    if (why := trust.logs.get(proof.vkey)) is not None:
        return Found(Standing.HOLDS, f"The log's key signed this tree. {why}", facts)
    if trust.logs:
        raise ProofBroken(f"The log's key is {proof.vkey}, and not the one that is known here.")
    return Found(
        Standing.OPEN,
        "The key that the file gives signed this tree. Compare it with the one that the log's"
        " operator hands out.",
        facts,
    )


def witnesses(proof: Proof, trust: Trust) -> Found:
    """Step 7."""
    source = note.parse(proof.note)
    lines = "".join(each.line() for each in source.signatures).encode()
    read = [Witness.parse(vkey) for vkey in proof.witnesses]
    if len({each.public_key for each in read}) < len(read):
        raise ProofBroken("One witness is listed twice.")
    if missing := trust.needed.difference(proof.witnesses):
        raise ProofBroken(f"The witness {min(missing)} did not sign this checkpoint.")
    if not read:
        return Found(
            Standing.ABSENT,
            "No witness has signed this checkpoint. Whoever reads the log compares it with the one"
            " that they saw themselves.",
        )
    seen = [(each, cosignature.verify(source.text, lines, each)) for each in read]
    known = sum(each.vkey in trust.witnesses for each in read)
    facts = tuple((_name(each, trust), word.at) for each, word in seen)
    if not known:
        return Found(
            Standing.OPEN,
            f"{_of_witnesses(len(read))} signed this checkpoint, with keys that the file gives;"
            " compare them with those of witnesses that you know.",
            facts,
        )
    return Found(
        Standing.HOLDS,
        f"{_of_witnesses(known)} known here signed this checkpoint: each saw this very tree, and"
        " that it extends all that it saw before.",
        facts,
    )


def _claimed_head(proof: Proof) -> Checkpoint:
    """The checkpoint that the note gives; that the log signed it, step 6 says."""
    head = checkpoints.parse(note.parse(proof.note).text)
    if head.origin != proof.origin:
        raise MalformedCheckpoint(
            f"The checkpoint is of log {head.origin!r}, not of {proof.origin!r}."
        )
    return head


def _name(witness: Witness, trust: Trust) -> str:
    """As the reader knows it. What an unknown one calls itself may be a known one's name."""
    return trust.witnesses.get(witness.vkey) or f"{witness.name} (not known here)"


def _of_witnesses(count: int) -> str:
    return "1 witness" if count == 1 else f"{count} witnesses"
