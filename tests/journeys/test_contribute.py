"""From a detector's POST to the feed of a real node: revisions, closures, and who may make them."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.database import Server, place_for_data
from tests.journeys.ingest_client import (
    Detector,
    account,
    all_tokens,
    answers,
    await_that,
    finding,
    kinds_of,
    live,
    of_type,
    open_detector,
    window,
)
from tests.journeys.node import Node, running_node

pytestmark = pytest.mark.journey

TWELVE = [account(number) for number in range(12)]
# Four were banned; three others came.
ELEVEN = [*TWELVE[4:], *(account(number) for number in range(20, 23))]


@pytest.fixture(scope="module")
def node(database_server: Server, template_database: str) -> Iterator[Node]:
    with (
        database_server.copy(template_database) as database_url,
        place_for_data("retort-contribute-") as data_dir,
        running_node(data_dir, database_url=database_url) as node,
    ):
        yield node


@pytest.fixture(scope="module")
def story(node: Node) -> dict[str, list[dict[str, Any]]]:
    """What the feed shows after each revision of one finding."""
    alder = open_detector(node, "alder-story")
    closed = {"status": "closed", "closed_because": "resolved"}
    return {
        "first": alder.contribute(finding("f", "c", TWELVE, windows=[window()])),
        "second": alder.contribute(finding("f", "c", ELEVEN, revision=2, windows=[window(7000)])),
        "closed": alder.contribute(finding("f", "c", revision=3, **closed)),
        "reopened": alder.contribute(finding("f", "c", TWELVE, revision=4, windows=[window()])),
        "everything": alder.feed.everything(**{"match[version]": "all"}),
    }


def ids(objects: list[dict[str, Any]], kind: str) -> set[str]:
    return {each["id"] for each in of_type(objects, kind)}


AUTHORED = ("campaign", "infrastructure", "indicator", "relationship", "observed-data")


@pytest.mark.parametrize("kind", AUTHORED)
def test_a_finding_becomes_objects(story: dict[str, list[dict[str, Any]]], kind: str) -> None:
    assert ids(story["first"], kind)


def test_every_identifier_has_its_tokens_in_the_feed(
    story: dict[str, list[dict[str, Any]]],
) -> None:
    assert kinds_of(story["first"]) == {"email": 12, "email-canonical": 12, "device": 12}


def test_everything_that_is_authored_is_signed(story: dict[str, list[dict[str, Any]]]) -> None:
    signature = "extension-definition--4f14e45b-cb04-4bb9-aa0a-09a96b755622"
    for each in story["first"]:
        if each["type"] in AUTHORED:
            assert signature in each["extensions"], each["id"]


@pytest.mark.parametrize("kind", ("campaign", "infrastructure", "indicator", "relationship"))
def test_a_revision_makes_new_versions_not_new_objects(
    story: dict[str, list[dict[str, Any]]], kind: str
) -> None:
    assert ids(story["second"], kind) == ids(story["first"], kind)


def test_a_revision_takes_the_tokens_of_the_accounts_that_left(
    story: dict[str, list[dict[str, Any]]],
) -> None:
    first, second = set(all_tokens(story["first"])), set(all_tokens(story["second"]))
    assert len(first - second) == 4 * 3
    assert len(second - first) == 3 * 3


def test_a_windows_new_figures_are_another_observable_of_the_same_observed_data(
    story: dict[str, list[dict[str, Any]]],
) -> None:
    assert ids(story["second"], "observed-data") == ids(story["first"], "observed-data")
    (before,), (after,) = (of_type(story[name], "observed-data") for name in ("first", "second"))
    assert before["object_refs"] != after["object_refs"]
    assert (before["number_observed"], after["number_observed"]) == (5000, 7000)


def test_every_new_version_is_later(story: dict[str, list[dict[str, Any]]]) -> None:
    versions: dict[str, list[str]] = {}
    for each in story["everything"]:
        if "modified" in each:
            versions.setdefault(each["id"], []).append(each["modified"])
    assert all(found == sorted(set(found)) for found in versions.values())
    assert max(len(found) for found in versions.values()) > 1


@pytest.mark.parametrize("kind", AUTHORED)
def test_a_closure_revokes_every_object(story: dict[str, list[dict[str, Any]]], kind: str) -> None:
    assert ids(live(story["closed"]), kind) == set()
    assert ids(story["closed"], kind) == ids(story["second"], kind)


@pytest.mark.parametrize("kind", ("campaign", "infrastructure", "indicator"))
def test_a_reopened_cluster_is_published_under_new_ids(
    story: dict[str, list[dict[str, Any]]], kind: str
) -> None:
    reopened = ids(live(story["reopened"]), kind)
    assert reopened
    assert not reopened & ids(story["closed"], kind)


def test_what_was_revoked_stays_revoked(story: dict[str, list[dict[str, Any]]]) -> None:
    revoked = {each["id"] for each in story["closed"] if each.get("revoked")}
    assert not revoked & {each["id"] for each in live(story["reopened"])}


def test_a_reopened_clusters_tokens_are_those_that_its_accounts_had(
    story: dict[str, list[dict[str, Any]]],
) -> None:
    assert set(all_tokens(story["reopened"])) == set(all_tokens(story["first"]))


def test_a_finding_that_is_sent_again_changes_nothing(node: Node) -> None:
    alder = open_detector(node, "alder-again")
    line = finding("f", "c", TWELVE)
    before = alder.contribute(line)
    answered = alder.send([line])
    assert (answered["accepted"], answered["duplicate"]) == (0, 1)
    assert alder.feed.everything(**{"match[version]": "all"}) == before


def test_an_older_revision_is_refused(node: Node) -> None:
    alder = open_detector(node, "alder-older")
    alder.contribute(finding("f", "c", TWELVE, revision=2))
    assert alder.send([finding("f", "c", TWELVE)])["rejected"] == 1


def test_another_detector_makes_objects_of_its_own_under_the_same_names(node: Node) -> None:
    alder = open_detector(node, "alder-named")
    birch = open_detector(node, "birch-named", feed=alder.feed)
    of_alder = alder.contribute(finding("f", "c", TWELVE))
    closed = finding("f", "c", revision=2, status="closed", closed_because="resolved")
    birch.contribute(finding("f", "c", ELEVEN), closed)
    now = {each["id"]: each for each in alder.feed.everything()}
    assert [now[each["id"]] for each in of_alder] == of_alder


def test_a_member_cannot_revoke_what_a_detector_published(node: Node) -> None:
    alder = open_detector(node, "alder-robbed")
    objects = alder.contribute(finding("f", "c", TWELVE))
    *_, credential = answers(
        node,
        ["member", "add", "Mallory"],
        ["collection", "grant", alder.feed.collection, "Mallory", "--read", "--write"],
        ["credential", "create", "Mallory", "mallory-feed"],
    )
    (campaign,) = of_type(objects, "campaign")
    taken = campaign | {"revoked": True, "modified": "2030-01-01T00:00:00.000Z"}
    session = alder.feed.session()
    session.headers["Authorization"] = f"Bearer {credential['key']}"
    status = alder.feed.post(session, [taken])
    assert (status["success_count"], status["failure_count"]) == (0, 1)
    assert of_type(alder.feed.everything(), "campaign") == [campaign]


def test_a_detectors_job_is_its_own(node: Node) -> None:
    alder, birch = open_detector(node, "alder-job"), open_detector(node, "birch-job")
    job = alder.send_all([finding("f", "c", TWELVE)])
    headers = {"Authorization": f"Bearer {birch.key}"}
    asked = birch.session.get(alder.url(f"jobs/{job}"), headers=headers, timeout=60)
    assert asked.status_code == 404


def test_a_reviewed_detectors_findings_wait_for_a_person(node: Node) -> None:
    alder = open_detector(node, "alder-reviewed", policy="review")
    job = alder.send_all([finding("f", "c", TWELVE)])
    await_stage(alder, job, "drafted")
    assert alder.feed.everything() == []


def await_stage(detector: Detector, job: str, stage: str) -> None:
    await_that(
        lambda: detector.stages([job]).keys() == {stage},
        lambda: f"at {dict(detector.stages([job]))}, not {stage}",
        detector.node,
    )


def test_what_a_detector_publishes_is_closed_to_a_stranger(node: Node) -> None:
    alder, birch = open_detector(node, "alder-closed"), open_detector(node, "birch-closed")
    alder.contribute(finding("f", "c", TWELVE))
    response = birch.feed.session().get(f"{alder.feed.url}objects/", timeout=60)
    assert response.status_code in (403, 404)
