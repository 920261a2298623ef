"""Unmodified third-party clients read back what was imported, byte for byte in canonical form."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cytaxii2.cytaxii2 import cytaxii2
from stix2 import TAXIICollectionSink, TAXIICollectionSource
from taxii2client.v21 import Collection, Server, as_pages

from federation.canonical import canonical
from tests.database import place_for_data
from tests.journeys.feed import Feed, indicators, open_feed
from tests.journeys.node import running_node

BUNDLES = [
    Path(__file__).parents[1] / "vectors" / "stix" / name
    for name in ("atlas.json", "public-reports.json")
]

pytestmark = [
    pytest.mark.journey,
    # The clients' own habits: sessions left to the garbage collector.
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


@pytest.fixture(scope="module")
def imported() -> Iterator[tuple[Feed, dict[str, dict[str, Any]]]]:
    """A node with both bundles, and the notes of the import by file name."""
    with place_for_data("retort-clients-") as data_dir, running_node(data_dir) as node:
        feed = open_feed(node, "Public knowledge", member="Birch", audience="public")
        files = [str(path) for path in BUNDLES]
        printed = node.run("import", *files, "--collection", feed.collection, "--json").stdout
        yield feed, {Path(name).name: notes for name, notes in json.loads(printed).items()}


def taken(imported: tuple[Feed, dict[str, dict[str, Any]]]) -> set[bytes]:
    """Canonical forms of what the bundles hold, less what the import said it did not take."""
    _, notes = imported
    forms = set()
    for path in BUNDLES:
        skipped = {note["index"] for note in notes[path.name]["notes"]}
        objects = json.loads(path.read_bytes())["objects"]
        forms |= {canonical(obj) for n, obj in enumerate(objects) if n not in skipped}
    return forms


def test_all_that_is_not_taken_is_backdated_or_contradicts_itself(
    imported: tuple[Feed, dict[str, dict[str, Any]]],
) -> None:
    """In ATLAS: 2 objects modified before they were created, 80 second contents of 34 ids."""
    _, notes = imported
    atlas = notes["atlas.json"]
    assert (atlas["refused"], atlas["contradicted"], atlas["added"]) == (2, 80, 456)


def test_what_the_reports_shorten_of_atlas_is_evidence_not_a_second_content(
    imported: tuple[Feed, dict[str, dict[str, Any]]],
) -> None:
    """The reports carry six techniques of ATLAS: same id and modified, with less in them."""
    _, notes = imported
    aside = [(note["index"], note["verdict"]) for note in notes["public-reports.json"]["notes"]]
    assert aside == [(index, "contradicted") for index in range(6, 12)]


def test_importing_again_adds_nothing(imported: tuple[Feed, dict[str, dict[str, Any]]]) -> None:
    feed, _ = imported
    again = feed.node.run("import", str(BUNDLES[1]), "--collection", feed.collection, "--json")
    (counts,) = json.loads(again.stdout).values()
    assert counts.get("added", 0) == 0


@pytest.mark.parametrize("per_request", [0, 50, 5000])
def test_taxii2_client_reads_the_same_objects_page_by_page(
    imported: tuple[Feed, dict[str, dict[str, Any]]], per_request: int
) -> None:
    feed, _ = imported
    collection = Collection(feed.url, user=feed.name, password=feed.key)
    pages = as_pages(collection.get_objects, per_request=per_request)
    assert {canonical(obj) for page in pages for obj in page["objects"]} == taken(imported)


def test_taxii2_client_finds_the_collection_by_discovery(
    imported: tuple[Feed, dict[str, dict[str, Any]]],
) -> None:
    feed, _ = imported
    server = Server(f"{feed.node.base_url}/taxii2/", user=feed.name, password=feed.key)
    assert [each.id for each in server.default.collections] == [feed.collection]


def test_taxii2_client_accepts_the_status_of_a_post(
    imported: tuple[Feed, dict[str, dict[str, Any]]],
) -> None:
    feed, _ = imported
    collection = Collection(feed.url, user=feed.name, password=feed.key)
    good, bad = indicators(2)
    status = collection.add_objects({"objects": [good, {**bad, "pattern": "nonsense"}]})
    assert (status.status, status.success_count, status.failure_count) == ("complete", 1, 1)
    collection.delete_object(good["id"])


def test_cytaxii2_reads_the_same_objects(
    imported: tuple[Feed, dict[str, dict[str, Any]]],
) -> None:
    feed, _ = imported
    client = cytaxii2(f"{feed.node.base_url}/taxii2/", feed.name, feed.key)
    seen: set[bytes] = set()
    following = None
    while True:
        polled = client.poll_request(feed.collection, limit=200, next=following)
        assert polled["status_code"] == 200
        page = polled["response"]
        seen |= {canonical(obj) for obj in page["objects"]}
        following = page.get("next")
        if not page.get("more"):
            break
    assert seen == taken(imported)


def test_stix2_collection_source_finds_every_object(
    imported: tuple[Feed, dict[str, dict[str, Any]]],
) -> None:
    feed, _ = imported
    source = TAXIICollectionSource(Collection(feed.url, user=feed.name, password=feed.key))
    ids = {json.loads(form)["id"] for form in taken(imported)}
    assert {obj["id"] for obj in source.query()} == ids


def test_stix2_collection_sink_stores_a_bundle(
    imported: tuple[Feed, dict[str, dict[str, Any]]],
) -> None:
    feed, _ = imported
    collection = Collection(feed.url, user=feed.name, password=feed.key)
    (sent,) = indicators(1)
    TAXIICollectionSink(collection).add(sent)
    assert TAXIICollectionSource(collection).get(sent["id"])["id"] == sent["id"]
    collection.delete_object(sent["id"])
