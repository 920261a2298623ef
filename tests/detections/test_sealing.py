"""What is sealed opens only in its place, with its key; rotation leaves nothing behind."""

import os
from typing import Any

import pytest
from django.db import transaction

from indicators.detections.errors import NotOpened
from indicators.detections.identifiers import sealing
from indicators.detections.identifiers.sealing import (
    keyed_digest,
    open_sealer,
    place,
    rotate_data_key,
)
from indicators.models import Allowed, DataKey, KeyPurpose

pytestmark = pytest.mark.django_db

HERE = place("account", 1, 0)


def seal_entries(count: int) -> None:
    sealer = open_sealer()
    for number in range(count):
        entry = Allowed(kind="email", digest=os.urandom(32), reason="A vendor", added_by="ana")
        plain, bound = f"ana{number}@example.org".encode(), place("allowed", entry.pk)
        entry.data_key_id, entry.sealed = sealer.seal(plain, bound)
        entry.save()


def opened_entries() -> set[bytes]:
    sealer = open_sealer()
    return {
        sealer.unseal(entry.data_key_id, bytes(entry.sealed), place("allowed", entry.pk))
        for entry in Allowed.objects.all()
    }


def test_what_was_sealed_opens_in_its_place() -> None:
    sealer = open_sealer()
    key, sealed = sealer.seal(b"ana@example.org", HERE)
    assert open_sealer().unseal(key, sealed, HERE) == b"ana@example.org"


def test_sealed_bytes_hold_nothing_of_what_was_sealed() -> None:
    assert b"ana@example.org" not in open_sealer().seal(b"ana@example.org", HERE)[1]


def test_equal_contents_are_sealed_differently() -> None:
    sealer = open_sealer()
    assert sealer.seal(b"same", HERE) != sealer.seal(b"same", HERE)


def test_sealed_bytes_do_not_open_in_another_place() -> None:
    sealer = open_sealer()
    key, sealed = sealer.seal(b"ana@example.org", HERE)
    with pytest.raises(NotOpened, match="account/1/1 does not open"):
        sealer.unseal(key, sealed, place("account", 1, 1))


@pytest.mark.parametrize("altered", [b"", b"short", b"\0" * 40])
def test_altered_bytes_do_not_open(altered: bytes) -> None:
    sealer = open_sealer()
    with pytest.raises(NotOpened):
        sealer.unseal(sealer.current, altered, HERE)


def test_the_digest_key_seals_nothing() -> None:
    digests = DataKey.objects
    sealer = open_sealer()
    assert digests.get(purpose=KeyPurpose.DIGESTS).pk not in sealer.keys


def test_data_keys_do_not_open_with_another_key_encryption_key(settings: Any) -> None:
    open_sealer()
    settings.KEY_ENCRYPTION_KEY = bytes(32)
    with pytest.raises(NotOpened, match="Restore that key file"):
        open_sealer()


def test_data_keys_are_made_once() -> None:
    assert open_sealer().current == open_sealer().current
    assert DataKey.objects.count() == len(KeyPurpose)


def test_equal_data_have_equal_digests() -> None:
    assert keyed_digest("line", b"a") == keyed_digest("line", b"a")


def test_digests_for_two_purposes_differ() -> None:
    assert keyed_digest("line", b"a") != keyed_digest("body", b"a")


def test_rotation_keeps_digests() -> None:
    before = keyed_digest("line", b"a")
    rotate_data_key()
    assert keyed_digest("line", b"a") == before


def test_what_an_old_key_sealed_still_opens_after_rotation() -> None:
    seal_entries(1)
    rotate_data_key()
    assert opened_entries() == {b"ana0@example.org"}


def test_reencryption_goes_in_batches() -> None:
    seal_entries(5)
    rotate_data_key()
    assert [sealing.reencrypt(2) for _ in range(4)] == [2, 2, 1, 0]


def test_everything_opens_after_reencryption() -> None:
    seal_entries(3)
    before = opened_entries()
    rotate_data_key()
    sealing.reencrypt()
    assert opened_entries() == before


def test_a_key_that_seals_nothing_is_deleted() -> None:
    seal_entries(3)
    rotate_data_key()
    while sealing.reencrypt(2):
        assert DataKey.objects.filter(purpose=KeyPurpose.IDENTIFIERS).count() == 2
    assert DataKey.objects.get(purpose=KeyPurpose.IDENTIFIERS).pk == open_sealer().current


def test_a_key_in_use_is_not_deleted() -> None:
    seal_entries(1)
    rotate_data_key()
    sealing._drop_unused()
    assert DataKey.objects.filter(purpose=KeyPurpose.IDENTIFIERS).count() == 2


@pytest.mark.django_db(transaction=True)
def test_keys_made_in_a_transaction_that_fails_are_forgotten() -> None:
    class Failed(Exception):
        pass

    with pytest.raises(Failed), transaction.atomic():
        keyed_digest("line", b"a")
        raise Failed
    keyed_digest("line", b"a")
    assert DataKey.objects.count() == len(KeyPurpose)
