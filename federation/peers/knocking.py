"""Other nodes' doors: where they are by the pinned descriptor, and what is sent there, signed."""

from dataclasses import dataclass

import msgspec

from federation import node_keys
from federation.errors import PeerMisbehaved, PeerUnavailable
from federation.keys import SigningKey
from federation.models import NodeKey, Peer
from federation.peers.connection import Connection
from federation.transparency.cosignature import Witness

ANSWER_SECONDS = 15.0
_RETRY_AFTER = 30
_SHOWN = 200


@dataclass(frozen=True, slots=True)
class Doors:
    """Where a node takes signed requests. URLs end in a slash."""

    federation: str
    witnessing: str
    witness: Witness | None


@dataclass(frozen=True, slots=True)
class Answer:
    """What a node answered to a signed request."""

    url: str
    status: int
    body: bytes

    @property
    def is_good(self) -> bool:
        """Whether it is what was hoped for."""
        return 200 <= self.status < 300


class _Shown(msgspec.Struct, frozen=True):
    """What of an accepted descriptor is needed to knock."""

    federation: str
    witness: str = ""


def doors_of(peer: Peer) -> Doors | None:
    """The doors of a peer by its accepted descriptor; None if it has none, or no address."""
    if peer.is_plain or not peer.base_url or peer.descriptor is None:
        return None
    shown = msgspec.json.decode(bytes(peer.descriptor), type=_Shown)
    witness = Witness.parse(shown.witness) if shown.witness else None
    return Doors(shown.federation, peer.base_url.rstrip("/") + "/witness/", witness)


def request_key() -> SigningKey:
    """The key that signs what is sent; raises KeyNotOpened."""
    return node_keys.current_key(NodeKey.Purpose.REQUEST)


def knock(peer: Peer, url: str, body: bytes, key: SigningKey) -> Answer:
    """Send a signed request and read the answer; nothing here touches the database.

    Raises AddressRefused, PeerUnavailable, PeerMisbehaved.
    """
    with Connection(
        [peer.base_url, url], allow_private=peer.allow_private, seconds=ANSWER_SECONDS
    ) as connection:
        return Answer(url, *connection.send_signed("POST", url, body, key=key))


def refused(answer: Answer) -> PeerMisbehaved | PeerUnavailable:
    """The sentence for an answer that is no good: what was asked, what came, what to do."""
    said = answer.body[:_SHOWN].decode(errors="replace").strip()
    sentence = f"{answer.url} answered {answer.status}: {said!r}."
    if answer.status in (401, 403):
        sentence += " Ask its operator whether your node is active there, with its newest keys."
    if answer.status >= 500 or answer.status in (401, 403, 408, 429):
        return PeerUnavailable(sentence, _RETRY_AFTER)
    return PeerMisbehaved(sentence)
