"""Four organizations face one actor. Alder detects it; Birch and Cedar have customers with some of
the same identifiers. They learn of each other what they need to know, and nothing else.

One story on four real nodes, told once; each test looks at one thing that must have come of it.
"""

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.database import Server
from tests.journeys.federation import Federation, Member, exchange, reader_of_the_hub
from tests.journeys.ingest_client import account, finding, tokens_of, wanted, window
from tests.journeys.search import disguises

pytestmark = pytest.mark.journey

BOTH = [account(number, "qzvx-both") for number in range(12)]
ONLY = {
    name: [account(number, f"qzvx-only-{name.lower()}") for number in range(12)]
    for name in ("Alder", "Birch", "Cedar")
}
SECONDS = 15.0
AFTER_A_DAY = wanted("RETORT_CATCHUP_DETECTIONS", 200)
HUB_COLLECTION = "What all members share"

Rows = list[dict[str, Any]]


@dataclass
class Story:
    """What was seen on the way."""

    federation: Federation
    seconds: dict[str, float] = field(default_factory=dict)
    matches: dict[str, Rows] = field(default_factory=dict)
    joint: dict[str, Any] = field(default_factory=dict)
    why: str = ""
    relayed: Rows = field(default_factory=list)
    left: dict[str, Rows] = field(default_factory=dict)
    retractions: dict[str, Rows] = field(default_factory=dict)


@pytest.fixture(scope="module")
def federation(database_server: Server, template_database: str) -> Iterator[Federation]:
    """Of its own: it counts all that was ever matched and sent."""
    with exchange(database_server, template_database) as found:
        yield found


@pytest.fixture(scope="module")
def story(federation: Federation) -> Story:
    told = Story(federation)
    silently_detected(federation["Birch"])
    silently_detected(federation["Cedar"])
    alder_reports(told)
    others_confirm(told)
    told.relayed = reader_of_the_hub(federation).everything()
    alder_takes_it_back(told)
    return told


def silently_detected(member: Member) -> None:
    """A cluster of its own, of which nothing is published: a person would have to decide that."""
    assert member.detector is not None
    member.rows("detector", "set", member.detector.name, "--policy", "review")
    member.report("mine", "our-cluster", [*BOTH, *ONLY[member.name]], windows=[window()])
    member.await_rows("draft", "list")


def alder_reports(told: Story) -> None:
    alder = told.federation["Alder"]
    accounts = [*BOTH, *ONLY["Alder"]]
    job = alder.report("f-1", "cluster", accounts, confidence=80, windows=[window()])
    assert alder.detector is not None
    assert alder.detector.await_published([job]) == {"published": 1}
    began = time.monotonic()
    for name in ("Birch", "Cedar"):
        told.matches[name] = told.federation[name].await_rows("match", "list")
        told.seconds[name] = time.monotonic() - began


def others_confirm(told: Story) -> None:
    for name in ("Birch", "Cedar"):
        member = told.federation[name]
        ids = [row["id"] for row in member.rows("match", "list")]
        member.rows("match", "confirm", *ids, "--as", "ana")
    alder = told.federation["Alder"]
    [row] = alder.await_rows("joint", "list", "--organizations", "3")
    told.joint = json.loads(alder.desk.say("joint", "show", row["id"]))
    told.why = alder.desk.say("joint", "why", row["id"])


def alder_takes_it_back(told: Story) -> None:
    alder = told.federation["Alder"]
    assert alder.detector is not None
    verdict = json.dumps({"uid": "f-1", "verdict": "false-positive"}).encode()
    answer = alder.detector.post("feedback", verdict, "application/json")
    assert answer.status_code == 200, answer.text
    for name in ("Birch", "Cedar"):
        confirmed = ("match", "list", "--state", "confirmed")
        told.left[name] = told.federation[name].await_rows(*confirmed, until=is_empty)
    told.retractions["Alder"] = alder.await_rows(
        "delivery", "retractions", "findings", until=held_by("Birch", "Forum")
    )
    told.retractions["Forum"] = told.federation["Forum"].await_rows(
        "delivery", "retractions", "exchange", until=held_by("Birch", "Cedar")
    )


def is_empty(rows: Rows) -> bool:
    return not rows


