"""Everything that HTTP allows, and some that it does not, thrown at a real node: no 500."""

import gzip
import json
import socket
import time
from collections.abc import Iterator
from typing import Any

import pytest
import requests
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis import openapi

from tests.database import place_for_data
from tests.journeys.feed import TAXII, Feed, indicators, open_feed
from tests.journeys.node import running_node
from tests.taxii.openapi import specification

pytestmark = pytest.mark.journey


@pytest.fixture(scope="module")
def feed() -> Iterator[Feed]:
    with place_for_data("retort-hostile-") as data_dir, running_node(data_dir) as node:
        yield open_feed(node, "Besieged", member="Mallory")


OPERATIONS = [
    (path, method) for path, methods in specification("-")["paths"].items() for method in methods
]


@pytest.mark.parametrize(("path", "method"), OPERATIONS)
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(data=st.data())
def test_no_generated_request_gets_a_500_or_another_media_type(
    feed: Feed, path: str, method: str, data: st.DataObject
) -> None:
    taxii = openapi.from_dict(specification(feed.collection))
    operation = taxii[path.replace("/-/", f"/{feed.collection}/")][method]
    case = data.draw(operation.as_strategy())
    response = case.call(
        base_url=feed.node.base_url, headers={"Authorization": f"Bearer {feed.key}"}
    )
    assert response.status_code < 500, response.content
    if response.status_code != 304:
        assert response.headers["content-type"] == [TAXII]


def raw(feed: Feed, request: bytes, *, hang_up: bool = False) -> bytes:
    """The first line that the node answers to these bytes; empty if it closes."""
    with socket.create_connection(("127.0.0.1", feed.node.port), timeout=20) as connection:
        connection.sendall(request)
        if hang_up:
            connection.shutdown(socket.SHUT_WR)
        return connection.recv(65536).split(b"\r\n")[0]


def head(feed: Feed, method: str, path: str, *lines: str) -> bytes:
    authorization = f"Authorization: Bearer {feed.key}"
    first = [f"{method} {path} HTTP/1.1", "Host: localhost", "Connection: close", authorization]
    return "\r\n".join([*first, *lines, "", ""]).encode()


def objects_path(feed: Feed) -> str:
    return f"/taxii2/root/collections/{feed.collection}/objects/"


@pytest.mark.parametrize(
    "path",
    [
        "/taxii2/%00/",
        "/taxii2/%ff%fe/",
        "/taxii2/root/collections/%2e%2e/",
        "/taxii2/root/collections/" + "a" * 3000 + "/",
        "/taxii2/root/collections/x/objects/%F0%9F%92%A9/",
        "/taxii2/?limit=%",
        "/taxii2/root/collections/x/objects/?match[id]=%00",
        "/taxii2/root/status/00000000-0000-0000-0000-000000000000/",
    ],
)
def test_an_odd_path_is_an_ordinary_refusal(feed: Feed, path: str) -> None:
    assert raw(feed, head(feed, "GET", path)).split()[1] in {b"200", b"400", b"404"}


def test_a_chunked_body_is_read_whole(feed: Feed) -> None:
    body = json.dumps({"objects": indicators(1)}).encode()
    chunked = b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)
    lines = ("Transfer-Encoding: chunked", f"Content-Type: {TAXII}")
    request = head(feed, "POST", objects_path(feed), *lines) + chunked
    assert raw(feed, request).split()[1] == b"202"


def test_an_endless_chunked_body_gets_413(feed: Feed) -> None:
    def endless() -> Iterator[bytes]:
        for _ in range(11):
            yield b" " * (1 << 20)

    response = feed.session().post(
        f"{feed.url}objects/", data=endless(), headers={"Content-Type": TAXII}, timeout=60
    )
    assert response.status_code == 413


def test_a_body_just_below_the_published_limit_is_taken(feed: Feed) -> None:
    root = feed.session().get(f"{feed.node.base_url}/taxii2/root/", timeout=20).json()
    body = json.dumps({"objects": indicators(1)}).encode().ljust(root["max_content_length"])
    response = feed.session().post(
        f"{feed.url}objects/", data=body, headers={"Content-Type": TAXII}, timeout=60
    )
    assert response.json()["success_count"] == 1


def test_a_body_shorter_than_its_length_stores_nothing(feed: Feed) -> None:
    before = len(feed.everything())
    lines = ("Content-Length: 1000", f"Content-Type: {TAXII}")
    request = head(feed, "POST", objects_path(feed), *lines) + b'{"objects": ['
    answer = raw(feed, request, hang_up=True)
    assert b" 202 " not in answer
    assert len(feed.everything()) == before


@pytest.mark.parametrize("path", ["/nowhere/", "/taxii2/root/", "/ingest/v1/lookup", "/account/"])
def test_a_body_that_comes_after_its_refusal_does_not_cost_the_next_request(
    feed: Feed, path: str
) -> None:
    post = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\n".encode()
    with socket.create_connection(("127.0.0.1", feed.node.port), timeout=20) as connection:
        connection.sendall(post)
        time.sleep(0.2)
        connection.sendall(b"{}")
        assert connection.recv(65536).startswith(b"HTTP/1.1 4")
        connection.sendall(head(feed, "GET", "/taxii2/"))
        assert connection.recv(65536).startswith(b"HTTP/1.1 200")


def test_who_posts_much_without_a_key_is_told_so_and_that_the_connection_ends(feed: Feed) -> None:
    with requests.Session() as session:
        url = f"{feed.node.base_url}/ingest/v1/detections"
        answers = [session.post(url, data=b" " * (4 << 20), timeout=60) for _ in range(3)]
    told = {(each.status_code, each.headers.get("Connection")) for each in answers}
    assert told == {(401, "close")}


def test_a_gzip_bomb_is_not_unpacked(feed: Feed) -> None:
    bomb = gzip.compress(b"0" * (64 << 20))
    headers = {"Content-Type": TAXII, "Content-Encoding": "gzip"}
    response = feed.session().post(f"{feed.url}objects/", data=bomb, headers=headers, timeout=60)
    assert response.status_code == 415


def test_a_large_post_is_finished_by_the_worker(feed: Feed) -> None:
    sent = indicators(5000)
    session = feed.session()
    status: dict[str, Any] = feed.post(session, sent)
    url = f"{feed.node.base_url}/taxii2/root/status/{status['id']}/"
    deadline = time.monotonic() + 20
    while status["status"] == "pending" and time.monotonic() < deadline:
        time.sleep(0.2)
        status = session.get(url, timeout=20).json()
    assert (status["status"], status["success_count"]) == ("complete", len(sent))
    served = {obj["id"] for obj in feed.everything()}
    assert {obj["id"] for obj in sent} <= served
