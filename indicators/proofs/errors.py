"""What can be wrong with a proof, in its own words."""


class ProofError(Exception):
    """Base class: the message is a sentence that names the place and the cure."""


class MalformedProof(ProofError):
    """Bytes that are no proof of the format."""


class ProofBroken(ProofError):
    """A step that does not hold."""


class NothingToProve(ProofError):
    """An object that is in no collection here, or no longer."""
