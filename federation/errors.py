"""Everything the protocol can refuse, in its own words. Doors map these to their answers."""


class FederationError(Exception):
    """Base class: the message is a sentence that names the place and the cure."""


class MalformedKey(FederationError):
    """A key, key name or verifier string that is not of the form its specification asks for."""


class KeyNotOpened(FederationError):
    """A sealed private key that the configured key-encryption key does not open."""


class BadSignature(FederationError):
    """A signature by a known key that does not verify."""


class MalformedNote(FederationError):
    """Bytes that are not a C2SP signed note."""


class NotSigned(FederationError):
    """A well-formed note, object or request without the signature that the reader asks for."""


class MalformedSignature(FederationError):
    """A signature, or what describes it, that is not of the one form its reader accepts."""


class WrongSigner(FederationError):
    """A signature that names another key than the one the reader knows of its author."""


class SigningRefused(FederationError):
    """Something that must not be signed as it is."""


class RotationRefused(FederationError):
    """A key that must not be replaced."""


class SignatureExpired(FederationError):
    """A signed request that is too old, or dated too far in the future."""


class Replayed(FederationError):
    """A signed request that was seen before."""


class MalformedCheckpoint(FederationError):
    """A note text that is not a C2SP checkpoint."""


class WrongOrigin(FederationError):
    """A checkpoint of another log than the one that was asked for."""


class MalformedTilePath(FederationError):
    """A tile path that is not in the one form C2SP tlog-tiles gives it."""


class MalformedBundle(FederationError):
    """An entry bundle that is not a whole sequence of length-prefixed entries."""


class ProofRefused(FederationError):
    """An inclusion or consistency proof that does not lead to the expected root."""


class BeyondTree(FederationError):
    """A question about entries, tiles or sizes that the tree does not have."""


class ReplayRefused(FederationError):
    """What was read from a feed is not what the log's checkpoint commits to."""


class UnknownLog(FederationError):
    """There is no log of this id on this node."""


class LogExists(FederationError):
    """A log of this id or origin was opened before."""


class StaleHead(FederationError):
    """The log has moved on since this head was locked, or nothing holds the lock."""


class AppendRefused(FederationError):
    """Entries or times that must not enter the log."""


class LogDamaged(FederationError):
    """The stored log contradicts itself: entries, tiles, head or checkpoints disagree."""


class NotNormalizable(FederationError):
    """An identifier that has no normal form of its kind; the message never contains it."""


class MalformedToken(FederationError):
    """A text that is not a token of the form psi1.<key id>.<value>."""


class MalformedElement(FederationError):
    """Bytes that are no element of the group, or no proof, where one was due."""


class BatchRefused(FederationError):
    """A batch that is empty, too large, or not as long as what it answers."""


class EvaluationRefused(FederationError):
    """An evaluation whose proof does not verify: forged, altered, or by another key."""


class UnknownTokenKey(FederationError):
    """There is no token key of this kind and epoch here, or its time is over."""


class QuotaExceeded(FederationError):
    """A member has used up what the key-holder evaluates for it in a day; seconds to wait."""

    def __init__(self, message: str, retry_after: int) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class KeyHolderUnavailable(FederationError):
    """The key-holder gave no usable answer; seconds to wait before the next attempt."""

    def __init__(self, message: str, retry_after: int) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class KeyHolderLied(FederationError):
    """The key-holder's answer contradicts its key, its log or itself. Nothing of it is used."""


class MalformedDescriptor(FederationError):
    """Bytes that are not a node's description of itself, or contradict themselves."""


class NotPinned(FederationError):
    """A key, log or descriptor that a peer's pinned key does not vouch for."""


class PeerUnknown(FederationError):
    """Nobody that this node has confirmed, or somebody who is suspended or has left."""


class AddressRefused(FederationError):
    """A URL that leads where this node must not connect to."""


class PeerUnavailable(FederationError):
    """A peer gave no usable answer; seconds to wait before the next attempt."""

    def __init__(self, message: str, retry_after: int) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class PeerMisbehaved(FederationError):
    """An answer that breaks the protocol or its limits; nothing of it is used."""


class Forked(FederationError):
    """Two signed checkpoints that no one log can have. Both notes are the evidence."""

    def __init__(self, message: str, first: bytes, second: bytes) -> None:
        super().__init__(message)
        self.first, self.second = first, second


class RolledBack(FederationError):
    """A log or feed that shows less than it showed before."""

    def __init__(self, message: str, first: bytes, second: bytes) -> None:
        super().__init__(message)
        self.first, self.second = first, second


class NotInLog(FederationError):
    """An object in a feed that the feed's log does not have at its place."""

    def __init__(self, message: str, body: bytes, note: bytes) -> None:
        super().__init__(message)
        self.body, self.note = body, note


class WitnessRefused(FederationError):
    """A checkpoint that this node does not cosign."""


class MalformedRequest(FederationError):
    """A body that is not what the door between nodes asks for."""


class OtherSize(FederationError):
    """A checkpoint offered to a witness as the next after another size than the one it has seen."""

    def __init__(self, message: str, size: int) -> None:
        super().__init__(message)
        self.size = size
