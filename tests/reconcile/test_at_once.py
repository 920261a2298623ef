"""Indicators that come in and detections that are made at the same time, on real connections."""

from collections.abc import Callable
from unittest import mock

import pytest
from celery import current_app

from indicators import pipeline
from indicators.models import Detection, DueMatch, Match
from tests.contributing.detector import finding
from tests.reconcile.incoming import Incoming, devices, having, lead, match, reconcile
from tests.store.witness import together

pytestmark = pytest.mark.django_db(transaction=True)

COUNT = 12


def detecting(alder: Incoming) -> Callable[[], None]:
    """Clusters with a device each, tokenized and matched one by one."""
    with mock.patch.object(current_app, "send_task"):
        for number in range(COUNT):
            alder.detector.send(finding(f"f-{number}", accounts=having(f"serial-{number}")))
    waiting = list(Detection.objects.order_by("pk").values_list("pk", flat=True))

    def run() -> None:
        for number in waiting:
            with mock.patch.object(current_app, "send_task"):
                pipeline.pseudonymize([number])
            match()

    return run


def receiving(alder: Incoming) -> Callable[[], None]:
    """Indicators of the same devices, received and reconciled one by one, the last ones first."""
    shared = [lead(n, *devices(f"serial-{n}")) for n in reversed(range(COUNT))]
    alder.receive("Birch", lead("first", *devices("none")))

    def run() -> None:
        for each in shared:
            reconcile(alder.receive("Birch", each))

    return run


def test_nothing_that_comes_at_once_is_missed() -> None:
    alder = Incoming.begin()
    together(detecting(alder), receiving(alder))
    assert Match.objects.filter(retired_at=None).count() == COUNT
    assert not DueMatch.objects.exists()


def test_what_several_workers_match_is_matched_once() -> None:
    alder = Incoming.begin()
    detecting(alder)()
    receiving(alder)()
    before = set(Match.objects.values_list("pk", "changed_at"))
    together(*[lambda: reconcile(alder.inboxes["Birch"]), match] * 2)
    assert set(Match.objects.values_list("pk", "changed_at")) == before
