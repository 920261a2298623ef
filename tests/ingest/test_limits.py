"""Allowances hold over processes, and refill."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db import connection
from django.db.models import F

from indicators import access
from indicators.ingest import limits
from indicators.ingest.errors import Refused
from indicators.models import Allowance, Member
from tests.objects import id_of


@pytest.fixture
def credential(db: None) -> UUID:
    return made("Alder")


def made(name: str) -> UUID:
    member = Member.objects.create(name=name, identity_id=id_of("identity", name))
    return access.make_credential(member, f"{name.lower()}-finder")[0].pk


def seconds_to_wait(refused: pytest.ExceptionInfo[Refused]) -> int:
    assert refused.value.status == 429
    return int(refused.value.headers["Retry-After"])


def test_requests_beyond_the_allowance_are_refused(credential: UUID, settings: Any) -> None:
    settings.INGEST_REQUESTS_PER_MINUTE = 3
    for _ in range(3):
        limits.take_request(credential)
    with pytest.raises(Refused, match="3 requests a minute") as refused:
        limits.take_request(credential)
    assert seconds_to_wait(refused) == 20


def test_what_is_refused_is_not_taken(credential: UUID, settings: Any) -> None:
    settings.INGEST_LINES_PER_MINUTE = 10_000
    limits.take_lines(credential, 6000)
    with pytest.raises(Refused) as refused:
        limits.take_lines(credential, 6000)
    assert 10 <= seconds_to_wait(refused) <= 12
    limits.take_lines(credential, 4000)


def test_time_refills_an_allowance(credential: UUID, settings: Any) -> None:
    settings.INGEST_REQUESTS_PER_MINUTE = 60
    for _ in range(60):
        limits.take_request(credential)
    Allowance.objects.update(as_of=F("as_of") - timedelta(seconds=2))
    limits.take_request(credential)
    limits.take_request(credential)
    with pytest.raises(Refused):
        limits.take_request(credential)


def test_an_allowance_never_exceeds_a_minutes_worth(credential: UUID, settings: Any) -> None:
    settings.INGEST_REQUESTS_PER_MINUTE = 2
    limits.take_request(credential)
    Allowance.objects.update(as_of=F("as_of") - timedelta(days=1))
    limits.take_request(credential)
    limits.take_request(credential)
    with pytest.raises(Refused):
        limits.take_request(credential)


def test_a_clock_that_steps_back_takes_nothing_away(credential: UUID, settings: Any) -> None:
    settings.INGEST_REQUESTS_PER_MINUTE = 3
    limits.take_request(credential)
    Allowance.objects.update(as_of=F("as_of") + timedelta(hours=1))
    limits.take_request(credential)
    limits.take_request(credential)


def test_a_credential_does_not_use_up_anothers_allowance(credential: UUID, settings: Any) -> None:
    settings.INGEST_REQUESTS_PER_MINUTE = 1
    limits.take_request(credential)
    limits.take_request(made("Birch"))


@pytest.mark.django_db(transaction=True)
def test_an_allowance_holds_under_concurrency(settings: Any) -> None:
    settings.INGEST_REQUESTS_PER_MINUTE = 10
    credential = made("Alder")

    def attempt(_: int) -> bool:
        try:
            limits.take_request(credential)
        except Refused:
            return False
        finally:
            connection.close()
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(attempt, range(60))) == 10


def test_the_table_is_not_logged(db: None) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT relpersistence FROM pg_class WHERE relname = 'indicators_allowance'")
        assert cursor.fetchone() == ("u",)
