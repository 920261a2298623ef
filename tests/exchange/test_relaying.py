"""TLP 2.0 and audiences as code: what may be passed on, and to whom."""

import pytest

from indicators.models import Audience
from indicators.pipeline.relaying import WITHIN, may_relay
from indicators.stix import Tlp

AUDIENCES = list(Audience)


@pytest.mark.parametrize("tlp", [Tlp.RED, Tlp.AMBER_STRICT, Tlp.AMBER])
@pytest.mark.parametrize("target", AUDIENCES)
def test_what_is_stricter_than_green_is_not_passed_on(tlp: Tlp, target: Audience) -> None:
    assert may_relay(tlp, Audience.MEMBERS, target) is not None


@pytest.mark.parametrize("source", [*AUDIENCES, None])
@pytest.mark.parametrize("target", AUDIENCES)
def test_what_is_clear_goes_to_anyone(source: Audience | None, target: Audience) -> None:
    assert may_relay(Tlp.CLEAR, source, target) is None


@pytest.mark.parametrize("tlp", [Tlp.GREEN, None])
def test_what_is_green_or_unmarked_stays_in_the_community_that_it_was_served_to(
    tlp: Tlp | None,
) -> None:
    assert may_relay(tlp, Audience.MEMBERS, Audience.LABS) is None
    assert may_relay(tlp, Audience.LABS, Audience.LABS) is None
    assert may_relay(tlp, Audience.LABS, Audience.MEMBERS) is not None
    assert may_relay(tlp, Audience.LABS, Audience.CLOUDS) is not None


def test_what_is_served_to_nobody_knows_whom_is_passed_on_only_if_clear() -> None:
    assert may_relay(Tlp.GREEN, None, Audience.LABS) is not None


@pytest.mark.parametrize("target", AUDIENCES)
def test_what_was_meant_for_named_members_stays_with_them(target: Audience) -> None:
    assert may_relay(Tlp.GREEN, Audience.NAMED, target) is not None


def test_to_lie_within_an_audience_is_transitive() -> None:
    for outer, inner in WITHIN.items():
        for each in inner:
            assert WITHIN[each] <= inner, (outer, each)


@pytest.mark.parametrize("source", AUDIENCES)
def test_no_relay_widens_what_an_audience_may_receive(source: Audience) -> None:
    for target in WITHIN[source] - {Audience.NAMED}:
        assert target.ceiling.rank >= source.ceiling.rank
