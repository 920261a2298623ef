"""A node makes its own keys, one at a time for each purpose, and remembers the old ones."""

import threading
from collections.abc import Callable
from datetime import UTC, datetime
from uuid import uuid4

import pytest
from django.db import connection, transaction

from federation import endorsement, node_keys
from federation.errors import KeyNotOpened, RotationRefused
from federation.keys import thumbprint
from federation.models import Log, NodeKey, Peer, PeerLog
from federation.transparency import log

pytestmark = pytest.mark.django_db

OBJECT, REQUEST, LOG = NodeKey.Purpose.OBJECT, NodeKey.Purpose.REQUEST, NodeKey.Purpose.LOG
ALDER = "identity--f431f809-377b-45e0-aa1c-6a4751cae5ff"


def rotate(purpose: NodeKey.Purpose) -> node_keys.PublicKey:
    return node_keys.rotate(purpose, ALDER)


def test_a_key_is_made_on_first_use_and_stays() -> None:
    assert node_keys.current_key(OBJECT).public_key == node_keys.current_key(OBJECT).public_key
    assert NodeKey.objects.count() == 1


def test_each_purpose_has_a_key_of_its_own() -> None:
    keys = {node_keys.current_key(purpose).public_key for purpose in NodeKey.Purpose}
    assert len(keys) == len(NodeKey.Purpose)


def test_a_key_is_stored_sealed() -> None:
    seed = node_keys.current_key(OBJECT).private.private_bytes_raw()
    assert seed not in bytes(NodeKey.objects.get().sealed_private)


def test_another_key_encryption_key_opens_nothing(settings: pytest.FixtureRequest) -> None:
    node_keys.current_key(OBJECT)
    settings.KEY_ENCRYPTION_KEY = bytes(32)  # type: ignore[attr-defined]
    with pytest.raises(KeyNotOpened):
        node_keys.current_key(OBJECT)


def test_rotation_brings_another_key_and_keeps_the_old_ones_public_half() -> None:
    old = node_keys.current_key(OBJECT).public_key
    new = rotate(OBJECT)
    assert node_keys.current_key(OBJECT).public_key == new.public_key != old
    listed = node_keys.public_keys(OBJECT)
    assert [each.public_key for each in listed] == [old, new.public_key]
    assert [each.retired_at is None for each in listed] == [False, True]


def test_rotating_before_first_use_leaves_one_current_key() -> None:
    rotate(REQUEST)
    assert NodeKey.objects.filter(purpose=REQUEST, retired_at=None).count() == 1


@pytest.mark.parametrize("purpose", [LOG, NodeKey.Purpose.WITNESS])
def test_what_readers_pinned_for_ever_is_never_rotated(purpose: NodeKey.Purpose) -> None:
    before = node_keys.current_key(purpose).public_key
    with pytest.raises(RotationRefused, match="pinned"):
        rotate(purpose)
    assert node_keys.current_key(purpose).public_key == before


def test_the_old_key_endorses_the_new_one() -> None:
    old = node_keys.current_key(OBJECT).public_key
    new = rotate(OBJECT)
    assert new.endorsed_by == thumbprint(old)
    endorsement.verify(
        new.endorsement, old, new.public_key, identity_id=ALDER, use="object", since={}
    )


def test_a_new_key_begins_where_the_logs_then_end() -> None:
    number = uuid4()
    log.open_log(number, f"alder.example/{number}")
    with transaction.atomic():
        log.append(log.lock(number), [bytes(32)] * 3, datetime.now(UTC))
    new = node_keys.rotate(OBJECT, ALDER, lambda: [number])
    assert new.since == {f"alder.example/{number}": 3}


def test_a_log_that_is_nobody_elses_business_is_not_named() -> None:
    number = uuid4()
    log.open_log(number, f"alder.example/{number}")
    with transaction.atomic():
        log.append(log.lock(number), [bytes(32)], datetime.now(UTC))
    assert Log.objects.get().size == 1
    assert rotate(OBJECT).since == {}


def test_keys_are_listed_as_a_line_of_endorsements() -> None:
    kids = [thumbprint(node_keys.current_key(OBJECT).public_key)]
    kids += [rotate(OBJECT).kid for _ in range(2)]
    line = node_keys.endorsed_keys(OBJECT)
    assert [key.kid for key in line] == kids
    assert [key.endorsed_by for key in line] == ["", *kids[:2]]


def test_a_key_that_nothing_leads_from_is_not_in_the_line() -> None:
    node_keys.current_key(OBJECT)
    NodeKey.objects.update(retired_at=datetime.now(UTC))
    current = node_keys.current_key(OBJECT).public_key
    assert [key.public_key for key in node_keys.endorsed_keys(OBJECT)] == [current]


def test_a_listed_key_goes_by_its_thumbprint() -> None:
    node_keys.current_key(OBJECT)
    [listed] = node_keys.public_keys(OBJECT)
    assert listed.kid == thumbprint(listed.public_key)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("act", [node_keys.current_key, rotate])
def test_two_at_once_end_with_one_current_key(act: Callable[[NodeKey.Purpose], object]) -> None:
    threads = [started(lambda: act(OBJECT)) for _ in range(4)]
    for thread in threads:
        thread.join()
    assert NodeKey.objects.filter(purpose=OBJECT, retired_at=None).count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_key_that_is_held_is_not_replaced_before_its_holder_is_done() -> None:
    node_keys.current_key(OBJECT)
    with transaction.atomic():
        held = node_keys.hold_current_key(OBJECT)
        thread = started(lambda: rotate(OBJECT))
        thread.join(0.5)
        assert thread.is_alive()
        assert node_keys.current_key(OBJECT).public_key == held.public_key
    thread.join()
    assert node_keys.current_key(OBJECT).public_key != held.public_key


def test_the_new_key_begins_in_a_relays_log_behind_what_was_seen_of_it() -> None:
    peer = Peer.objects.create(name="Forum", identity_id="identity--forum")
    seen, _ = (
        PeerLog.objects.create(peer=peer, collection=uuid4(), origin=f"forum/{n}", size=n)
        for n in (7, 0)
    )
    logs = PeerLog.objects.values_list("pk", flat=True)
    new = node_keys.rotate(OBJECT, ALDER, relays=lambda: logs)
    assert new.since == {seen.origin: 7}


@pytest.mark.django_db(transaction=True)
def test_who_waited_for_a_rotation_holds_the_new_key() -> None:
    node_keys.current_key(OBJECT)
    found: list[bytes] = []

    def hold() -> None:
        with transaction.atomic():
            found.append(node_keys.hold_current_key(OBJECT).public_key)

    with transaction.atomic():
        new = rotate(OBJECT)
        thread = started(hold)
        thread.join(0.5)
        assert found == []
    thread.join()
    assert found == [new.public_key]


def started(act: Callable[[], object]) -> threading.Thread:
    """A thread with a connection of its own."""

    def run() -> None:
        try:
            act()
        finally:
            connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    return thread
