"""Indicators end by time and decay; their matches with them, but not what people decided."""

from datetime import timedelta
from typing import Any

import pytest

from indicators.models import Answer, KnownIndicator, Match, MatchState
from indicators.reconcile import expiry
from indicators.reconcile.expiry import retire_over
from indicators.store import feed, withdrawal
from tests.objects import id_of, stamp
from tests.reconcile.incoming import DAY, NOW, Incoming, devices, having, lead, live, member

pytestmark = pytest.mark.django_db


@pytest.fixture
def alder(db: None) -> Incoming:
    made = Incoming.begin()
    made.detect(accounts=having("serial-1"))
    return made


def fading(days: float = 10, **decay: Any) -> dict[str, Any]:
    told = {"decay": {"model": "polynomial", "lifetime_days": days, **decay}}
    return lead("i", *devices("serial-1"), told=told)


def until(days: float, version: int = 0) -> dict[str, Any]:
    return lead(
        "i", *devices("serial-1"), version=version, valid_until=stamp(NOW + timedelta(days=days))
    )


def sight(origin: str, days: float, **facts: Any) -> None:
    told = {"version": NOW, "kind": "sighting", "is_own": False, "is_revoked": False, **facts}
    Answer.objects.create(
        stix_id=id_of("sighting"),
        target=id_of("indicator", "i"),
        origin=member(origin),
        said_at=NOW + days * DAY,
        **told,
    )


def retire(days: float) -> None:
    while retire_over(NOW + days * DAY):
        """There is more."""


def test_a_match_ends_with_its_indicator_s_validity(alder: Incoming) -> None:
    alder.share("Birch", until(5))
    retire(5)
    assert Match.objects.get().retired_because == expiry.EXPIRED
    assert not KnownIndicator.objects.get().is_live


def test_a_match_lives_as_long_as_its_indicator(alder: Incoming) -> None:
    alder.share("Birch", until(5))
    retire(4.9)
    assert len(live()) == 1


def test_a_match_ends_when_its_indicator_has_decayed(alder: Incoming) -> None:
    alder.share("Birch", fading(10))
    retire(9.9)
    assert len(live()) == 1
    retire(10)
    assert Match.objects.get().retired_because == expiry.DECAYED


def test_a_match_ends_when_too_little_confidence_is_left(alder: Incoming) -> None:
    alder.share("Birch", fading(10, revoke_score=60))
    retire(2.6)
    assert live() == []


def test_what_somebody_else_saw_decays_anew(alder: Incoming) -> None:
    alder.share("Birch", fading(10))
    sight("Cedar", days=6)
    retire(10)
    assert len(live()) == 1
    retire(16)
    assert live() == []


@pytest.mark.parametrize(
    ("origin", "facts"),
    [("Birch", {}), ("Cedar", {"is_revoked": True}), ("Cedar", {"kind": "opinion"})],
)
def test_only_another_s_sighting_restarts_decay(
    alder: Incoming, origin: str, facts: dict[str, Any]
) -> None:
    alder.share("Birch", fading(10))
    sight(origin, days=6, **facts)
    retire(10)
    assert live() == []


def test_a_sighting_in_the_future_keeps_nothing_alive_for_longer(alder: Incoming) -> None:
    alder.share("Birch", fading(10))
    sight("Cedar", days=1000)
    retire(10)
    assert KnownIndicator.objects.get().ends_at == NOW + 20 * DAY


def test_a_sighting_does_not_outlast_what_the_author_set(alder: Incoming) -> None:
    alder.share("Birch", until(5))
    sight("Cedar", days=4)
    retire(5)
    assert live() == []


def test_a_version_that_is_valid_for_longer_revives_the_match(alder: Incoming) -> None:
    alder.share("Birch", until(5))
    retire(5)
    alder.share("Birch", until(15, version=1))
    assert len(live()) == 1
    assert KnownIndicator.objects.get().is_live


def test_what_a_person_decided_outlives_the_indicator(alder: Incoming) -> None:
    alder.share("Birch", until(5))
    Match.objects.update(state=MatchState.FALSE_POSITIVE)
    retire(5)
    assert Match.objects.get().state == MatchState.FALSE_POSITIVE


def test_what_was_withdrawn_is_no_lead(alder: Incoming) -> None:
    inbox = alder.share("Birch", fading(10))
    every = feed.Selection(versions=feed.Versions(every=True), ids=(id_of("indicator", "i"),))
    withdrawal.withdraw(inbox, member("Birch"), *every.ids, every, "by mistake")
    retire(0.1)
    assert Match.objects.get().retired_because == expiry.EXPIRED


def test_indicators_end_some_at_a_time(alder: Incoming) -> None:
    alder.share("Birch", *({**until(5), "id": id_of("indicator", n)} for n in range(3)))
    assert retire_over(NOW + 5 * DAY, 2)
    assert KnownIndicator.objects.filter(is_live=True).count() == 1
    assert retire_over(NOW + 5 * DAY, 2)
    assert not retire_over(NOW + 5 * DAY, 2)
