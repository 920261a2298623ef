"""A plain server that gives one moment to everything is read to its end, however much that is."""

from typing import Any

import pytest

from federation.canonical import canonical
from federation.peers import registry
from indicators import pipeline
from indicators.models import Member
from indicators.pipeline import pulling
from tests.exchange.puller import Puller
from tests.objects import START, indicator
from tests.peer_simulator import Row, SimulatedNode


def test_many_objects_of_one_moment_are_all_taken(
    birch: Puller, alder: SimulatedNode, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    monkeypatch.setattr(pulling, "PAGES_AT_ONCE", 2)
    settings.PULL_PAGE = 3
    feed = alder.open_feed()
    feed.rows = [Row(canonical(indicator(number)), START) for number in range(20)]
    peer = registry.add_plain("ATLAS", f"{alder.base_url}/taxii2/", allow_private=True)
    Member.objects.create(name="ATLAS", identity_id=peer.identity_id)
    subscription = pipeline.subscribe(
        peer, alder.url(feed), title="Reports", log=None, signatures_required=False
    ).pk
    pulls = 1
    while birch.pull(subscription).more:
        pulls += 1
        assert pulls < 4
    assert birch.held(subscription) == [row.body for row in feed.rows]
    assert birch.state(subscription).added_after == START
