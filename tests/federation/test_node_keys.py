"""A node makes its own keys, one at a time for each purpose, and remembers the old ones."""

import threading

import pytest
from django.db import connection

from federation import node_keys
from federation.errors import KeyNotOpened, RotationRefused
from federation.keys import thumbprint
from federation.models import NodeKey

pytestmark = pytest.mark.django_db

OBJECT, REQUEST, LOG = NodeKey.Purpose.OBJECT, NodeKey.Purpose.REQUEST, NodeKey.Purpose.LOG


def test_a_key_is_made_on_first_use_and_stays() -> None:
    assert node_keys.current_key(OBJECT).public_key == node_keys.current_key(OBJECT).public_key
    assert NodeKey.objects.count() == 1


def test_each_purpose_has_a_key_of_its_own() -> None:
    keys = {node_keys.current_key(purpose).public_key for purpose in NodeKey.Purpose}
    assert len(keys) == 3


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
    new = node_keys.rotate(OBJECT)
    assert node_keys.current_key(OBJECT).public_key == new.public_key != old
    listed = node_keys.public_keys(OBJECT)
    assert [each.public_key for each in listed] == [old, new.public_key]
    assert [each.retired_at is None for each in listed] == [False, True]


def test_rotating_before_first_use_leaves_one_current_key() -> None:
    node_keys.rotate(REQUEST)
    assert NodeKey.objects.filter(purpose=REQUEST, retired_at=None).count() == 1


def test_a_log_key_is_never_rotated() -> None:
    before = node_keys.current_key(LOG).public_key
    with pytest.raises(RotationRefused, match="pinned"):
        node_keys.rotate(LOG)
    assert node_keys.current_key(LOG).public_key == before


def test_a_listed_key_goes_by_its_thumbprint() -> None:
    node_keys.current_key(OBJECT)
    [listed] = node_keys.public_keys(OBJECT)
    assert listed.kid == thumbprint(listed.public_key)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("act", [node_keys.current_key, node_keys.rotate])
def test_two_at_once_end_with_one_current_key(act: object) -> None:
    def run() -> None:
        try:
            act(OBJECT)  # type: ignore[operator]
        finally:
            connection.close()

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert NodeKey.objects.filter(purpose=OBJECT, retired_at=None).count() == 1
