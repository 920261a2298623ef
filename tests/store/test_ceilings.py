"""What is marked too strictly for an audience does not reach it."""

from collections.abc import Callable

import pytest

from indicators.models import (
    Audience,
    Collection,
    Member,
    ObjectId,
)
from indicators.stix import Tlp
from indicators.store.judgement import Verdict
from tests import objects
from tests.objects import indicator
from tests.store.witness import (
    post,
    verdicts,
)

ADDED, REFUSED = Verdict.ADDED, Verdict.REFUSED

pytestmark = pytest.mark.django_db


_REFS = {
    Tlp.CLEAR: objects.TLP_CLEAR,
    Tlp.GREEN: objects.TLP_GREEN,
    Tlp.AMBER: objects.TLP_AMBER,
    Tlp.AMBER_STRICT: objects.TLP_AMBER_STRICT,
    Tlp.RED: objects.TLP_RED,
}


@pytest.mark.parametrize(
    ("audience", "strictest"),
    [
        (Audience.PUBLIC, Tlp.CLEAR),
        (Audience.COMMUNITY, Tlp.GREEN),
        (Audience.MEMBERS, Tlp.AMBER_STRICT),
        (Audience.LABS, Tlp.AMBER_STRICT),
        (Audience.CLOUDS, Tlp.AMBER_STRICT),
        (Audience.NAMED, Tlp.RED),
    ],
)
def test_an_audience_gets_nothing_above_its_ceiling(
    open_one: Callable[..., Collection], alder: Member, audience: str, strictest: Tlp
) -> None:
    collection = open_one(audience=audience)
    outcomes = post(
        collection,
        alder,
        *(indicator(tlp, object_marking_refs=[ref]) for tlp, ref in _REFS.items()),
    )
    expected = [ADDED if tlp.rank <= strictest.rank else REFUSED for tlp in Tlp]
    assert verdicts(outcomes) == expected


def test_an_object_above_the_ceiling_takes_no_id(
    open_one: Callable[..., Collection], alder: Member
) -> None:
    public = open_one(audience=Audience.PUBLIC)
    post(public, alder, indicator("a", object_marking_refs=[objects.TLP_RED]))
    assert not ObjectId.objects.exists()


def test_passing_on_does_not_get_around_the_ceiling(
    forum: Collection, open_one: Callable[..., Collection], alder: Member, mallory: Member
) -> None:
    value = indicator("a", object_marking_refs=[objects.TLP_AMBER])
    post(forum, alder, value)
    public = open_one(audience=Audience.PUBLIC)
    assert verdicts(post(public, mallory, value)) == [REFUSED]
