"""Step 3 of a proof: whose key it is, and that it was so where the object stands. Pure."""

from collections.abc import Mapping

from federation import endorsement
from federation.canonical import JSON
from indicators.proofs.errors import ProofBroken
from indicators.proofs.proof import LineKey, Proof, Signer
from indicators.proofs.trust import KnownKey, Trust


def check_author(value: Mapping[str, JSON], signer: Signer) -> None:
    """An identity is its own author; else `created_by_ref` names it, if anybody."""
    author = value.get("created_by_ref", signer.identity_id)
    if value.get("type") == "identity" and value.get("id") == signer.identity_id:
        author = signer.identity_id
    if author != signer.identity_id:
        raise ProofBroken(
            f"The object is {author}'s by its own words, and signed by {signer.identity_id}."
        )


def check_line(signer: Signer) -> None:
    """Each key but the first is endorsed by the one before it. Raises BadSignature."""
    for before, key in zip(signer.keys, signer.keys[1:], strict=False):
        endorsement.verify(
            key.endorsement,
            before.public_key,
            key.public_key,
            identity_id=signer.identity_id,
            use="object",
            since=key.since,
        )


def known_key(signer: Signer, key: LineKey, trust: Trust) -> KnownKey | None:
    """What is known of the signing key, or of a key from which endorsements lead to it.

    Trust goes forward alone: that a key vouched for another says nothing of itself.
    """
    until = signer.keys.index(key) + 1
    before = [each.kid for each in reversed(signer.keys[:until])]
    known = next((trust.keys[kid] for kid in before if kid in trust.keys), None)
    if known is not None and known.pinned is not None:
        owner = known.pinned.identity_id
        if owner != signer.identity_id:
            raise ProofBroken(f"The key {key.kid} is {owner}'s, not {signer.identity_id}'s.")
    if known is None and trust.keys:
        raise ProofBroken(
            f"No known key of {signer.name} is, or leads to, the one that signed: {key.kid}."
        )
    return known


def check_place(proof: Proof, signer: Signer, key: LineKey, known: KnownKey | None) -> str:
    """The key was its owner's at this place of this log, as far as the line or the pin tells.

    What remains unclear as a sentence, "" if nothing does. Raises ProofBroken.
    """
    begins, ends = _span(signer, key, known)
    if proof.index < begins.get(proof.origin, 0):
        raise ProofBroken(
            f"Entry {proof.index} lies before entry {begins[proof.origin]}, where the key began in"
            " this log: it was dated back."
        )
    if ends is None:
        return ""
    if proof.origin in ends and proof.index >= ends[proof.origin]:
        raise ProofBroken(
            f"Entry {proof.index} does not lie before entry {ends[proof.origin]}, where the key"
            " ended in this log: it was signed with a key that was retired."
        )
    if proof.origin not in ends:
        return (
            "The key was replaced since, and where it ended this log is not named: this log does"
            " not show that the signature is older than that."
        )
    return ""


def _span(
    signer: Signer, key: LineKey, known: KnownKey | None
) -> tuple[Mapping[str, int], Mapping[str, int] | None]:
    """Where the key begins and ends: as pinned if this very key is, else as the line says."""
    if known is not None and known.pinned is not None and known.pinned.kid == key.kid:
        return known.pinned.since, known.pinned.until
    after = signer.keys.index(key) + 1
    return key.since, signer.keys[after].since if after < len(signer.keys) else None
