"""The largest campaign that was ever reported, from one POST to the feed: 25,000 accounts."""

import contextlib
import io
import logging
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from stix2matcher.matcher import match

from federation.pseudonyms.normalize import normalize
from indicators.management.simulation.campaigns import findings, lines
from indicators.management.simulation.plan import Plan
from tests.database import place_for_data
from tests.journeys.ingest_client import (
    TOKEN_INDICATOR,
    Detector,
    kinds_of,
    live,
    of_type,
    open_detector,
    tokens_of,
    wanted,
)
from tests.journeys.node import running_node

pytestmark = pytest.mark.journey

PLAN = Plan(shape="largest", accounts=wanted("RETORT_LARGEST_ACCOUNTS", 25_000), days=45)
SECONDS = 60.0


@dataclass
class Published:
    """What came out, and how long after the POST was begun."""

    detector: Detector
    seconds: float
    objects: list[dict[str, Any]]
    versions: int


@pytest.fixture(scope="module")
def published() -> Iterator[Published]:
    body = list(lines(PLAN))
    with place_for_data("retort-largest-") as data_dir, running_node(data_dir) as node:
        alder = open_detector(node, "alder-largest")
        node.await_parts("worker")
        began = time.monotonic()
        stages = alder.await_published([alder.send_all(body)], patience=300)
        seconds = time.monotonic() - began
        assert stages == {"published": len(body)}
        every = alder.feed.everything(**{"match[version]": "all"})
        yield Published(alder, seconds, alder.feed.everything(), len(every))


def test_it_is_in_the_feed_within_a_minute(published: Published) -> None:
    assert published.seconds < SECONDS


def test_every_token_of_every_identifier_is_there(published: Published) -> None:
    expected: dict[str, set[str]] = {}
    for finding in findings(PLAN):
        for account in finding.accounts:
            for each in account.identifiers:
                for made in normalize(each.kind, each.value):
                    expected.setdefault(made.kind, set()).add(made.value)
    found = kinds_of(published.objects)
    bands = found.pop("prompt-band")
    assert found == {kind: len(values) for kind, values in expected.items()}
    assert bands == 16


def test_no_indicator_has_more_than_500_tokens(published: Published) -> None:
    assert max(len(tokens_of(each)) for each in of_type(published.objects, "indicator")) <= 500


def test_the_indicators_are_some_hundreds(published: Published) -> None:
    parts = [-(-count // 500) for count in kinds_of(published.objects).values()]
    assert len(live(of_type(published.objects, "indicator"))) == sum(parts)


def test_the_windows_tell_of_all_interactions(published: Published) -> None:
    seen = [each["number_observed"] for each in live(of_type(published.objects, "observed-data"))]
    assert len(seen) == PLAN.days
    assert sum(seen) == PLAN.accounts * 1152


def test_the_validator_accepts_what_was_published(published: Published) -> None:
    """Of the indicators every tenth: each takes it a tenth of a second."""
    from stix2validator import ValidationOptions, validate_instance

    logging.getLogger("stix2validator").setLevel(logging.CRITICAL)
    options = ValidationOptions(version="2.1")
    others = [each for each in published.objects if each["type"] != "indicator"]
    for each in [*others, *of_type(published.objects, "indicator")[::10]]:
        with contextlib.redirect_stdout(io.StringIO()):
            result: Any = validate_instance(each, options)
        assert not result.errors, (each["id"], [str(error) for error in result.errors])


def test_patterns_match_their_own_observed_tokens(published: Published) -> None:
    """One indicator of each kind: its first and last token, and no other indicator's."""
    by_kind = {
        each["extensions"][TOKEN_INDICATOR]["kinds"][0]: each
        for each in live(of_type(published.objects, "indicator"))
    }
    kinds = sorted(by_kind)
    for kind, other in zip(kinds, [*kinds[1:], kinds[0]], strict=True):
        pattern, tokens = by_kind[kind]["pattern"], tokens_of(by_kind[kind])
        assert matches(pattern, tokens[0]), kind
        assert matches(pattern, tokens[-1]), kind
        assert not matches(pattern, tokens_of(by_kind[other])[0]), kind


def matches(pattern: str, token: str) -> bool:
    return bool(match(pattern, [observed(token)], stix_version="2.1"))


def observed(token: str) -> dict[str, Any]:
    """A bundle in which somebody saw an identifier with this token."""
    seen = {
        "type": "identifier-token",
        "spec_version": "2.1",
        "id": "identifier-token--00000000-0000-4000-8000-000000000000",
        "value": token,
    }
    observation = {
        "type": "observed-data",
        "spec_version": "2.1",
        "id": "observed-data--00000000-0000-4000-8000-000000000000",
        "created": "2026-11-22T00:00:00.000Z",
        "modified": "2026-11-22T00:00:00.000Z",
        "first_observed": "2026-11-22T00:00:00Z",
        "last_observed": "2026-11-22T00:00:00Z",
        "number_observed": 1,
        "object_refs": [seen["id"]],
    }
    bundle = "bundle--00000000-0000-4000-8000-000000000000"
    return {"type": "bundle", "id": bundle, "objects": [observation, seen]}


def test_the_log_verifies(published: Published) -> None:
    feed = published.detector.feed
    feed.node.run("verify", feed.collection)
