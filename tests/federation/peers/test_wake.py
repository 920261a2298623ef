"""After a log has grown its readers are told at once, each once, and nobody waits for another."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import connection

from federation import node_keys
from federation.errors import UnknownLog
from federation.keys import thumbprint
from federation.models import Delivery, NodeKey, Peer, Subscription
from federation.peers import wake
from federation.requests import named_key, verify_request

from .growing import grow, open_log
from .neighbours import GOOD, Asked, Neighbour, Reply, listening, pinned

pytestmark = pytest.mark.django_db


@pytest.fixture
def birch() -> Iterator[Neighbour]:
    with listening(Neighbour()) as neighbour:
        pinned("Birch", neighbour.url)
        yield neighbour


@pytest.fixture
def shared() -> UUID:
    return open_log(5)


def everyone() -> list[str]:
    return list(Peer.objects.values_list("identity_id", flat=True))


def delivery(name: str = "Birch") -> Delivery:
    return Delivery.objects.get(peer__name=name)


def told(neighbour: Neighbour) -> list[dict[str, Any]]:
    return [json.loads(body) for body in neighbour.bodies]


# --- Who is told, and what -----------------------------------------------------------------------


def test_a_reader_is_told_that_the_log_has_grown(birch: Neighbour, shared: UUID) -> None:
    assert wake.wake(shared, everyone()) == 1
    assert told(birch) == [{"log": f"this-node.example/{shared}", "size": 5}]
    assert birch.asked[0].path == "/federation/v1/wake"


def test_the_notice_is_one_line(birch: Neighbour, shared: UUID) -> None:
    wake.wake(shared, everyone())
    [body] = birch.bodies
    assert body == f'{{"log":"this-node.example/{shared}","size":5}}'.encode()


def test_the_notice_is_signed_by_this_nodes_request_key(birch: Neighbour, shared: UUID) -> None:
    wake.wake(shared, everyone())
    [asked] = birch.asked
    key = node_keys.current_key(NodeKey.Purpose.REQUEST).public_key
    url = birch.url + asked.path
    verify_request("POST", url, asked.headers, asked.body, key, datetime.now(UTC))
    assert named_key(asked.headers) == thumbprint(key)


def test_no_credential_goes_with_it(birch: Neighbour, shared: UUID) -> None:
    wake.wake(shared, everyone())
    assert "Authorization" not in birch.asked[0].headers


def test_whoever_may_not_read_is_told_nothing(birch: Neighbour, shared: UUID) -> None:
    assert wake.wake(shared, ["identity--of-somebody-else"]) == 0
    assert birch.asked == []


@pytest.mark.parametrize(
    "change",
    [{"state": "suspended"}, {"state": "left"}, {"base_url": ""}, {"is_plain": True}],
    ids=str,
)
def test_who_has_no_door_or_is_not_active_is_told_nothing(
    birch: Neighbour, shared: UUID, change: dict[str, Any]
) -> None:
    Peer.objects.update(**change)
    assert wake.due_wakes(shared, everyone()) == []
    assert wake.wake(shared, everyone()) == 0
    assert birch.asked == []


def test_an_empty_log_wakes_nobody(birch: Neighbour) -> None:
    assert wake.wake(open_log(), everyone()) == 0


def test_a_size_is_told_once(birch: Neighbour, shared: UUID) -> None:
    wake.wake(shared, everyone())
    assert wake.due_wakes(shared, everyone()) == []
    assert wake.wake(shared, everyone()) == 0
    assert len(birch.asked) == 1


def test_what_a_receipt_says_is_held_wakes_nobody(birch: Neighbour, shared: UUID) -> None:
    peer = Peer.objects.get()
    Delivery.objects.create(peer=peer, log_id=shared, held_size=5)
    assert wake.due_wakes(shared, everyone()) == []


def test_several_appends_are_one_wake(birch: Neighbour, shared: UUID) -> None:
    grow(shared)
    grow(shared)
    wake.wake(shared, everyone())
    assert [each["size"] for each in told(birch)] == [7]


# --- When it fails -------------------------------------------------------------------------------


def test_a_peer_that_fails_is_left_alone_for_a_while(birch: Neighbour, shared: UUID) -> None:
    birch.answer = lambda _: (500, "text/plain", b"oh")
    assert wake.wake(shared, everyone()) == 0
    left = delivery()
    assert (left.woken_size, left.failures) == (0, 1)
    assert "500" in left.failure
    assert wake.due_wakes(shared, everyone()) == []
    assert wake.wake(shared, everyone()) == 0
    assert len(birch.asked) == 1


def test_pauses_grow(birch: Neighbour, shared: UUID) -> None:
    birch.answer = lambda _: (400, "text/plain", b"what?")
    pauses = []
    for _ in range(5):
        Delivery.objects.update(next_wake_at=None)
        before = datetime.now(UTC)
        wake.wake(shared, everyone())
        after = delivery().next_wake_at
        assert after is not None
        pauses.append(round((after - before).total_seconds()))
    assert pauses == [1, 2, 4, 8, 16]


def test_a_peer_that_asks_for_time_gets_it(birch: Neighbour, shared: UUID) -> None:
    birch.answer = lambda _: (429, "text/plain", b"")
    wake.wake(shared, everyone())
    after = delivery().next_wake_at
    assert after is not None and after > datetime.now(UTC) + timedelta(seconds=20)


def test_a_peer_that_is_down_is_told_when_it_is_back(birch: Neighbour, shared: UUID) -> None:
    birch.answer = lambda _: (503, "text/plain", b"")
    wake.wake(shared, everyone())
    birch.answer = lambda _: GOOD
    Delivery.objects.update(next_wake_at=datetime.now(UTC) - timedelta(seconds=1))
    assert wake.due_wakes(shared, everyone()) == everyone()
    assert wake.wake(shared, everyone()) == 1
    back = delivery()
    assert (back.woken_size, back.failures, back.failure, back.next_wake_at) == (5, 0, "", None)


def test_a_refusal_names_the_cure(birch: Neighbour, shared: UUID) -> None:
    birch.answer = lambda _: (403, "text/plain", b"No peer has the request key")
    wake.wake(shared, everyone())
    assert "Ask its operator" in delivery().failure


def test_a_peer_that_does_not_pull_the_log_has_not_failed(birch: Neighbour, shared: UUID) -> None:
    birch.answer = lambda _: (404, "text/plain", b"This node does not pull it.")
    wake.wake(shared, everyone())
    assert delivery().failures == 0
    assert wake.due_wakes(shared, everyone()) == []


def test_nobody_at_the_address_is_a_failure(shared: UUID) -> None:
    with listening(Neighbour()) as gone:
        pinned("Birch", gone.url)
    assert wake.wake(shared, everyone()) == 0
    assert "can't be reached" in delivery().failure


def test_a_redirect_is_not_followed(birch: Neighbour, shared: UUID) -> None:
    birch.answer = lambda _: (302, "text/plain", b"")
    wake.wake(shared, everyone())
    assert "redirects" in delivery().failure
    assert len(birch.asked) == 1


def test_a_claim_whose_process_died_is_due_again_after_the_lease(
    birch: Neighbour, shared: UUID
) -> None:
    peer = Peer.objects.get()
    soon = datetime.now(UTC) + wake.LEASE
    Delivery.objects.create(peer=peer, log_id=shared, next_wake_at=soon)
    assert wake.wake(shared, everyone()) == 0
    Delivery.objects.update(next_wake_at=datetime.now(UTC))
    assert wake.wake(shared, everyone()) == 1


# --- Side by side --------------------------------------------------------------------------------


def test_a_slow_peer_delays_no_other(shared: UUID) -> None:
    free = threading.Event()

    def wait(_: Asked) -> Reply:
        free.wait(20)
        return GOOD

    with ExitStack() as stack:
        slow = stack.enter_context(listening(Neighbour(wait)))
        quick = [stack.enter_context(listening(Neighbour())) for _ in range(3)]
        pinned("Birch", slow.url)
        for name, neighbour in zip(("Cedar", "Dogwood", "Elm"), quick, strict=True):
            pinned(name, neighbour.url)
        watching = threading.Thread(target=_free_when_told, args=(free, quick))
        watching.start()
        assert wake.wake(shared, everyone()) == 4
        watching.join()
        assert slow.asked and all(each.asked for each in quick)


def _free_when_told(free: threading.Event, quick: list[Neighbour]) -> None:
    """Let the slow one answer only when all others were told."""
    until = time.monotonic() + 15
    while time.monotonic() < until and not all(each.asked for each in quick):
        time.sleep(0.01)
    free.set()


@pytest.mark.django_db(transaction=True)
def test_what_is_appended_while_a_peer_is_told_is_told_by_the_same_call(birch: Neighbour) -> None:
    """The call that came with it found the lease, and left."""
    shared = open_log(5)

    def append_meanwhile(asked: Asked) -> Reply:
        if len(birch.asked) == 1:
            grow(shared)
            assert wake.wake(shared, everyone()) == 0
            connection.close()
        return GOOD

    birch.answer = append_meanwhile
    assert wake.wake(shared, everyone()) == 2
    assert [each["size"] for each in told(birch)] == [5, 6]


@pytest.mark.django_db(transaction=True)
def test_calls_at_once_tell_each_size_once(birch: Neighbour) -> None:
    shared = open_log(5)
    node_keys.ensure_key(NodeKey.Purpose.REQUEST)
    identities = everyone()

    def run() -> None:
        try:
            wake.wake(shared, identities)
        finally:
            connection.close()

    threads = [threading.Thread(target=run) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [each["size"] for each in told(birch)] == [5]


# --- Being woken ---------------------------------------------------------------------------------


@pytest.fixture
def pulled() -> Subscription:
    """This node pulls Alder's log and holds five entries."""
    peer = pinned("Alder")
    later = datetime.now(UTC) + timedelta(hours=1)
    return Subscription.objects.create(
        peer=peer,
        log=peer.logs.get(),
        url="https://alder.example/c/",
        inbox=uuid4(),
        size=5,
        next_pull_at=later,
    )


