"""What nodes say to each other, as published in tests/vectors/exchange: read, and written alike.

Each refused file is one step away from `alder.json`; its first word is the door it is offered at.
"""

import base64
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from federation import endorsement, errors
from federation.keys import SigningKey
from federation.models import Peer
from federation.peers.door import read_notice
from federation.peers.receipt import Receipt
from federation.peers.source import open_source
from federation.peers.wake import Notice
from federation.transparency import submission
from indicators.models import Audience
from indicators.pipeline.relaying import may_relay, overreach
from indicators.stix import Tlp
from tests.federation.vectors import VECTORS, from_base64, read_vectors
from tests.peer_simulator import JSON, Reply, SimulatedNode

ALDER = read_vectors("exchange/alder.json")
RELAY = read_vectors("exchange/relay.json")
REFUSED = VECTORS / "exchange" / "refused"
REASONS: dict[str, dict[str, str]] = read_vectors("exchange/refused/index.json")


def test_a_wake_is_the_one_line() -> None:
    said = ALDER["wake"]
    notice = Notice(said["log"], said["size"])
    assert notice.encode() == said["body"].encode()
    assert read_notice(said["body"].encode(), Notice) == notice


def test_a_receipt_is_the_one_line() -> None:
    said = ALDER["receipt"]
    (root,) = from_base64([said["root"]])
    receipt = Receipt(said["log"], said["size"], root)
    assert receipt.encode() == said["body"].encode()
    assert read_notice(said["body"].encode(), Receipt) == receipt


def test_a_submission_to_a_witness_is_written_and_read_alike() -> None:
    said = ALDER["add-checkpoint"]
    proof, note = from_base64(said["proof"]), said["note"].encode()
    assert submission.write(said["old"], proof, note) == said["body"].encode()
    read = submission.parse(said["body"].encode())
    assert (read.old, list(read.proof), read.note) == (said["old"], proof, note)


def test_an_endorsement_is_the_old_keys_over_the_message() -> None:
    said = ALDER["endorsement"]
    old, new = (SigningKey.from_seed(bytes.fromhex(said[name]["seed"])) for name in ("old", "new"))
    signature = old.sign(said["message"].encode())
    assert signature == unpadded(said["endorsement"])
    facts = {name: said[name] for name in ("identity_id", "use", "since")}
    assert endorsement.endorse(old, new.public_key, **facts) == signature
    offer_endorsement(json.dumps(said).encode())


def test_withdrawn_entries_are_read(mallory: SimulatedNode) -> None:
    said = ALDER["withdrawn"]
    assert ask_withdrawn(mallory, said["answer"].encode(), said["from"]) == set(said["indexes"])


@pytest.mark.parametrize("case", RELAY["relayed"], ids=str)
def test_a_relay_goes_where_the_table_says(case: dict[str, Any]) -> None:
    tlp, source = known(Tlp, case["tlp"]), known(Audience, case["served_to"])
    allowed = [each for each in Audience if may_relay(tlp, source, each) is None]
    assert {each.value for each in allowed} == set(case["may_go_to"])


@pytest.mark.parametrize("case", RELAY["served"], ids=str)
def test_an_overreach_is_what_the_table_says(case: dict[str, Any]) -> None:
    why = overreach(Tlp(case["tlp"]), Audience(case["served_to"]), by_hub=case["by_hub"])
    assert (why is not None) == case["overreach"]


def known(words: Any, value: str | None) -> Any:
    return None if value is None else words(value)


def offer_endorsement(source: bytes) -> None:
    said = json.loads(source)
    old, new = from_base64([said[name]["public_key"] for name in ("old", "new")])
    facts = {name: said[name] for name in ("identity_id", "use", "since")}
    endorsement.verify(unpadded(said["endorsement"]), old, new, **facts)


def unpadded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def ask_withdrawn(node: SimulatedNode, answer: bytes, start: int) -> set[int]:
    """The answer, read from a real server by the code that pulls."""
    feed = node.open_feed()
    node.answer_with("/withdrawn", Reply(answer, media=JSON))
    peer = Peer(name="Mallory", base_url=node.base_url, allow_private=True)
    with open_source(peer, node.url(feed)) as source:
        return source.withdrawn(start)


DOORS: dict[str, Callable[[bytes], object]] = {
    "wake": lambda source: read_notice(source, Notice),
    "receipt": lambda source: read_notice(source, Receipt),
    "submission": submission.parse,
    "endorsement": offer_endorsement,
}


@pytest.mark.parametrize("name", REASONS)
def test_a_refused_artifact_is_refused_for_its_reason(name: str, mallory: SimulatedNode) -> None:
    reason, source = REASONS[name], (REFUSED / name).read_bytes()
    door = name.partition("-")[0]
    with pytest.raises(getattr(errors, reason["error"]), match=reason["words"]):
        if door == "withdrawn":
            ask_withdrawn(mallory, source, 3)
        else:
            DOORS[door](source)


def test_every_refused_file_has_a_reason_and_every_reason_a_file() -> None:
    files = {path.name for path in Path(REFUSED).iterdir()} - {"index.json"}
    assert files == set(REASONS)
