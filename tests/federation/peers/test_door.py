"""The doors between nodes open to active peers, by the signature of the request alone."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from unittest import mock
from uuid import UUID, uuid4

import pytest
from django.db import OperationalError
from django.http import HttpResponse
from django.test import Client

from federation.errors import PeerUnknown
from federation.keys import SigningKey
from federation.models import EvidenceKind, Peer, PeerKey, SeenNonce, Subscription
from federation.peers import door, registry
from federation.requests import sign_request
from federation.transparency import note, submission
from federation.urls import signed_urls
from tests.peer_simulator import SimulatedFeed

from .neighbours import JSON, pinned
from .nodes import seeded

pytestmark = [pytest.mark.django_db, pytest.mark.urls(__name__)]

WOKEN: list[UUID] = []
urlpatterns = signed_urls(WOKEN.append)

WAKE, RECEIPT, WITNESS = "/federation/v1/wake", "/federation/v1/receipt", "/witness/add-checkpoint"
DOORS = [WAKE, RECEIPT, WITNESS]
ALDERS = seeded("Alder request 0")


@pytest.fixture(autouse=True)
def nobody_woken() -> None:
    WOKEN.clear()


@pytest.fixture
def alder() -> Peer:
    return pinned("Alder")


def signed(path: str, body: bytes, key: SigningKey = ALDERS, **changes: Any) -> dict[str, str]:
    """The headers by which `key` signs a POST, now or at `now`."""
    now = changes.get("now", datetime.now(UTC))
    return sign_request("POST", f"http://testserver{path}", body, key, now)


def post(client: Client, path: str, body: bytes, headers: dict[str, str]) -> HttpResponse:
    answer: Any = client.post(path, body, content_type=JSON, headers=headers)
    return answer


def send(client: Client, path: str, body: bytes, key: SigningKey = ALDERS) -> HttpResponse:
    return post(client, path, body, signed(path, body, key))


def subscribed(peer: Peer) -> Subscription:
    log = peer.logs.get()
    return Subscription.objects.create(
        peer=peer, log=log, url="https://alder.example/c/", inbox=uuid4()
    )


def notice(peer: Peer, size: int = 5) -> bytes:
    return json.dumps({"log": peer.logs.get().origin, "size": size}).encode()


# --- Who is let in -------------------------------------------------------------------------------


def test_an_active_peer_is_known_by_its_request_key(client: Client, alder: Peer) -> None:
    subscription = subscribed(alder)
    assert send(client, WAKE, notice(alder)).status_code == 204
    assert [subscription.pk] == WOKEN


@pytest.mark.parametrize("path", DOORS)
def test_an_unsigned_request_is_let_in_nowhere(client: Client, alder: Peer, path: str) -> None:
    answer = post(client, path, b"{}", {})
    assert answer.status_code == 401
    assert b"sign it (RFC 9421)" in answer.content


@pytest.mark.parametrize("path", DOORS)
def test_a_stranger_is_let_in_nowhere(client: Client, alder: Peer, path: str) -> None:
    assert send(client, path, b"{}", SigningKey.generate()).status_code == 403


@pytest.mark.parametrize("state", ["invited", "suspended", "left"])
@pytest.mark.parametrize("path", DOORS)
def test_a_peer_that_is_not_active_is_let_in_nowhere(
    client: Client, alder: Peer, path: str, state: str
) -> None:
    Peer.objects.update(state=state)
    answer = send(client, path, b"{}")
    assert (answer.status_code, state in answer.content.decode()) == (403, True)


def test_an_object_key_signs_no_requests(client: Client, alder: Peer) -> None:
    assert send(client, WAKE, notice(alder), seeded("Alder object 0")).status_code == 403


def test_a_replaced_key_signs_no_requests(client: Client, alder: Peer) -> None:
    PeerKey.objects.filter(purpose="request").update(until={})
    answer = send(client, WAKE, notice(alder))
    assert (answer.status_code, b"replaced" in answer.content) == (403, True)


def test_a_request_is_good_once(client: Client, alder: Peer) -> None:
    subscribed(alder)
    body = notice(alder)
    headers = signed(WAKE, body)
    assert post(client, WAKE, body, headers).status_code == 204
    assert post(client, WAKE, body, headers).status_code == 401
    assert len(WOKEN) == 1


def test_a_request_is_good_for_one_door(client: Client, alder: Peer) -> None:
    body = notice(alder)
    assert post(client, RECEIPT, body, signed(WAKE, body)).status_code == 401


def test_a_request_is_good_for_one_body(client: Client, alder: Peer) -> None:
    subscribed(alder)
    headers = signed(WAKE, notice(alder, 5))
    assert post(client, WAKE, notice(alder, 6), headers).status_code == 401
    assert WOKEN == []


def test_a_request_is_good_for_one_host(client: Client, alder: Peer, settings: Any) -> None:
    settings.ALLOWED_HOSTS = ["*"]
    body = notice(alder)
    headers = {**signed(WAKE, body), "Host": "elsewhere.example"}
    assert post(client, WAKE, body, headers).status_code == 401


def test_an_old_request_is_not_let_in(client: Client, alder: Peer) -> None:
    then = datetime.now(UTC) - timedelta(minutes=6)
    body = notice(alder)
    answer = post(client, WAKE, body, signed(WAKE, body, now=then))
    assert (answer.status_code, b"old" in answer.content) == (401, True)


def test_a_refused_signature_uses_up_no_nonce(client: Client, alder: Peer) -> None:
    post(client, WAKE, b"another", signed(WAKE, b"body"))
    assert not SeenNonce.objects.exists()


def test_the_function_says_who_it_is(alder: Peer, rf: Any) -> None:
    body = notice(alder)
    request = rf.post(WAKE, body, content_type=JSON, headers=signed(WAKE, body))
    assert door.identify_peer(request, body) == alder


def test_the_function_raises_for_whom_it_does_not_know(alder: Peer, rf: Any) -> None:
    body = notice(alder)
    stranger = SigningKey.generate()
    request = rf.post(WAKE, body, content_type=JSON, headers=signed(WAKE, body, stranger))
    with pytest.raises(PeerUnknown, match="refresh its descriptor"):
        door.identify_peer(request, body)


# --- What the doors answer -----------------------------------------------------------------------


@pytest.mark.parametrize("path", DOORS)
@pytest.mark.parametrize("method", ["get", "put", "delete", "head"])
def test_only_posts_are_taken(client: Client, path: str, method: str) -> None:
    assert getattr(client, method)(path).status_code == 405


@pytest.mark.parametrize("path", DOORS)
@pytest.mark.parametrize("body", [b"", b"\xff", b"[]", b"{}", b'{"log":1}', b"[" * 100_000])
def test_what_is_no_question_is_400(client: Client, alder: Peer, path: str, body: bytes) -> None:
    assert send(client, path, body).status_code == 400


@pytest.mark.parametrize("path", DOORS)
def test_a_body_is_read_no_further_than_any_question_is_long(
    client: Client, alder: Peer, path: str
) -> None:
    assert send(client, path, b" " * (door.MAX_BODY_BYTES + 1)).status_code == 413


@pytest.mark.parametrize(
    "body",
    [
        b'{"log":"x","size":-1}',
        b'{"log":"x","size":9223372036854775808}',
        b'{"log":"x","size":1.5}',
        b'{"log":"x","size":true}',
        b'{"log":"x","size":1,"more":1}',
        b'{"log":"x","log":"y","size":1}',
    ],
)
def test_a_notice_has_exactly_its_members(client: Client, alder: Peer, body: bytes) -> None:
    assert send(client, WAKE, body).status_code == 400


def test_a_log_that_is_not_pulled_is_404(client: Client, alder: Peer) -> None:
    assert send(client, WAKE, notice(alder)).status_code == 404


def test_answers_are_kept_by_nobody(client: Client, alder: Peer) -> None:
    subscribed(alder)
    for answer in (send(client, WAKE, notice(alder)), send(client, WAKE, b"")):
        assert answer["Cache-Control"] == "private, no-store"


def test_a_database_that_is_away_is_503(client: Client, alder: Peer) -> None:
    with mock.patch("federation.peers.signed_views.woken", side_effect=OperationalError("gone")):
        answer = send(client, WAKE, notice(alder))
    assert (answer.status_code, answer["Retry-After"]) == (503, "5")


# --- The witness's door (C2SP tlog-witness) ------------------------------------------------------


@pytest.fixture
def feed(alder: Peer) -> SimulatedFeed:
    made = SimulatedFeed("alder.example")
    made.origin, made.key = alder.logs.get().origin, seeded("Alder log")
    made.publish(*(b"object %d" % i for i in range(8)))
    return made


def offer(client: Client, feed: SimulatedFeed, old: int, size: int) -> HttpResponse:
    proof = feed.consistency(old, size) if old <= size else []
    return send(client, WITNESS, submission.write(old, proof, feed.checkpoint(size)))


def test_a_cosignature_is_answered_as_signature_lines(client: Client, feed: SimulatedFeed) -> None:
    answer = offer(client, feed, 0, 5)
    assert answer.status_code == 200
    cosigned = note.parse(feed.checkpoint(5) + answer.content)
    assert len(cosigned.signatures) == 2


def test_another_size_is_409_with_the_size_in_a_type_of_its_own(
    client: Client, feed: SimulatedFeed
) -> None:
    offer(client, feed, 0, 5)
    answer = offer(client, feed, 3, 8)
    assert (answer.status_code, answer.content) == (409, b"5\n")
    assert answer["Content-Type"] == "text/x.tlog.size"


def test_an_unknown_log_is_404(client: Client, feed: SimulatedFeed) -> None:
    feed.origin = "mallory.example/log"
    assert offer(client, feed, 0, 5).status_code == 404


def test_a_checkpoint_that_its_log_did_not_sign_is_403(client: Client, feed: SimulatedFeed) -> None:
    feed.key = SigningKey.generate()
    assert offer(client, feed, 0, 5).status_code == 403


def test_a_proof_that_does_not_hold_is_422(client: Client, feed: SimulatedFeed) -> None:
    offer(client, feed, 0, 5)
    body = submission.write(5, [bytes(32)] * 3, feed.checkpoint(8))
    assert send(client, WITNESS, body).status_code == 422


def test_an_old_size_beyond_the_checkpoint_is_400(client: Client, feed: SimulatedFeed) -> None:
    assert offer(client, feed, 6, 5).status_code == 400


def test_a_second_root_for_a_size_is_409_and_kept_for_good(
    client: Client, feed: SimulatedFeed
) -> None:
    offer(client, feed, 0, 5)
    feed.entries[2] = bytes(32)
    answer = offer(client, feed, 5, 5)
    assert (answer.status_code, answer["Content-Type"]) == (409, "text/plain; charset=utf-8")
    evidence = registry.peer_named("Alder").evidence.get()
    assert evidence.kind == EvidenceKind.FORK


def test_a_peer_brings_what_it_was_shown_of_anothers_log(
    client: Client, feed: SimulatedFeed
) -> None:
    """So that a log can't show two peers two histories for long."""
    pinned("Birch")
    offer(client, feed, 0, 5)
    feed.entries[2] = bytes(32)
    body = submission.write(5, [], feed.checkpoint(5))
    assert send(client, WITNESS, body, seeded("Birch request 0")).status_code == 409
    assert registry.peer_named("Alder").evidence.count() == 1
    assert registry.peer_named("Birch").evidence.count() == 0
