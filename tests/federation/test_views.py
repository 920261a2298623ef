"""The log's doors: what they serve, how long it may be kept, and what they refuse."""

import base64
import hashlib
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseForbidden
from django.test import Client
from django.urls import path
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from federation.transparency import checkpoint, log, merkle
from federation.transparency.tiles import decode_bundle
from federation.urls import log_urls
from federation.views import View

pytestmark = [pytest.mark.django_db, pytest.mark.urls(__name__)]

FOR_EVER = "private, max-age=31536000, immutable"
CLOSED = UUID(int=0)
ENTRIES = [hashlib.sha256(b"object %d" % i).digest() for i in range(700)]


def guard(view: View) -> View:
    """Stands for the application's: log CLOSED is nobody's to read."""

    def guarded(request: HttpRequest, log_id: UUID, **rest: Any) -> Any:
        if log_id == CLOSED:
            return HttpResponseForbidden()
        return view(request, log_id=log_id, **rest)

    return guarded


def withdrawn(log_id: UUID, start: int) -> tuple[list[int], bool]:
    """Stands for the application's: three entries have left, two at a time are said."""
    return [index for index in (3, 5, 600) if index >= start][:2], start <= 3


urlpatterns = [*log_urls(guard, withdrawn), path("elsewhere", lambda request: HttpResponse())]


@pytest.fixture
def root(client: Client) -> str:
    """The address of a log of 700 entries."""
    log_id = uuid4()
    log.open_log(log_id, f"alder.example/{log_id}")
    with transaction.atomic():
        log.append(log.lock(log_id), ENTRIES, datetime.now(UTC))
    return f"/logs/{log_id}"


# --- What is served ------------------------------------------------------------------------------


def test_the_checkpoint_is_a_note_that_its_reader_can_verify(client: Client, root: str) -> None:
    log_id = UUID(root.removeprefix("/logs/"))
    answer = client.get(f"{root}/checkpoint")
    assert answer["Content-Type"] == "text/plain; charset=utf-8"
    head = checkpoint.verify(answer.content, f"alder.example/{log_id}", log.verifier(log_id))
    assert head.size == 700


def test_a_reader_with_nothing_but_the_endpoints_rebuilds_the_root(
    client: Client, root: str
) -> None:
    widths = {"000": 256, "001": 256, "002.p/188": 188}
    tree = merkle.CompactRange()
    for name, width in widths.items():
        bundle = client.get(f"{root}/tile/entries/{name}").content
        tree.extend(merkle.leaf_hashes(decode_bundle(bundle, width)))
    head = checkpoint.parse(
        client.get(f"{root}/checkpoint").content.decode().split("\n\n")[0] + "\n"
    )
    assert tree.root() == head.root


def test_tiles_are_bytes(client: Client, root: str) -> None:
    answer = client.get(f"{root}/tile/0/000")
    assert answer["Content-Type"] == "application/octet-stream"
    assert answer.content == b"".join(merkle.leaf_hashes(ENTRIES[:256]))


def test_an_inclusion_proof_can_be_verified_by_its_reader(client: Client, root: str) -> None:
    answer = client.get(f"{root}/proof/inclusion", {"index": 612, "size": 650}).json()
    proof = [base64.b64decode(each) for each in answer["proof"]]
    tree = merkle.CompactRange()
    tree.extend(merkle.leaf_hashes(ENTRIES[:650]))
    leaf = merkle.leaf_hash(ENTRIES[612])
    merkle.verify_inclusion(leaf, answer["index"], answer["size"], proof, tree.root())


def test_a_consistency_proof_can_be_verified_by_its_reader(client: Client, root: str) -> None:
    answer = client.get(f"{root}/proof/consistency", {"from": 300, "to": 700}).json()
    proof = [base64.b64decode(each) for each in answer["proof"]]
    old, new = merkle.CompactRange(), merkle.CompactRange()
    old.extend(merkle.leaf_hashes(ENTRIES[:300]))
    new.extend(merkle.leaf_hashes(ENTRIES))
    merkle.verify_consistency(answer["from"], old.root(), answer["to"], new.root(), proof)


# --- How long it may be kept ---------------------------------------------------------------------


@pytest.mark.parametrize(
    "path",
    [
        "tile/0/000",
        "tile/entries/001",
        "proof/inclusion?index=1&size=9",
        "proof/consistency?from=1&to=9",
    ],
)
def test_what_never_changes_is_kept_for_ever(client: Client, root: str, path: str) -> None:
    assert client.get(f"{root}/{path}")["Cache-Control"] == FOR_EVER


