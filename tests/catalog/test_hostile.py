"""What a peer may write into valid objects: everybody else's are found all the same."""

from typing import Any
from uuid import uuid4

import orjson
import pytest

from indicators.catalog import exporting, rows
from indicators.catalog.campaign import campaign
from indicators.catalog.campaigns import Query as CampaignQuery
from indicators.catalog.campaigns import campaigns
from indicators.catalog.cataloguing import LIMIT
from indicators.catalog.described import Described, describe
from indicators.catalog.looking import look
from indicators.catalog.question import Query
from indicators.detections.drafts.objects import EXTENSIONS
from indicators.models import Collection, Member, ObjectVersion, Reference
from indicators.pipeline.cataloguing import catalogue
from tests.catalog.conftest import Add, row, store
from tests.objects import START, id_of, indicator, malware, stamp

pytestmark = pytest.mark.django_db

FOREIGN = "extension-definition--00000000-0000-4000-8000-000000000000"
TOP_LEVEL = {FOREIGN: {"extension_type": "toplevel-property-extension"}}
CAMPAIGN = id_of("campaign", "c")


def observable(**said: Any) -> dict[str, Any]:
    """Of a type that somebody else defined."""
    extensions = {FOREIGN: {"extension_type": "new-sco"}}
    return {"type": "x-other", "id": f"x-other--{uuid4()}", "extensions": extensions, **said}


def made(kind: str, key: object, **said: Any) -> dict[str, Any]:
    return {
        "type": kind,
        "spec_version": "2.1",
        "id": id_of(kind, key),
        "created": stamp(START),
        "modified": stamp(START),
        **said,
    }


def stated(status: str, key: object = "c", **said: Any) -> dict[str, Any]:
    told = {"extension_type": "property-extension", "allegation_status": status, **said}
    extensions = {EXTENSIONS["distillation-campaign"]: told}
    return made("campaign", key, name=f"Campaign {key}", extensions=extensions)


ODD = {
    "a relation of 400 letters": made(
        "relationship",
        "r",
        relationship_type="a" * 400,
        source_ref=id_of("indicator", "a"),
        target_ref=id_of("malware", "m"),
    ),
    "a reference with a nul": malware("m", some_ref="a\0b", extensions=TOP_LEVEL),
    "a count that is a text": malware("m", how_many={"value": "many"}, extensions=TOP_LEVEL),
    "a name with a nul": malware("m", name="a\0b"),
    "a time that is a word": made(
        "grouping",
        "g",
        context="unspecified",
        object_refs=[CAMPAIGN],
        published="soon",
        extensions=TOP_LEVEL,
    ),
}


@pytest.mark.parametrize("odd", ODD.values(), ids=ODD)
def test_an_odd_object_does_not_keep_others_from_being_found(add: Add, odd: dict[str, Any]) -> None:
    add(odd, indicator("a", name="Relay network"), stated("alleged"))
    assert row(id_of("indicator", "a")).name == "Relay network"


@pytest.mark.parametrize("odd", ODD.values(), ids=ODD)
def test_an_odd_object_is_shown(add: Add, odd: dict[str, Any]) -> None:
    add(odd, stated("alleged"))
    assert look(odd["id"]) is not None
    assert campaign(CAMPAIGN) is not None


