"""What this node asks a peer, with which credential, and what it reads of the answer."""

import base64
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from federation import node_keys
from federation.errors import AddressRefused, PeerMisbehaved, PeerUnavailable
from federation.models import NodeKey
from federation.requests import verify_request
from tests.federation.peers.connecting import ask, connect, header
from tests.federation.peers.raw_server import answer, answering

pytestmark = pytest.mark.usefixtures("few_threads")


# --- What is asked -------------------------------------------------------------------------------


def test_a_taxii_resource_is_read() -> None:
    assert ask(answer(b'{"title":"Alder"}')) == {"title": "Alder"}


def test_the_last_answer_is_kept_as_it_came() -> None:
    with answering(answer(b'{ "a":1 }', X_Said="this")) as server, connect(server) as connection:
        connection.get(server.url)
        assert connection.last is not None
        assert (connection.last.content, connection.last.headers["X-Said"]) == (
            b'{ "a":1 }',
            "this",
        )


def test_the_credential_goes_to_the_peer() -> None:
    with answering(answer()) as server, connect(server, credential=("birch", "k")) as connection:
        connection.get(server.url)
    expected = "Basic " + base64.b64encode(b"birch:k").decode()
    assert header(server.requests[0], "Authorization") == expected


def test_the_credential_goes_nowhere_else() -> None:
    with (
        answering(answer()) as server,
        answering(answer()) as other,
        connect(server, credential=("birch", "k")) as connection,
        pytest.raises(AddressRefused, match="not where the peer lives"),
    ):
        connection.get(other.url)
    assert other.requests == []


def test_the_environment_changes_nothing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login ana password secret\n")
    with answering(answer()) as server, answering(answer()) as proxy, connect(server) as connection:
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
            monkeypatch.setenv(name, proxy.url)
        monkeypatch.setenv("NETRC", str(netrc))
        connection.get(server.url)
    assert proxy.requests == []
    assert header(server.requests[0], "Authorization") is None


def test_cookies_are_not_kept() -> None:
    reply = answer(Set_Cookie="tracked=yes; Path=/")
    with answering(reply) as server, connect(server) as connection:
        connection.get(server.url)
        connection.get(server.url)
    assert header(server.requests[1], "Cookie") is None


@pytest.mark.django_db
def test_a_signed_request_is_this_nodes_and_shows_no_credential() -> None:
    reply = answer(b"42", 409, "text/x.tlog.size")
    with answering(reply) as server, connect(server, credential=("birch", "k")) as connection:
        url = f"{server.url}/federation/v1/wake"
        assert connection.send_signed("POST", url, b'{"log":"x"}') == (409, b"42")
    head, _, body = server.requests[0].partition(b"\r\n\r\n")
    fields = dict(line.split(": ", 1) for line in head.decode().split("\r\n")[1:])
    key = node_keys.current_key(NodeKey.Purpose.REQUEST).public_key
    verify_request("POST", url, fields, body, key, datetime.now(UTC))
    assert "Authorization" not in fields


# --- What is read --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b'"text"',
        b"not json",
        b'{"a":1,"a":2}',
        b'{"a":NaN}',
        b'{"a":9007199254740993}',
        b'{"a":1e999}',
        b'{"a":"\\ud800"}',
        b'{"a":' + b"9" * 100_000 + b"}",
        b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        b"\xef\xbb\xbf{}",
        b'{"a":"\xff"}',
    ],
)
def test_only_strict_json_objects_are_read(body: bytes) -> None:
    with pytest.raises(PeerMisbehaved):
        ask(answer(body))


@pytest.mark.parametrize("media", ["application/json", "text/html", "", "application/taxii+json"])
def test_only_taxii_is_read(media: str) -> None:
    with pytest.raises(PeerMisbehaved, match="not with TAXII"):
        ask(answer(media=media))


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (401, "peer credential"),
        (403, "ask its operator for a grant"),
        (404, "shows this node nothing"),
        (408, "answers 408"),
        (429, "answers 429"),
        (500, "answers 500"),
        (503, "answers 503"),
    ],
)
def test_a_status_that_may_pass_is_waited_for(status: int, words: str) -> None:
    with pytest.raises(PeerUnavailable, match=words):
        ask(answer(b"<html>", status, "text/html"))


@pytest.mark.parametrize("status", [204, 206, 400, 406, 413, 416, 418])
def test_any_other_status_is_no_answer(status: int) -> None:
    with pytest.raises(PeerMisbehaved, match=str(status)):
        ask(answer(b"", status))


def test_what_a_peer_says_of_its_refusal_is_shown_harmless() -> None:
    with pytest.raises(PeerMisbehaved) as refusal:
        ask(answer(b"\x1b[2J\x00" + b"x" * 5000, 400))
    assert "\x1b" not in str(refusal.value)
    assert len(str(refusal.value)) < 500


def _http_date(seconds: int) -> str:
    moment = datetime.now(UTC) + timedelta(seconds=seconds)
    return moment.strftime("%a, %d %b %Y %H:%M:%S GMT")


@pytest.mark.parametrize(
    ("asked", "waits"),
    [
        ("7", range(7, 8)),
        ("0", range(1, 2)),
        ("-5", range(30, 31)),
        ("soon", range(30, 31)),
        ("999999999999", range(30, 31)),
        ("99999999", range(86_400, 86_401)),
        ("in ten minutes", range(400, 601)),
        ("ten minutes ago", range(1, 2)),
        ("Mon, 99 Foo 2026 00:00:00 GMT", range(30, 31)),
    ],
)
def test_a_wait_that_is_asked_for_is_kept_within_reason(asked: str, waits: range) -> None:
    asked = {"in ten minutes": _http_date(600), "ten minutes ago": _http_date(-600)}.get(
        asked, asked
    )
    with pytest.raises(PeerUnavailable) as refusal:
        ask(answer(b"", 503, Retry_After=asked))
    assert refusal.value.retry_after in waits
