"""Patterns of others over traffic are asked of this node's clusters, window by window."""

from typing import Any

import pytest

from indicators.models import AuditEvent, DueMatch, Match, Semantics
from indicators.reconcile import behaviour as asking
from tests.detections.clusters import WINDOW
from tests.objects import id_of
from tests.reconcile.incoming import Incoming, behaviour, live, match

pytestmark = pytest.mark.django_db

MANY = "[ai-traffic-aggregate:account_count >= 100 AND ai-traffic-aggregate:request_count > 60000]"
NONE = "[ai-traffic-aggregate:account_count >= 100000]"


def busy(**facts: Any) -> dict[str, Any]:
    return {"windows": [{**WINDOW, **facts}]}


def asked(alder: Incoming, key: str, pattern: str, **changes: Any) -> None:
    alder.share("Birch", behaviour(key, pattern, **changes))
    match()


def test_traffic_that_fits_a_new_pattern_matches(alder: Incoming) -> None:
    cluster = alder.detect(**busy())
    asked(alder, "i", MANY)
    [found] = live()
    assert (found.cluster, found.semantics) == (cluster, Semantics.BEHAVIOUR)
    assert (found.kinds, found.token_count) == ({"ai-traffic-aggregate": 1}, 0)
    assert found.account_count == 312


def test_new_traffic_that_fits_a_known_pattern_matches(alder: Incoming) -> None:
    asked(alder, "i", MANY)
    alder.detect(**busy())
    assert len(live()) == 1


def test_traffic_that_fits_no_pattern_does_not_match(alder: Incoming) -> None:
    alder.detect(**busy())
    asked(alder, "i", NONE)
    assert live() == []


def test_the_start_of_a_window_can_be_asked_for(alder: Incoming) -> None:
    alder.detect(**busy())
    start = "ai-traffic-aggregate:window_start"
    asked(alder, "before", f"[{start} < t'2026-02-27T00:00:00.5Z']")
    asked(alder, "after", f"[{start} > t'2026-02-27T00:00:00.5Z']")
    assert [found.stix_id for found in live()] == [id_of("indicator", "before")]


def test_traffic_that_fits_no_longer_ends_the_match(alder: Incoming) -> None:
    asked(alder, "i", MANY)
    alder.detect(**busy())
    alder.detect(revision=2, **busy(account_count=20))
    assert Match.objects.get().retired_because == asking.TRAFFIC_DIFFERS


def test_a_closed_cluster_s_traffic_matches_nothing(alder: Incoming) -> None:
    asked(alder, "i", MANY)
    alder.detect(**busy())
    alder.detect(revision=2, status="closed", accounts=[])
    assert live() == []


def test_a_revoked_pattern_matches_nothing(alder: Incoming) -> None:
    alder.detect(**busy())
    asked(alder, "i", MANY)
    asked(alder, "i", MANY, version=1, revoked=True)
    assert live() == []


def test_another_pattern_takes_the_place_of_the_one_before(alder: Incoming) -> None:
    alder.detect(**busy())
    asked(alder, "i", MANY)
    asked(alder, "i", NONE, version=1)
    assert live() == []


def test_own_patterns_are_not_asked(alder: Incoming) -> None:
    alder.detect(**busy())
    alder.share("Alder", behaviour("i", MANY))
    match()
    assert live() == []


def test_who_sends_too_many_patterns_crowds_out_only_its_own(
    alder: Incoming, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asking, "MOST_PATTERNS", 2)
    alder.detect(**busy())
    alder.share("Mallory", *(behaviour(f"m{n}", MANY, version=n) for n in range(4)))
    asked(alder, "i", MANY)
    expected = {id_of("indicator", key) for key in ("m2", "m3", "i")}
    assert {found.stix_id for found in live()} == expected


def test_that_facts_were_read_is_written_down_once_a_batch(alder: Incoming) -> None:
    for number in range(3):
        alder.detect(f"f-{number}", **busy())
    read = AuditEvent.objects.filter(act="read facts")
    assert not read.exists()
    asked(alder, "i", MANY)
    assert [event.detail["count"] for event in read] == [3]


def test_a_pattern_makes_nothing_due_where_there_is_no_traffic(alder: Incoming) -> None:
    alder.share("Birch", behaviour("i", MANY))
    assert not DueMatch.objects.exists()