def test_what_nobody_foresaw_is_kept_by_its_type_alone(
    add: Add, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(content: Any, *rest: Any) -> Described:
        if content.get("name") == "poison":
            raise ZeroDivisionError
        return describe(content, *rest)

    monkeypatch.setattr(rows, "describe", failing)
    add(indicator("p", name="poison"), indicator("a", name="Relay network"))
    assert row(id_of("indicator", "a")).name == "Relay network"
    assert row(id_of("indicator", "p")).type == "indicator"


def test_objects_that_weigh_much_are_read_some_at_a_time(
    shelf: Collection, alder: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rows, "_MOST_BYTES", 1_000)
    store(shelf, alder, [indicator(n, name=f"network {n}") for n in range(9)])
    read, parts = rows._read, []

    def seeing(*asked: Any) -> Any:
        found = read(*asked)
        parts.append(len(found[0]))
        return found

    monkeypatch.setattr(rows, "_read", seeing)
    catalogue()
    assert sum(parts) == 9 < LIMIT and max(parts) < 5
    assert [row(id_of("indicator", n)).name for n in range(9)] == [f"network {n}" for n in range(9)]


def test_a_campaign_with_a_nul_is_listed_with_the_others(add: Add) -> None:
    add(stated("alleged"), stated("alleged", "nul") | {"description": "a\0b"})
    found = campaigns(CampaignQuery())
    assert {each.name for each in found.rows} == {"Campaign c", "Campaign nul"}


def test_a_pivot_at_the_end_of_the_calendar_is_read(add: Add) -> None:
    pivot = {"trigger": "other", "trigger_time": "9999-12-31T23:59:59.9999999Z"}
    add(stated("alleged", pivot_events=[pivot]))
    found = campaign(CAMPAIGN)
    assert found is not None and found.facts.pivot_events[0].trigger_time is not None


@pytest.mark.parametrize(
    ("status", "names"),
    [
        ("alleged", {"Campaign a", "Plain"}),
        ("disputed", {"Campaign d"}),
        ("retracted", set()),
    ],
)
def test_campaigns_of_a_status_are_those_that_state_it(
    add: Add, status: str, names: set[str]
) -> None:
    add(
        stated("alleged", "a", capability_targets=["retracted"]),
        stated("disputed", "d", capability_targets=["alleged"]),
        made("campaign", "p", name="Plain"),
    )
    assert {each.name for each in campaigns(CampaignQuery(status=status)).rows} == names


def test_a_flood_of_actors_is_cut(add: Add) -> None:
    actors = [made("threat-actor", n, name=f"Actor {n}") for n in range(30)]
    links = [attributed(CAMPAIGN, each["id"], n) for n, each in enumerate(actors)]
    behind = [
        attributed(each["id"], id_of("identity", n), f"behind {n}") for n, each in enumerate(actors)
    ]
    add(stated("alleged"), *actors, *links, *behind)
    found = campaign(CAMPAIGN)
    assert found is not None
    assert sum(each.source == CAMPAIGN for each in found.claims) == 30
    assert sum(each.source != CAMPAIGN for each in found.claims) == 20


def attributed(source: str, target: str, key: object) -> dict[str, Any]:
    told = {
        "extension_type": "property-extension",
        "claimed_by_ref": id_of("identity", "Alder"),
        "basis": ["not-stated"],
        "status": "alleged",
    }
    return made(
        "relationship",
        f"attributed {key}",
        relationship_type="attributed-to",
        source_ref=source,
        target_ref=target,
        extensions={EXTENSIONS["attribution-claim"]: told},
    )


def test_nothing_refers_by_what_is_no_id(add: Add) -> None:
    add(malware("m", some_ref="a\0b", extensions=TOP_LEVEL), observable(more_refs=["x"]))
    assert not Reference.objects.exists()


def test_an_export_reads_bodies_some_at_a_time(add: Add, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exporting, "_MOST_BYTES", 1_000)
    add(*(indicator(n, name=f"network {n}") for n in range(9)))
    bundle = orjson.loads(b"".join(exporting.export_stix(Query(), "ana")))
    assert [each["name"] for each in bundle["objects"]] == [f"network {n}" for n in range(9)]


def test_contents_that_the_terms_rule_out_are_not_read(add: Add) -> None:
    add(stated("alleged", "a"), stated("disputed", "d"))
    ObjectVersion.objects.filter(stix_id=id_of("campaign", "a")).update(body=b"\xff")
    assert [each.name for each in campaigns(CampaignQuery(status="disputed")).rows] == [
        "Campaign d"
    ]
