"""The quota: hard, by member, kind, epoch and day, also for batches side by side."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from django.conf import LazySettings
from django.db import connection

from federation.errors import QuotaExceeded
from federation.models import Evaluation
from federation.pseudonyms import quota

NOW = datetime(2026, 3, 1, 23, 59, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def allowed(settings: LazySettings) -> Iterator[None]:
    settings.TOKEN_QUOTA_PER_DAY = 1000
    yield


@pytest.mark.django_db
def test_a_quota_can_be_used_to_the_last_evaluation() -> None:
    quota.charge("alder", "email", 1, 999, NOW)
    quota.charge("alder", "email", 1, 1, NOW)
    assert [use.used for use in quota.uses(NOW)] == [1000]


@pytest.mark.django_db
def test_one_evaluation_more_is_refused_until_midnight() -> None:
    quota.charge("alder", "email", 1, 1000, NOW)
    with pytest.raises(QuotaExceeded, match="quota of 1000 evaluations a day") as refusal:
        quota.charge("alder", "email", 1, 1, NOW)
    assert refusal.value.retry_after == 61


@pytest.mark.django_db
def test_a_first_batch_beyond_the_quota_is_refused() -> None:
    with pytest.raises(QuotaExceeded):
        quota.charge("alder", "email", 1, 1001, NOW)


@pytest.mark.django_db
def test_a_refused_batch_is_neither_charged_nor_logged() -> None:
    quota.charge("alder", "email", 1, 900, NOW)
    with pytest.raises(QuotaExceeded):
        quota.charge("alder", "email", 1, 101, NOW)
    assert [use.used for use in quota.uses(NOW)] == [900]
    assert [each.count for each in Evaluation.objects.all()] == [900]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("member", "kind", "epoch", "at"),
    [
        ("birch", "email", 1, NOW),
        ("alder", "phone", 1, NOW),
        ("alder", "email", 2, NOW),
        ("alder", "email", 1, NOW + timedelta(minutes=1)),
    ],
    ids=["member", "kind", "epoch", "day"],
)
def test_a_quota_is_of_its_own_for_each(member: str, kind: str, epoch: int, at: datetime) -> None:
    quota.charge("alder", "email", 1, 1000, NOW)
    quota.charge(member, kind, epoch, 1000, at)


@pytest.mark.django_db(transaction=True)
def test_batches_side_by_side_never_exceed_the_quota() -> None:
    def charge(_: int) -> bool:
        try:
            quota.charge("alder", "email", 1, 30, NOW)
        except QuotaExceeded:
            return False
        finally:
            connection.close()
        return True

    with ThreadPoolExecutor(8) as pool:
        passed = sum(pool.map(charge, range(60)))
    assert passed == 33
    assert [use.used for use in quota.uses(NOW)] == [990]


@pytest.mark.django_db
def test_what_is_kept_of_a_batch_is_who_what_kind_how_many_and_when() -> None:
    quota.charge("alder", "email", 1, 7, NOW)
    kept = Evaluation.objects.values("member", "kind", "epoch", "count", "at").get()
    assert kept == {"member": "alder", "kind": "email", "epoch": 1, "count": 7, "at": NOW}