def notice(subscription: Subscription, size: int) -> bytes:
    assert subscription.log is not None
    return wake.Notice(subscription.log.origin, size).encode()


def test_a_wake_makes_the_subscription_due(pulled: Subscription) -> None:
    assert wake.woken(pulled.peer, notice(pulled, 6)) == pulled.pk
    pulled.refresh_from_db()
    assert pulled.wanted_at is not None
    assert pulled.next_pull_at <= datetime.now(UTC)


def test_a_wake_for_what_is_held_is_nothing_to_do(pulled: Subscription) -> None:
    assert wake.woken(pulled.peer, notice(pulled, 5)) is None
    pulled.refresh_from_db()
    assert pulled.wanted_at is None


def test_a_wake_does_not_put_a_due_pull_off(pulled: Subscription) -> None:
    Subscription.objects.update(next_pull_at=datetime(2026, 1, 1, tzinfo=UTC))
    wake.woken(pulled.peer, notice(pulled, 6))
    pulled.refresh_from_db()
    assert pulled.next_pull_at == datetime(2026, 1, 1, tzinfo=UTC)


def test_only_the_publisher_wakes_for_its_log(pulled: Subscription) -> None:
    with pytest.raises(UnknownLog):
        wake.woken(pinned("Birch"), notice(pulled, 6))


@pytest.mark.parametrize("state", ["paused", "frozen"])
def test_a_subscription_that_rests_is_not_woken(pulled: Subscription, state: str) -> None:
    Subscription.objects.update(state=state)
    with pytest.raises(UnknownLog, match="holds it off"):
        wake.woken(pulled.peer, notice(pulled, 6))


def test_a_lie_about_the_size_is_not_believed(pulled: Subscription) -> None:
    wake.woken(pulled.peer, notice(pulled, 2**53 - 1))
    pulled.refresh_from_db()
    assert pulled.size_seen == 0


# --- Plans ---------------------------------------------------------------------------------------


def test_a_claim_reads_no_table_through(birch: Neighbour, shared: UUID) -> None:
    parameters = {"log": shared, "readers": everyone(), "now": datetime.now(UTC)}
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute(f"EXPLAIN SELECT peer.identity_id {wake._BEHIND}", parameters)
        plan = "\n".join(row[0] for row in cursor.fetchall())
    assert "Seq Scan" not in plan, plan
