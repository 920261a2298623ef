"""What is known of an indicator is its newest version, and its origin's word on what it is of."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from indicators.models import Indication, KnownIndicator, Semantics
from indicators.stix.decay import end_of
from indicators.store.admission import admit
from indicators.store.custody import open_collection
from tests.objects import TLP_AMBER, id_of, indicator, malware, stamp, stix_objects
from tests.reconcile.incoming import (
    DAY,
    NOW,
    Incoming,
    behaviour,
    devices,
    indicates,
    lead,
    member,
    reconcile,
)

pytestmark = pytest.mark.django_db

NETWORK = id_of("infrastructure", "network")
PATTERN = "[ai-traffic-aggregate:account_count >= 100]"


def known(key: object = "i") -> KnownIndicator:
    return KnownIndicator.objects.get(pk=id_of("indicator", key))


def test_an_indicator_over_tokens_is_known(alder: Incoming) -> None:
    told = {"min_matches": 2, "basis": "first-party"}
    made = lead("i", *devices("a", "b", "c"), semantics="candidate", told=told)
    alder.share("Birch", {**made, "object_marking_refs": [TLP_AMBER]})
    found = known()
    assert (found.semantics, found.min_matches) == (Semantics.CANDIDATE, 2)
    assert (found.token_count, found.is_first_party, found.is_live) == (3, True, True)
    assert (found.origin, found.is_own, found.tlp) == (member("Birch"), False, 2)


def test_without_the_extension_any_token_is_enough(alder: Incoming) -> None:
    [token] = devices("a")
    plain = indicator("i", pattern=f"[identifier-token:value = '{token}']")
    alder.share("Birch", plain)
    assert (known().semantics, known().min_matches) == (Semantics.EXACT, 1)


def test_what_does_not_say_on_what_it_rests_is_not_first_party(alder: Incoming) -> None:
    alder.share("Birch", lead("i", *devices("a")))
    assert not known().is_first_party


def test_an_indicator_of_behaviour_is_known_by_its_pattern(alder: Incoming) -> None:
    alder.share("Birch", behaviour("i", PATTERN))
    assert (known().semantics, known().pattern) == (Semantics.BEHAVIOUR, PATTERN)


@pytest.mark.parametrize(
    "pattern",
    [
        "[domain-name:value = 'relay.example']",
        "[ai-traffic-aggregate:top_capability MATCHES '^(a+)+$']",
        "[ai-traffic-aggregate:account_count > 1] FOLLOWEDBY [ai-traffic-aggregate:n_x = 1]",
        "[ai-traffic-aggregate:account_count > 1 OR domain-name:value = 'relay.example']",
    ],
)
def test_behaviour_that_can_t_be_asked_is_not_known(alder: Incoming, pattern: str) -> None:
    alder.share("Birch", behaviour("i", pattern))
    assert not KnownIndicator.objects.exists()


def test_indicators_of_other_things_are_not_known(alder: Incoming) -> None:
    alder.share("Birch", indicator("i"), malware("m"))
    assert not KnownIndicator.objects.exists()


def test_a_revocation_that_comes_first_is_remembered(alder: Incoming) -> None:
    alder.share("Birch", lead("i", *devices("a"), version=1, revoked=True))
    assert not known().is_live


def test_an_indicator_that_is_over_when_it_comes_is_not_live(alder: Incoming) -> None:
    over = stamp(NOW - DAY)
    alder.share(
        "Birch", lead("i", *devices("a"), valid_from=stamp(NOW - 2 * DAY), valid_until=over)
    )
    assert not known().is_live


def test_what_this_node_read_elsewhere_is_not_its_own(alder: Incoming) -> None:
    others = lead("others", *devices("a"), created_by_ref=id_of("identity", "a book"))
    alder.share("Alder", others, lead("own", *devices("a")))
    assert (known("others").is_own, known("own").is_own) == (False, True)


def test_an_indicator_is_of_what_its_relationship_says(alder: Incoming) -> None:
    alder.share("Birch", lead("i", *devices("a")), indicates(id_of("indicator", "i"), NETWORK))
    assert known().subject == NETWORK


def test_a_relationship_may_come_before_its_indicator(alder: Incoming) -> None:
    alder.share("Birch", indicates(id_of("indicator", "i"), NETWORK))
    alder.share("Birch", lead("i", *devices("a")))
    assert known().subject == NETWORK


def test_a_relationship_may_come_long_after_its_indicator(alder: Incoming) -> None:
    alder.share("Birch", lead("i", *devices("a")))
    assert known().subject == id_of("indicator", "i")
    alder.share("Birch", indicates(id_of("indicator", "i"), NETWORK))
    assert known().subject == NETWORK


def test_a_revoked_relationship_says_nothing(alder: Incoming) -> None:
    source = id_of("indicator", "i")
    alder.share("Birch", lead("i", *devices("a")), indicates(source, NETWORK))
    alder.share("Birch", indicates(source, NETWORK, version=1, revoked=True))
    assert known().subject == source


def test_nobody_else_says_what_an_indicator_is_of(alder: Incoming) -> None:
    alder.share("Birch", lead("i", *devices("a")))
    alder.share("Mallory", indicates(id_of("indicator", "i"), NETWORK))
    assert known().subject == id_of("indicator", "i")
    assert Indication.objects.count() == 1


def test_nobody_joins_what_another_organization_wrote_by_saying_so(alder: Incoming) -> None:
    alder.share("Birch", malware("birch's"))
    source = id_of("indicator", "i")
    claimed = indicates(source, id_of("malware", "birch's"))
    alder.share("Mallory", lead("i", *devices("a")), claimed)
    assert known().subject == source


def test_other_relationships_say_nothing_of_it(alder: Incoming) -> None:
    uses = indicates(id_of("indicator", "i"), NETWORK, relationship_type="based-on")
    uses["target_ref"] = id_of("observed-data", "o")
    alder.share("Birch", lead("i", *devices("a")), uses)
    assert known().subject == id_of("indicator", "i")


def test_the_inbox_that_brought_it_is_remembered_though_a_relay_came_first(alder: Incoming) -> None:
    relayed = open_collection(title="Relayed", audience="members")
    admit(relayed, member("Birch"), stix_objects([lead("i", *devices("a"))]))
    reconcile(relayed)
    assert known().inbox == relayed.pk
    inbox = alder.share("Birch", lead("i", *devices("a")))
    assert known().inbox == inbox.pk


Decay = tuple[float | None, float, int]


@pytest.mark.parametrize(
    ("confidence", "decay", "until", "days"),
    [
        (80, (None, 1, 0), None, None),
        (80, (None, 1, 0), 5, 5),
        (80, (90, 1, 0), None, 90),
        (80, (90, 1, 0), 30, 30),
        (80, (90, 1, 0), 365, 90),
        (80, (90, 1, 40), None, 45),
        (80, (90, 2, 40), None, 22.5),
        (None, (90, 1, 25), None, 45),
        (40, (90, 1, 60), None, 0),
        (0, (90, 1, 0), None, 90),
        (80, (1e15, 1, 0), None, None),
        (80, (1e15, 1, 0), 10, 10),
    ],
)
def test_an_indicator_ends_by_time_or_decay_whichever_is_first(
    confidence: int | None, decay: Decay, until: float | None, days: float | None
) -> None:
    def after(count: float | None) -> datetime | None:
        return None if count is None else NOW + timedelta(days=count)

    assert end_of(confidence, decay, NOW, after(until)) == after(days)


def fading(**decay: Any) -> dict[str, Any]:
    return {"decay": {"model": "polynomial", "lifetime_days": 10, **decay}}


@pytest.mark.parametrize(
    "told",
    [
        {"min_matches": 2**53 - 1},
        fading(lifetime_days=2**53 - 1),
        fading(lifetime_days=2**53 - 1, speed=2**53 - 1, revoke_score=50),
        fading(lifetime_days=1e-300, speed=1e-300),
        fading(speed=0.5, revoke_score=100),
    ],
)
def test_no_number_that_an_indicator_may_say_stops_its_batch(
    alder: Incoming, told: dict[str, Any]
) -> None:
    odd = lead("odd", *devices("a"), semantics="candidate", told=told)
    alder.share("Birch", odd, lead("i", *devices("a"), told=fading(speed=1)))
    assert known("odd")
    assert known("i").is_live


def test_a_pattern_that_no_table_can_hold_is_not_known(alder: Incoming) -> None:
    pattern = "[ai-traffic-aggregate:top_capability = '\0']"
    alder.share("Birch", behaviour("odd", pattern), lead("i", *devices("a")))
    assert [found.stix_id for found in KnownIndicator.objects.all()] == [id_of("indicator", "i")]


def test_the_end_is_kept_with_what_it_follows_from(alder: Incoming) -> None:
    told: dict[str, Any] = {
        "decay": {"model": "polynomial", "lifetime_days": 10, "speed": 2, "revoke_score": 40}
    }
    alder.share("Birch", lead("i", *devices("a"), told=told))
    found = known()
    assert (found.lifetime_days, found.decay_speed, found.revoke_score) == (10, 2, 40)
    assert found.ends_at == NOW + 2.5 * DAY
