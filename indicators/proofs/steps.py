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

from federation import signing
from federation.canonical import JSON, digest
from federation.errors import FederationError
from indicators.proofs import publication
from indicators.proofs.authorship import check_author, check_line, check_place, known_key
from indicators.proofs.errors import ProofBroken, ProofError
from indicators.proofs.proof import LineKey, Proof, Signer
from indicators.proofs.standing import Fact, Found, Standing, Step
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

_UNSIGNED = (
    "Its place in the log shows when it was taken and that it was not altered since, and not who"
    " made it."
)

_Check = Callable[[Proof, Trust], Found]


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


def _content(proof: Proof, trust: Trust) -> Found:
    """Step 1."""
    found = digest(proof.body)
    if found != proof.sha256:
        raise ProofBroken(
            f"The object's canonical form has the SHA-256 {found.hex()}, not {proof.sha256.hex()}."
        )
    return Found(
        Standing.HOLDS,
        "The object's canonical form (RFC 8785) has this digest; one changed character would give"
        " another.",
        (("SHA-256", found.hex()), ("Bytes", len(proof.body))),
    )


def _signature(proof: Proof, trust: Trust) -> Found:
    """Step 2."""
    if not _carries_signature(proof.value):
        if proof.signer is not None:
            raise ProofBroken(
                f"{proof.signer.name} is named as the signer, and the object carries no signature."
            )
        if trust.keys:
            raise ProofBroken("A known key is to have signed this object, and nobody did.")
        return Found(Standing.ABSENT, f"Nobody signed this object. {_UNSIGNED}")
    if proof.signer is None and not trust.keys:
        kid = signing.read_claim(proof.value).kid
        return Found(
            Standing.ABSENT,
            f"It is signed with key {kid}, and nobody is known to hold that key: the signature"
            f" was not checked, and counts for nothing. {_UNSIGNED}",
        )
    key = _signing_key(proof)
    signing.verify(proof.body, key.public_key)
    return Found(
        Standing.HOLDS,
        "The key that the object names signed it (Ed25519), exactly as it is here.",
        (("Key", key.kid),),
    )


def _key(proof: Proof, trust: Trust) -> Found:
    """Step 3."""
    if not _carries_signature(proof.value) or (proof.signer is None and not trust.keys):
        return Found(
            Standing.ABSENT, "Without a signature that was checked there is no key to look at."
        )
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
        return Found(
            Standing.OPEN,
            f"The file itself says that this is {signer.name}'s key. Compare it with what"
            f" {signer.name} told you by another way.",
            facts,
        )
    if doubt:
        return Found(Standing.OPEN, f"{known.why} {doubt}", facts)
    return Found(Standing.HOLDS, known.why, facts)


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
    ("Place in the log", publication.place, "There is no such entry under this checkpoint."),
    (
        "Inclusion",
        publication.inclusion,
        "The log's tree does not have this object at this place: it was never published there, or"
        " the proof was forged.",
    ),
    (
        "Checkpoint",
        publication.checkpoint,
        "The log did not sign this tree, so that nothing binds the log to it.",
    ),
    (
        "Witnesses",
        publication.witnesses,
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