def held_by(*names: str) -> Callable[[Rows], bool]:
    def all_hold(rows: Rows) -> bool:
        return bool(rows) and all(set(names) <= set(row["held by"].split(", ")) for row in rows)

    return all_hold


@pytest.mark.parametrize("name", ["Birch", "Cedar"])
def test_a_match_is_seen_within_seconds(story: Story, name: str) -> None:
    assert story.seconds[name] < SECONDS


@pytest.mark.parametrize("name", ["Birch", "Cedar"])
def test_a_match_names_its_origin_not_who_relayed_it(story: Story, name: str) -> None:
    assert {row["origin"] for row in story.matches[name]} == {"Alder"}


def test_alder_sees_three_organizations_first_hand(story: Story) -> None:
    assert set(story.joint["origins"]) == {"Alder", "Birch", "Cedar"}


def test_the_confidence_is_explained_with_every_organization(story: Story) -> None:
    for name in ("Birch", "Cedar"):
        assert name in story.why


def test_what_was_confirmed_is_a_signed_sighting_of_its_own_origin(story: Story) -> None:
    sightings = [each for each in story.relayed if each["type"] == "sighting"]
    assert len({each["created_by_ref"] for each in sightings}) == 2
    signature = "extension-definition--"
    assert all(any(key.startswith(signature) for key in s["extensions"]) for s in sightings)


@pytest.mark.parametrize("name", ["Birch", "Cedar"])
def test_a_retraction_ends_the_match_at_every_consumer(story: Story, name: str) -> None:
    assert story.left[name] == []


def test_alder_knows_who_holds_its_retraction(story: Story) -> None:
    assert held_by("Birch", "Forum")(story.retractions["Alder"])


def test_the_hub_knows_who_holds_what_it_relayed(story: Story) -> None:
    assert held_by("Birch", "Cedar")(story.retractions["Forum"])


def test_the_search_of_the_wires_finds_what_crossed_them(story: Story) -> None:
    """Or the next test would prove nothing."""
    token = next(t for e in story.relayed if e["type"] == "indicator" for t in tokens_of(e))
    content = story.federation.content()
    for name in ("Alder", "Forum"):
        assert token.encode() in content[name], name
    for name in ("Birch", "Cedar", "Forum"):
        assert b'"type":"sighting"' in content[name], name


def test_no_identifier_crosses_the_wire(story: Story) -> None:
    """Detectors deliver to their own nodes without a wire."""
    forms = {form: value for value in identifiers() for form in disguises(value)}
    hits = [
        f"{value} before {name}"
        for name, content in story.federation.content().items()
        for form, value in forms.items()
        if form in content
    ]
    assert hits == []


def identifiers() -> list[str]:
    """Every value, reference and name that the three have in confidence."""
    accounts = [each for found in (BOTH, *ONLY.values()) for each in found]
    values = [each["value"] for one in accounts for each in one["identifiers"]]
    return [*values, *(each["ref"] for each in accounts), "our-cluster"]


def test_a_peer_that_was_down_for_a_day_catches_up(federation: Federation, story: Story) -> None:
    cedar, alder, forum = (federation[name] for name in ("Cedar", "Alder", "Forum"))
    assert alder.detector is not None
    before = entries(forum, HUB_COLLECTION)
    cedar.node.stop()
    found = (finding(f"late-{n}", f"late-{n}", [account(n, "late")]) for n in range(AFTER_A_DAY))
    alder.detector.await_published([alder.detector.send_all(found)])
    federation.start_again("Cedar")
    forum.await_rows("collection", "list", until=holds(HUB_COLLECTION, before + AFTER_A_DAY))
    served = entries(forum, HUB_COLLECTION)
    inbox = f"From Forum: {HUB_COLLECTION}"
    cedar.await_rows("collection", "list", until=holds(inbox, served), patience=120)
    assert entries(cedar, inbox) == served


def entries(member: Member, title: str) -> int:
    rows = member.rows("collection", "list")
    return next(int(row["entries"]) for row in rows if row["title"] == title)


def holds(title: str, count: int) -> Callable[[Rows], bool]:
    return lambda rows: any(r["title"] == title and int(r["entries"]) >= count for r in rows)
