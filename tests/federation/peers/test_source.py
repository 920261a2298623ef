"""A peer's collection is read as it was served, from a node, or from any TAXII 2.1 server."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from federation.canonical import canonical
from federation.errors import (
    AddressRefused,
    BeyondTree,
    FederationError,
    MalformedBundle,
    PeerMisbehaved,
    PeerUnavailable,
)
from federation.models import Peer
from federation.peers import registry
from federation.peers.source import Source, collections, open_source
from tests.objects import START, indicator
from tests.peer_simulator import TAXII, Reply, SimulatedFeed, SimulatedNode, serving

FIRST, LAST = "X-TAXII-Date-Added-First", "X-TAXII-Date-Added-Last"
STEP = timedelta(milliseconds=1)
BODIES = [canonical(indicator(n)) for n in range(700)]


@pytest.fixture
def node() -> Iterator[SimulatedNode]:
    with serving(SimulatedNode("Alder")) as node:
        yield node


@pytest.fixture
def feed(node: SimulatedNode) -> SimulatedFeed:
    """Seven hundred objects."""
    feed = node.open_feed(title="Campaigns")
    feed.publish(*BODIES)
    return feed


def peer(node: SimulatedNode, **facts: Any) -> Peer:
    known = {"name": "Alder", "base_url": node.base_url, "allow_private": True, **facts}
    return Peer(identity_id=node.organization.identity_id, **known)


@pytest.fixture
def source(node: SimulatedNode, feed: SimulatedFeed) -> Iterator[Source]:
    with open_source(peer(node), node.url(feed)) as source:
        yield source


@pytest.fixture
def plain(node: SimulatedNode, feed: SimulatedFeed) -> Iterator[Source]:
    """The same, as a server that is nothing but a TAXII server."""
    with open_source(peer(node, is_plain=True), node.url(feed)) as source:
        yield source


def page(objects: int = 1, **facts: Any) -> bytes:
    return json.dumps({"objects": [indicator(n) for n in range(objects)], **facts}).encode()


# --- Pages ---------------------------------------------------------------------------------------


def test_a_page_is_what_was_served(source: Source, feed: SimulatedFeed) -> None:
    served = source.page(None, 2)
    assert served.content == (
        b'{"more":true,"next":"2","objects":['
        + feed.rows[0].body
        + b","
        + feed.rows[1].body
        + b"]}"
    )


def test_a_page_says_when_its_objects_were_added(source: Source) -> None:
    served = source.page(None, 100)
    assert (served.added_first, served.added_last) == (START, START + 99 * STEP)


def test_the_next_page_begins_behind_the_last_date(source: Source) -> None:
    served = source.page(source.page(None, 100).added_last, 100)
    assert (served.added_first, served.more) == (START + 100 * STEP, True)


def test_the_next_page_may_be_asked_for_by_name(source: Source) -> None:
    following = source.page(None, 100).next
    assert source.page(None, 100, next=following).added_first == START + 100 * STEP


def test_the_last_page_says_so(source: Source) -> None:
    served = source.page(START + 650 * STEP, 100)
    assert (served.more, served.next, served.added_last) == (False, None, START + 699 * STEP)


def test_behind_the_last_page_is_nothing(source: Source) -> None:
    served = source.page(START + 699 * STEP, 100)
    assert (served.content, served.added_first, served.added_last) == (b"{}", None, None)


def test_every_version_is_asked_for(
    node: SimulatedNode, feed: SimulatedFeed, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[dict[str, str]] = []
    answer = feed.page
    monkeypatch.setattr(feed, "page", lambda query: asked.append(dict(query)) or answer(query))
    with open_source(peer(node), node.url(feed)) as source:
        source.page(datetime(2026, 3, 1, 12, 0, 0, 1, UTC), 50)
    assert asked == [
        {"match[version]": "all", "limit": "50", "added_after": "2026-03-01T12:00:00.000001Z"}
    ]


@pytest.mark.parametrize(
    "body",
    [
        b"[]",
        b"",
        b'{"objects":[],"more":true}',
        b'{"more":true,"next":"1"}',
        b'{"objects":[{}],"more":"yes"}',
        b'{"objects":[{}],"more":true,"next":5}',
        b'{"objects":[{}],"objects":[{}]}',
    ],
)
def test_what_is_no_page_is_misconduct(node: SimulatedNode, source: Source, body: bytes) -> None:
    node.answer_with("/objects", Reply(body))
    with pytest.raises(PeerMisbehaved):
        source.page(None, 10)


@pytest.mark.parametrize("date", ["yesterday", "2026-02-30T00:00:00Z", "2026-03-01", "", "5"])
def test_a_date_that_is_none_is_misconduct(node: SimulatedNode, source: Source, date: str) -> None:
    node.answer_with("/objects", Reply(page(), headers={FIRST: date, LAST: date}))
    with pytest.raises(PeerMisbehaved, match="when an object was added"):
        source.page(None, 10)


def test_a_page_that_redirects_is_misconduct(node: SimulatedNode, source: Source) -> None:
    away = {"Location": "http://169.254.169.254/latest/meta-data/"}
    node.answer_with("/objects", Reply(status=302, headers=away))
    with pytest.raises(PeerMisbehaved, match="redirects"):
        source.page(None, 10)


def test_a_feed_that_is_not_ours_to_read_waits(node: SimulatedNode, source: Source) -> None:
    node.answer_with("/objects", Reply(b"{}", 403))
    with pytest.raises(PeerUnavailable, match="grant"):
        source.page(None, 10)


def test_a_collection_at_a_place_that_is_closed_is_not_asked(
    node: SimulatedNode, feed: SimulatedFeed
) -> None:
    with (
        open_source(peer(node, allow_private=False), node.url(feed)) as source,
        pytest.raises(AddressRefused),
    ):
        source.page(None, 10)
    assert node.asked == []


@pytest.mark.django_db
def test_the_peers_credential_is_shown(node: SimulatedNode, feed: SimulatedFeed) -> None:
    known = peer(node)
    known.save()
    registry.seal_credential(known, "birch", "birch-key")
    with open_source(known, node.url(feed)) as source:
        source.page(None, 10)
        assert source._connection._credential == ("birch", "birch-key")


# --- Plain servers -------------------------------------------------------------------------------


def test_a_plain_server_may_give_one_moment_to_many_objects(plain: Source) -> None:
    """While there is more, the cursor stays behind the last moment: nothing of it gets lost."""
    served = plain.page(None, 100)
    assert (served.more, served.added_last) == (True, START + 99 * STEP - STEP / 1000)


def test_at_a_plain_servers_end_the_cursor_is_the_last_moment(plain: Source) -> None:
    assert plain.page(None, 1000).added_last == START + 699 * STEP


def test_without_dates_of_a_page_the_manifest_is_asked(node: SimulatedNode, plain: Source) -> None:
    node.answer_with("/objects", Reply(page(2)))
    listed = [{"date_added": f"2026-03-01T12:00:0{n}.5Z"} for n in (1, 2)]
    node.answer_with("/manifest", Reply(json.dumps({"objects": listed}).encode()))
    served = plain.page(None, 10)
    assert (served.added_first, served.added_last) == tuple(
        datetime(2026, 3, 1, 12, 0, n, 500_000, UTC) for n in (1, 2)
    )


@pytest.mark.parametrize("manifest", [b"{}", b'{"objects":[5,{}]}', b'{"objects":5}'])
def test_without_any_dates_the_cursor_does_not_move(
    node: SimulatedNode, plain: Source, manifest: bytes
) -> None:
    node.answer_with("/objects", Reply(page(2)))
    node.answer_with("/manifest", Reply(manifest))
    assert plain.page(None, 10).added_last is None


def test_a_plain_server_has_no_log(plain: Source) -> None:
    with pytest.raises(PeerMisbehaved, match="no log"):
        plain.checkpoint()


# --- The log -------------------------------------------------------------------------------------


def test_the_checkpoint_is_read(source: Source, feed: SimulatedFeed) -> None:
    assert source.checkpoint() == feed.checkpoint()


@pytest.mark.parametrize(
    ("start", "stop"), [(0, 700), (0, 0), (0, 1), (255, 257), (256, 512), (699, 700), (700, 700)]
)
def test_entries_are_read(source: Source, feed: SimulatedFeed, start: int, stop: int) -> None:
    assert source.entries(start, stop, 700) == feed.entries[start:stop]


def test_entries_of_a_smaller_tree_are_read(source: Source, feed: SimulatedFeed) -> None:
    assert source.entries(500, 600, 600) == feed.entries[500:600]


@pytest.mark.parametrize(
    ("start", "stop", "size"), [(0, 8193, 9000), (5, 4, 9), (0, 9, 8), (-1, 2, 3)]
)
def test_only_so_many_entries_are_asked_for(
    source: Source, start: int, stop: int, size: int
) -> None:
    with pytest.raises(BeyondTree):
        source.entries(start, stop, size)


def test_a_bundle_of_another_length_is_refused(node: SimulatedNode, source: Source) -> None:
    node.answer_with("/tile/", Reply(b"\x00\x20" + bytes(32)))
    with pytest.raises(MalformedBundle):
        source.entries(0, 2, 700)


def test_a_bundle_without_end_is_refused(node: SimulatedNode, source: Source) -> None:
    node.answer_with("/tile/", Reply(bytes(2 << 20)))
    with pytest.raises(PeerMisbehaved, match="more than"):
        source.entries(0, 2, 700)


def test_a_consistency_proof_is_read(source: Source, feed: SimulatedFeed) -> None:
    assert source.consistency(300, 700) == feed.consistency(300, 700)


@pytest.mark.parametrize(("old", "new"), [(0, 700), (700, 700)])
def test_a_proof_of_nothing_is_not_asked_for(
    node: SimulatedNode, source: Source, old: int, new: int
) -> None:
    assert source.consistency(old, new) == []
    assert node.asked == []


@pytest.mark.parametrize(
    "answer",
    [
        {},
        {"from": 1, "to": 700, "proof": []},
        {"from": 300, "to": 700, "proof": {}},
        {"from": 300, "to": 700, "proof": ["?"]},
        {"from": 300, "to": 700, "proof": [None]},
        {"from": 300, "to": 700, "proof": ["ü"]},
        {"from": 300, "to": 700, "proof": [""] * 129},
    ],
)
def test_what_is_no_proof_is_misconduct(
    node: SimulatedNode, source: Source, answer: dict[str, Any]
) -> None:
    node.answer_with("/proof/", Reply(json.dumps(answer).encode()))
    with pytest.raises(PeerMisbehaved):
        source.consistency(300, 700)


def test_what_was_withdrawn_is_read(source: Source, feed: SimulatedFeed) -> None:
    feed.withdrawn = {3, 5, 600}
    assert source.withdrawn(4) == {5, 600}
    assert source.withdrawn(0, 600) == {3, 5}


def test_a_long_list_of_withdrawals_is_read_to_its_end(
    feed: SimulatedFeed, source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    def two_at_a_time(path: str, query: dict[str, str]) -> Reply:
        start = int(query["from"])
        said = {"withdrawn": [start, start + 1], "more": start < 10}
        return Reply(json.dumps(said).encode())

    monkeypatch.setattr(feed, "log_answer", two_at_a_time)
    assert source.withdrawn(4) == set(range(4, 12))
    assert source.withdrawn(4, 7) == {4, 5, 6}


@pytest.mark.parametrize(
    "answer",
    [
        {},
        {"withdrawn": 5},
        {"withdrawn": [5, 5]},
        {"withdrawn": [6, 5]},
        {"withdrawn": [3]},
        {"withdrawn": ["5"]},
        {"withdrawn": [True]},
        {"withdrawn": [], "more": True},
    ],
)
def test_what_is_no_list_of_withdrawals_is_misconduct(
    node: SimulatedNode, source: Source, answer: dict[str, Any]
) -> None:
    node.answer_with("/withdrawn", Reply(json.dumps(answer).encode()))
    with pytest.raises(PeerMisbehaved):
        source.withdrawn(4)


# --- What there is -------------------------------------------------------------------------------


def test_a_title_that_no_table_keeps_is_misconduct(
    node: SimulatedNode, feed: SimulatedFeed
) -> None:
    feed.title = "Camp\0aigns"
    with pytest.raises(PeerMisbehaved, match="NUL"):
        collections(peer(node, descriptor=node.descriptor()))


def test_a_title_without_end_is_cut(node: SimulatedNode, feed: SimulatedFeed) -> None:
    feed.title = "C" * 5_000
    [offered] = collections(peer(node, descriptor=node.descriptor()))
    assert len(offered.title) == 200


def test_a_nodes_collections_are_offered(node: SimulatedNode, feed: SimulatedFeed) -> None:
    [offered] = collections(peer(node, descriptor=node.descriptor()))
    assert (offered.id, offered.title, offered.url, offered.can_read, offered.can_write) == (
        str(feed.id),
        "Campaigns",
        node.url(feed),
        True,
        False,
    )


def test_a_plain_servers_collections_are_offered(node: SimulatedNode, feed: SimulatedFeed) -> None:
    plain = peer(node, is_plain=True, base_url=f"{node.base_url}/taxii2/")
    assert [each.id for each in collections(plain)] == [str(feed.id)]


@pytest.mark.parametrize(
    ("part", "body"),
    [
        ("/taxii2/root/collections", {"collections": [{}]}),
        ("/taxii2/root/collections", {"collections": [5]}),
        ("/taxii2/root/collections", {"collections": {"id": 5}}),
        ("/taxii2/root/collections", {"collections": [{"id": ["x"], "title": 1}]}),
        ("/taxii2/", {"self": 1}),
        ("/taxii2/", {"title": "x", "api_roots": 5}),
        ("/taxii2/", {"title": "x", "api_roots": [{}]}),
        ("/taxii2/", {"title": "x", "api_roots": ["http://[::1"]}),
        ("/taxii2/", {"title": "x", "api_roots": ["http://169.254.169.254/"]}),
        ("/taxii2/", {"title": "x", "api_roots": ["file:///etc/passwd"]}),
    ],
)
def test_whatever_a_server_says_of_itself_breaks_nothing_here(
    node: SimulatedNode, feed: SimulatedFeed, part: str, body: dict[str, Any]
) -> None:
    node.answer_with(part, Reply(json.dumps(body).encode(), media=TAXII))
    with pytest.raises(FederationError):
        collections(peer(node, descriptor=node.descriptor()))
