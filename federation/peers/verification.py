"""From the bytes of a feed's page to objects whose origin is known. Pure: no network, no tables.

`read_page` takes bytes, `verify_objects` returns what was verified and what was refused, with the
reason. The steps, each a refusal of its own:

1. The page is one strict JSON document (I-JSON), an envelope with no more objects than were asked
   for. Else nothing of it is used.
2. An object is a JSON object with a STIX id, and names its author, if at all, by an identity's id.
   What counts from here on is its canonical form.
3. Its author is the organization that `created_by_ref` names; of a member's own identity object
   the member itself, whatever it says; without either, whoever signs it.
4. It carries an origin signature of our one form. Without one it is refused where the feed
   promises signatures, and everywhere if its author is known to sign: the signature was stripped.
   Otherwise it has no origin: it is nobody's word.
5. The key that the signature names is on the ring: an organization's, pinned by this node.
6. The signature is that key's, over these bytes.
7. The key's owner is the author: nobody makes or changes another's objects.
8. The owner is a member now.
9. The key was the owner's where the object stands. In each log, its place lies between where the
   owner says that the key began and ended there. So a key that is retired signs nothing more:
   in a log that `until` does not name, or without a place in any log, it is not accepted at all.
   An owner that rotates its key therefore names the size of every log in which its objects stand,
   its own and those that relay them; what was in flight at that moment is issued anew, or comes
   from its own log.

Steps 5, 8 and 9 depend on what this node knows today: what they refuse may pass later.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from federation.canonical import JSON, MAX_DEPTH, MalformedJSON, canonical, digest, parse
from federation.errors import BadSignature, FederationError, NotSigned, PeerMisbehaved
from federation.peers.ring import KeyRing, RingKey
from federation.signing import Claim, Properties, read_claim, verify_claim

MOST_PAGE_BYTES = 64 << 20
_ENVELOPE_LEVELS = 2

_UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
_STIX_ID = re.compile(rf"[a-z0-9-]{{1,250}}--{_UUID}", re.ASCII)
_IDENTITY_ID = re.compile(rf"identity--{_UUID}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Received:
    """An object as it came: canonical bytes and their SHA-256, with the names it gives itself.

    `stix_id` is empty where there is none; `created_by` is None where nobody is named.
    """

    body: bytes
    sha256: bytes
    stix_id: str
    created_by: str | None
    value: JSON = field(repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class Publisher:
    """Whose feed it is, and the origin of its log; None for a server without one."""

    identity_id: str
    origin: str | None


@dataclass(frozen=True, slots=True)
class Accepted:
    """An object that may be stored: as `origin_id`'s, signed with `signed_by`; or as nobody's."""

    received: Received
    place: int | None
    origin_id: str | None
    signed_by: str | None


@dataclass(frozen=True, slots=True)
class Refused:
    """An object that is set aside. `is_forgery`: an honest peer would not have served it."""

    received: Received
    place: int | None
    reason: str
    may_pass_later: bool
    is_forgery: bool


@dataclass(frozen=True, slots=True)
class Verified:
    """Every object of a page, in order, in one of the two lists."""

    accepted: list[Accepted]
    refused: list[Refused]


class _Refusal(FederationError):
    """Why one object is not accepted; it ends in a `Refused`."""

    def __init__(
        self, message: str, *, may_pass_later: bool = False, is_forgery: bool = False
    ) -> None:
        super().__init__(message)
        self.may_pass_later, self.is_forgery = may_pass_later, is_forgery


def read_page(content: bytes, max_objects: int) -> list[Received]:
    """Step 1: the objects of a TAXII envelope, in its order. Raises PeerMisbehaved."""
    try:
        envelope = parse(content, max_bytes=MOST_PAGE_BYTES, max_depth=MAX_DEPTH + _ENVELOPE_LEVELS)
    except MalformedJSON as error:
        raise PeerMisbehaved(
            f"The page is not strict JSON at {error.pointer or 'its beginning'}: {error}"
        ) from error
    objects = envelope.get("objects", []) if isinstance(envelope, dict) else None
    if not isinstance(objects, list):
        raise PeerMisbehaved("The page is no TAXII envelope: a JSON object with a list, objects.")
    if len(objects) > max_objects:
        raise PeerMisbehaved(
            f"The page has {len(objects)} objects where {max_objects} were asked for."
        )
    return [_received(canonical(value), value) for value in objects]


def read_object(body: bytes) -> Received:
    """One object from its stored canonical bytes, to be looked at again. Raises MalformedJSON."""
    return _received(body, parse(body, max_bytes=len(body), max_depth=MAX_DEPTH))


def _received(body: bytes, value: JSON) -> Received:
    named = value if isinstance(value, dict) else {}
    author = named.get("created_by_ref")
    return Received(
        body,
        digest(body),
        _fitting(_STIX_ID, named.get("id")) or "",
        _fitting(_IDENTITY_ID, author),
        value,
    )


def _fitting(form: re.Pattern[str], value: JSON | None) -> str | None:
    return value if isinstance(value, str) and form.fullmatch(value) else None


def verify_objects(
    received: Sequence[Received],
    places: Sequence[int] | None,
    ring: KeyRing,
    publisher: Publisher,
    *,
    signatures_required: bool,
) -> Verified:
    """Steps 2 to 9 for each object. `places`: where each stands in the publisher's log."""
    verified = Verified([], [])
    check = _Check(ring, publisher, signatures_required)
    where: Sequence[int | None] = places if places is not None else [None] * len(received)
    for each, place in zip(received, where, strict=True):
        try:
            verified.accepted.append(check.one(each, place))
        except _Refusal as why:
            verified.refused.append(
                Refused(each, place, str(why), why.may_pass_later, why.is_forgery)
            )
    return verified


