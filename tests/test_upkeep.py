"""What time asks for: keys of new epochs, the end of identifiers, a look at every log."""

from datetime import UTC, datetime, timedelta
from unittest import mock

import pytest
from celery import current_app

from federation.models import Log, TokenKey
from federation.pseudonyms.normalize import KINDS
from indicators import pipeline
from indicators.models import Account, AuditEvent, Collection, DetectedToken, Detection
from indicators.pipeline import upkeep
from indicators.store.custody import open_collection
from tests.contributing.detector import Contributor, account, finding

pytestmark = pytest.mark.django_db


@pytest.fixture
def shared(db: None) -> Collection:
    return open_collection(title="Labs", alias="labs", audience="labs")


@pytest.fixture
def alder(shared: Collection) -> Contributor:
    made = Contributor.trusted(shared)
    with mock.patch.object(current_app, "send_task"):
        made.send(finding(accounts=[account("a", device="device-a")]))
    made.work()
    return made


def test_a_sound_log_says_nothing(shared: Collection) -> None:
    pipeline.check_logs()
    assert not AuditEvent.objects.filter(act="damaged log").exists()


def test_a_damaged_log_is_written_down(shared: Collection) -> None:
    Log.objects.update(size=7)
    pipeline.check_logs()
    assert AuditEvent.objects.filter(act="damaged log").count() == 1


def test_identifiers_are_destroyed_when_their_days_are_over(alder: Contributor) -> None:
    with mock.patch.object(upkeep, "datetime") as clock:
        clock.now.return_value = datetime.now(UTC) + timedelta(days=181)
        pipeline.destroy_expired()
    assert not Account.objects.exists()
    assert not DetectedToken.objects.exists()
    assert Detection.objects.get().sealed is None


def test_a_new_epoch_gets_keys_and_what_is_active_gets_their_tokens(alder: Contributor) -> None:
    before = DetectedToken.objects.count()
    with mock.patch.object(upkeep, "datetime") as clock:
        clock.now.return_value = datetime.now(UTC) + timedelta(days=91)
        with mock.patch.object(current_app, "send_task") as sent:
            pipeline.rotate_epochs()
            assert sent.call_args.args == (pipeline.RETOKENIZE,)
            pipeline.retokenize(0)
    assert TokenKey.objects.count() == 2 * len(KINDS)
    assert DetectedToken.objects.count() == 2 * before


def test_tokens_end_with_the_overlap_of_their_epoch(alder: Contributor) -> None:
    for days in (91, 106):
        with mock.patch.object(upkeep, "datetime") as clock:
            clock.now.return_value = datetime.now(UTC) + timedelta(days=days)
            with mock.patch.object(current_app, "send_task"):
                pipeline.rotate_epochs()
                pipeline.retokenize(0)
    kept = {bytes(token)[:5] for token in DetectedToken.objects.values_list("token", flat=True)}
    assert len(kept) == 1
    assert TokenKey.objects.filter(epoch=1, sealed_seed__isnull=False).count() == 0
