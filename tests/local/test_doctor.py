"""`manage.py doctor`: each thing that can be wrong is named, with its cure."""

import shutil
from collections import namedtuple
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from pytest_django.fixtures import Settings

from federation.models import Log, NodeKey, Peer, Subscription
from federation.node_keys import ensure_key
from federation.transparency.log import ensure_log_key
from indicators.management import checkup
from indicators.management.checkup import Problem
from indicators.store.custody import open_collection


def test_secrets_that_others_can_read_are_a_problem(tmp_path: Path, settings: Settings) -> None:
    settings.DATA = tmp_path
    (tmp_path / "secret_key").write_text("secret")
    (tmp_path / "secret_key").chmod(0o644)
    with pytest.raises(Problem) as raised:
        checkup.secrets()
    assert raised.value.cure == f"chmod 600 {tmp_path}/secret_key"


def test_a_node_that_sees_its_proxy_alone_is_a_problem(settings: Settings) -> None:
    settings.PRODUCTION, settings.TRUSTED_PROXIES = True, []
    with pytest.raises(Problem, match="keeps its owner out"):
        checkup.sign_in()


@pytest.mark.django_db
def test_a_migrated_database_is_well() -> None:
    assert "all migrations applied" in checkup.database()


@pytest.mark.django_db
def test_a_server_that_is_too_old_is_a_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkup, "OLDEST_POSTGRES", 990000)
    with pytest.raises(Problem, match="too old"):
        checkup.database()


@pytest.mark.django_db
def test_keys_that_the_key_encryption_key_opens_are_well() -> None:
    ensure_log_key()
    assert checkup.keys() == "1 opened with the key-encryption key"


@pytest.mark.django_db
def test_keys_of_every_purpose_are_opened() -> None:
    for purpose in NodeKey.Purpose:
        ensure_key(purpose)
    assert checkup.keys() == "4 opened with the key-encryption key"


@pytest.mark.django_db
def test_a_pull_that_fails_is_a_problem_with_its_reason() -> None:
    mallory = Peer.objects.create(name="Mallory", identity_id="identity--m", state="active")
    Subscription.objects.create(
        peer=mallory, url="https://m/1/", title="Shared", inbox=uuid4(), failure="It stalls."
    )
    with pytest.raises(Problem, match=r"Shared of Mallory .* It stalls"):
        checkup.peers()


@pytest.mark.django_db
def test_a_descriptor_that_nobody_vouches_for_is_a_problem() -> None:
    Peer.objects.create(name="Mallory", identity_id="identity--m", alarm="Another key.")
    with pytest.raises(Problem, match="Mallory: Another key"):
        checkup.peers()


@pytest.mark.django_db
def test_what_nobody_reconciled_is_a_problem() -> None:
    feed = open_collection(title="From Birch")
    longer_ago = datetime.now(UTC) - timedelta(hours=1)
    Log.objects.filter(pk=feed.pk).update(size=3, last_added=longer_ago)
    with pytest.raises(Problem, match="From Birch has 3 entries, and 0 were looked at"):
        checkup.matching()


@pytest.mark.django_db
def test_a_lost_key_encryption_key_is_a_problem(settings: Settings) -> None:
    ensure_log_key()
    settings.KEY_ENCRYPTION_KEY = bytes(32)
    with pytest.raises(Problem, match="cannot be opened"):
        checkup.keys()


@pytest.mark.django_db
def test_a_log_entry_from_the_future_is_a_problem() -> None:
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    Log.objects.create(
        id="5e3c8b0e-0000-4000-8000-000000000001",
        origin="alder.example/feed",
        key=ensure_log_key(),
        last_added=tomorrow,
    )
    with pytest.raises(Problem, match=r"the log alder\.example/feed has an entry of"):
        checkup.clock()


def test_a_full_disk_is_a_problem(
    tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.DATA = tmp_path
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda place: usage(10**9, 10**9, 0))
    with pytest.raises(Problem, match=r"0\.0 GB are free"):
        checkup.disk()


def test_a_broker_that_does_not_answer_is_a_problem(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BROKER_URL", "redis+socket:///nowhere/valkey.sock")
    settings.CELERY_BROKER_URL = "redis+socket:///nowhere/valkey.sock"
    with pytest.raises(Problem, match="does not answer"):
        checkup.broker()