@pytest.mark.parametrize(
    "path", ["checkpoint", "tile/0/002.p/5", "tile/entries/002.p/5", "tile/1/000.p/2", "tile/0/003"]
)
def test_what_may_change_is_not_kept(client: Client, root: str, path: str) -> None:
    assert client.get(f"{root}/{path}")["Cache-Control"] == "private, no-store"


def test_what_was_withdrawn_is_said(client: Client, root: str) -> None:
    answer = client.get(f"{root}/withdrawn?from=0")
    assert answer.json() == {"withdrawn": [3, 5], "more": True}


def test_what_was_withdrawn_is_said_from_an_index_on(client: Client, root: str) -> None:
    answer = client.get(f"{root}/withdrawn?from=4")
    assert answer.json() == {"withdrawn": [5, 600], "more": False}


# --- What is refused -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "path",
    [
        "tile/0/002",
        "tile/0/002.p/189",
        "tile/0/003.p/1",
        "tile/1/000.p/3",
        "tile/2/000.p/1",
        "tile/63/x999/x999/x999/x999/x999/x999/999",
        "tile/0/x000/001",
        "tile/0/000/",
        "tile/00/000",
        "tile/64/000",
        "tile/0/000.p/0",
        "tile/0/000.p/256",
        "tile/0/000.p/+5",
        "tile/data/000",
        "tile/",
        "tile",
        "",
        "checkpoint/",
        "proof/inclusion?index=700&size=700",
        "proof/inclusion?index=0&size=701",
        "proof/inclusion?index=0&size=0",
        "proof/consistency?from=5&to=4",
        "proof/consistency?from=0&to=701",
    ],
)
def test_what_the_log_does_not_have_is_not_found(client: Client, root: str, path: str) -> None:
    assert client.get(f"{root}/{path}").status_code == 404


@pytest.mark.parametrize(
    "query",
    [
        "",
        "index=1",
        "index=1&size=2&size=3",
        "index=1&size=2&extra=3",
        "index=&size=2",
        "index=-1&size=2",
        "index=01&size=2",
        "index=1.0&size=2",
        "index=%D9%A1&size=2",
        "index=1_0&size=20",
        "index=9223372036854775808&size=9223372036854775808",
    ],
)
def test_a_proof_asked_for_unclearly_is_refused(client: Client, root: str, query: str) -> None:
    assert client.get(f"{root}/proof/inclusion?{query}").status_code == 400


@pytest.mark.parametrize("query", ["", "from=", "from=-1", "from=1&from=2", "from=1&to=2"])
def test_withdrawals_asked_for_unclearly_are_refused(client: Client, root: str, query: str) -> None:
    assert client.get(f"{root}/withdrawn?{query}").status_code == 400


@pytest.mark.parametrize("name", ["checkpoint", "tile/0/000", "proof/inclusion?index=0&size=1"])
def test_a_log_that_does_not_exist_is_not_found(client: Client, name: str) -> None:
    assert client.get(f"/logs/{uuid4()}/{name}").status_code == 404


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete", "options"])
@pytest.mark.parametrize(
    "name", ["checkpoint", "tile/0/000", "proof/inclusion", "proof/consistency", "withdrawn"]
)
def test_a_log_is_only_read(client: Client, root: str, name: str, method: str) -> None:
    assert getattr(client, method)(f"{root}/{name}").status_code == 405


@pytest.mark.parametrize("name", ["Content-Type", "Cache-Control"])
def test_head_answers_as_get_does(client: Client, root: str, name: str) -> None:
    get, head = client.get(f"{root}/tile/0/000"), client.head(f"{root}/tile/0/000")
    assert (head.status_code, head[name]) == (get.status_code, get[name])


@pytest.mark.parametrize("method", ["get", "head", "post"])
@pytest.mark.parametrize(
    "name",
    [
        "checkpoint",
        "tile/0/000",
        "tile/garbage",
        "proof/inclusion",
        "proof/consistency",
        "withdrawn",
    ],
)
def test_the_guard_is_asked_first_at_every_door(client: Client, name: str, method: str) -> None:
    assert getattr(client, method)(f"/logs/{CLOSED}/{name}").status_code == 403


def test_every_door_of_a_log_is_guarded() -> None:
    asked: list[View] = []

    def remember(view: View) -> View:
        asked.append(view)
        return view

    doors = log_urls(remember, withdrawn)
    assert [door.callback for door in doors] == asked


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.from_regex(r"tile/[0-9a-z]{1,8}/[0-9x/.p]{1,24}", fullmatch=True)
    | st.text(max_size=30).map(lambda text: f"tile/{text}")
    | st.text(max_size=30).map(lambda text: f"proof/inclusion?{text}")
)
def test_no_path_is_a_server_error(client: Client, root: str, path: str) -> None:
    path = path.encode("utf-8", "replace").decode()
    assert client.get(f"{root}/{path}").status_code in (200, 400, 404)