@dataclass(frozen=True, slots=True)
class _Check:
    ring: KeyRing
    publisher: Publisher
    signatures_required: bool

    def one(self, received: Received, place: int | None) -> Accepted:
        value = _checked_form(received)
        author = self._author(received)
        try:
            claim = read_claim(value)
        except NotSigned as error:
            self._check_may_lack_signature(author, error)
            return Accepted(received, place, None, None)
        except FederationError as error:
            raise _Refusal(str(error), is_forgery=True) from error
        key = self._key(claim)
        _check_signature(claim, key)
        _check_owner(key, author)
        _check_member(key)
        self._check_place(key, place)
        return Accepted(received, place, key.identity_id, key.kid)

    def _author(self, received: Received) -> str | None:
        """Step 3."""
        if received.stix_id.startswith("identity--") and self.ring.knows(received.stix_id):
            return received.stix_id
        return received.created_by

    def _check_may_lack_signature(self, author: str | None, error: NotSigned) -> None:
        """Step 4."""
        if author is not None and self.ring.knows(author):
            raise _Refusal(
                f"The object names {author} as its author, who signs what it makes, and carries "
                "no signature: it was stripped on the way, or is not theirs.",
                is_forgery=author != self.publisher.identity_id,
            )
        if self.signatures_required:
            raise _Refusal(f"This feed promises signatures. {error}")

    def _key(self, claim: Claim) -> RingKey:
        """Step 5."""
        key = self.ring.find(claim.kid)
        if key is None:
            raise _Refusal(
                f"The object is signed with key {claim.kid}, which is no confirmed organization's. "
                "It waits until its owner is added and confirmed as a peer.",
                may_pass_later=True,
            )
        return key

    def _check_place(self, key: RingKey, place: int | None) -> None:
        """Step 9."""
        origin = self.publisher.origin
        if place is None or origin is None:
            if key.until is not None:
                raise _Refusal(
                    f"The object is signed with key {key.kid}, which {key.identity_id} retired, "
                    "and no log shows that it is older than that; read it from a log that does.",
                    may_pass_later=True,
                )
        elif not key.is_valid_at(origin, place):
            raise _Refusal(
                f"The object is entry {place} of {origin}, where {key.identity_id} no longer or "
                f"not yet signed with key {key.kid}: it was dated back, or signed with a key that "
                "was retired. Its origin must issue it anew.",
                may_pass_later=key.identity_id != self.publisher.identity_id,
                is_forgery=key.identity_id == self.publisher.identity_id,
            )


def _checked_form(received: Received) -> Properties:
    """Step 2."""
    value = received.value
    if not isinstance(value, dict) or not received.stix_id:
        raise _Refusal("This is no STIX object with an id (type--UUID).")
    if "created_by_ref" in value and received.created_by is None:
        raise _Refusal("created_by_ref is not the id of an identity, so the author is unclear.")
    return value


def _check_signature(claim: Claim, key: RingKey) -> None:
    """Step 6."""
    try:
        verify_claim(claim, key.public_key)
    except BadSignature as error:
        raise _Refusal(
            f"The signature in the name of {key.identity_id} does not hold: {error}",
            is_forgery=True,
        ) from error
    except FederationError as error:
        raise _Refusal(str(error), is_forgery=True) from error


def _check_owner(key: RingKey, author: str | None) -> None:
    """Step 7."""
    if author is not None and author != key.identity_id:
        raise _Refusal(
            f"The object is {author}'s by its own words, and signed by {key.identity_id}; only "
            "its author can make or change it.",
            is_forgery=True,
        )


def _check_member(key: RingKey) -> None:
    """Step 8."""
    if not key.may_sign:
        raise _Refusal(
            f"{key.identity_id} is not a member now (invited, suspended or gone): nothing new of "
            "it is taken. It waits until a person lets the member in again.",
            may_pass_later=True,
        )
