"""The pages of objects: search with filters in the address, one object, and export."""

import csv
import io
import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from indicators.catalog import searching
from indicators.catalog.exporting import export_csv
from indicators.catalog.question import Query
from indicators.models import Audience, AuditEvent, Collection, Member
from indicators.pipeline.cataloguing import catalogue
from indicators.store.admission import admit
from indicators.store.custody import ensure_own_member, grant_access, open_collection
from tests.objects import START, TLP_AMBER, id_of, indicator, malware, moment, stamp, stix_objects
from tests.web.reading import html, page

pytestmark = pytest.mark.django_db

Hold = Callable[..., None]


@pytest.fixture
def alder() -> Member:
    return ensure_own_member()


@pytest.fixture
def birch() -> Member:
    return Member.objects.create(name="Birch", identity_id=id_of("identity", "Birch"))


@pytest.fixture
def shelf(alder: Member) -> Collection:
    return open_collection(title="Alder's findings", audience=Audience.NAMED)


@pytest.fixture
def hold(shelf: Collection, alder: Member) -> Hold:
    """Store objects, and let people find them."""

    def held(*values: dict[str, Any], by: Member = alder) -> None:
        for value in values:
            admit(shelf, by, stix_objects([value]))
        catalogue()

    return held


def test_an_empty_node_says_what_will_be_here(ana: Client, alder: Member) -> None:
    assert "Nothing is held yet" in page(ana, "/indicators/")


def test_what_is_held_is_listed(ana: Client, hold: Hold) -> None:
    hold(indicator("a", name="Relay network"))
    shown = page(ana, "/indicators/")
    assert f"/objects/{id_of('indicator', 'a')}/" in shown and "Relay network" in shown


def test_the_address_holds_the_search(ana: Client, hold: Hold) -> None:
    hold(indicator("a", name="Relay network"), malware("m", name="Proxy kit"))
    shown = page(ana, "/indicators/?text=proxy&type=malware&marking=&state=live&least=&most=")
    assert "Proxy kit" in shown and "Relay network" not in shown


def test_nothing_found_offers_the_way_back(ana: Client, hold: Hold) -> None:
    hold(indicator("a"))
    shown = page(ana, "/indicators/?text=nowhere")
    assert "Nothing matches" in shown and "Show everything" in shown


def test_pages_keep_the_search(ana: Client, hold: Hold) -> None:
    hold(*(indicator(n, name=f"network {n}") for n in range(60)))
    shown = page(ana, "/indicators/?text=network")
    assert 'rel="next" href="?text=network&amp;before=' in shown


BROKEN = {
    "a type": "type=DROP%20TABLE",
    "a marking": "marking=purple",
    "a state": "state=lost",
    "an organization": "by=nobody",
    "a confidence": "least=abc",
    "a confidence beyond all": "most=101",
    "confidences in the wrong order": "least=90&most=10",
    "a day": "since=yesterday",
    "days in the wrong order": "since=2026-02-01&until=2026-01-01",
    "a collection": "collection=first",
    "a place": "before=-5",
    "a long text": "text=" + "a" * 501,
    "a nul": "text=%00",
}


@pytest.mark.parametrize("query", BROKEN.values(), ids=BROKEN)
def test_a_filter_that_makes_no_sense_is_said_at_the_form(
    ana: Client, hold: Hold, query: str
) -> None:
    hold(indicator("a"))
    assert ana.get(f"/indicators/?{query}").status_code == 400


def test_a_filter_that_makes_no_sense_is_said_in_place_of_the_list(ana: Client) -> None:
    shown = html(ana.get("/indicators/?least=90&most=10"), 400)
    [_, found] = shown.split('<div id="found"')
    assert "less than the confidence that it starts from" in found


def test_the_script_shows_what_a_refused_filter_answers(ana: Client) -> None:
    shown = html(ana.get("/indicators/?least=90&most=10"), 400)
    [config] = re.findall(r"<meta name=\"htmx-config\" content='([^']+)'>", shown)
    codes = json.loads(config)["responseHandling"]
    handled = {
        status: next(each["swap"] for each in codes if re.search(each["code"], status))
        for status in ("200", "204", "400", "404", "422", "500")
    }
    assert {status for status, swap in handled.items() if swap} == {"200", "400", "422"}


def test_a_search_that_takes_too_long_is_said_at_the_form(
    ana: Client, hold: Hold, monkeypatch: pytest.MonkeyPatch
) -> None:
    hold(indicator("a"))
    monkeypatch.setattr(searching, "_LONGEST", 50)
    monkeypatch.setattr(searching, "_ALL", "SELECT pg_sleep(5) LIMIT %(most)s")
    answer = ana.get("/indicators/?type=indicator")
    assert (answer.status_code, "Add a filter" in answer.content.decode()) == (400, True)


def test_an_object_says_what_it_says(ana: Client, hold: Hold) -> None:
    hold(indicator("a", name="Relay network", confidence=80, object_marking_refs=[TLP_AMBER]))
    shown = page(ana, f"/objects/{id_of('indicator', 'a')}/")
    assert "Relay network" in shown and "TLP:AMBER" in shown and "relay.example" in shown


def test_an_object_shows_what_changed_between_its_versions(ana: Client, hold: Hold) -> None:
    hold(indicator("a", name="Before"), indicator("a", version=1, name="After"))
    shown = page(ana, f"/objects/{id_of('indicator', 'a')}/")
    assert (
        '<div class="removed">Before</div>' in shown and '<div class="added">After</div>' in shown
    )


def test_an_object_shows_what_is_connected_with_it(ana: Client, hold: Hold) -> None:
    hold(indicator("a"), malware("m", name="Proxy kit"), relationship("r", "a", "m"))
    shown = page(ana, f"/objects/{id_of('indicator', 'a')}/")
    assert "Proxy kit" in shown and "indicates" in shown


def test_an_object_shows_who_has_it(
    ana: Client, hold: Hold, shelf: Collection, birch: Member
) -> None:
    hold(indicator("a"))
    grant_access(shelf, birch, can_read=True, can_write=False)
    shown = page(ana, f"/objects/{id_of('indicator', 'a')}/")
    assert "Birch" in shown and "not yet" in shown


def test_an_indicator_with_an_end_shows_how_it_ages(ana: Client, hold: Hold) -> None:
    hold(indicator("a", valid_until=stamp(START.replace(year=START.year + 20))))
    assert "How its confidence ages" in page(ana, f"/objects/{id_of('indicator', 'a')}/")


def test_what_a_peer_writes_is_only_text(ana: Client, hold: Hold, birch: Member) -> None:
    hold(indicator("a", name="<script>alert(1)</script>", description="<b>x</b>"), by=birch)
    shown = page(ana, f"/objects/{id_of('indicator', 'a')}/")
    assert "<script>alert" not in shown and "<b>x</b>" not in shown


def test_an_address_that_runs_something_is_no_link(ana: Client, hold: Hold) -> None:
    sources = [{"source_name": "mallory", "url": "javascript:alert(1)"}]
    hold(indicator("a", external_references=sources))
    assert 'href="javascript' not in page(ana, f"/objects/{id_of('indicator', 'a')}/")


def test_a_campaign_has_a_page_of_its_own(ana: Client) -> None:
    stix_id = id_of("campaign", "c")
    answer = ana.get(f"/objects/{stix_id}/")
    assert (answer.status_code, answer.headers["Location"]) == (302, f"/campaigns/{stix_id}/")


def test_an_unknown_object_is_not_found(ana: Client) -> None:
    assert ana.get(f"/objects/{id_of('indicator', 'none')}/").status_code == 404


@pytest.mark.parametrize("count", [1, 40])
def test_the_list_asks_a_bounded_number_of_queries(
    ana: Client, hold: Hold, count: int, django_assert_max_num_queries: Any
) -> None:
    hold(*(indicator(n) for n in range(count)))
    with django_assert_max_num_queries(20):
        page(ana, "/indicators/?text=cluster&type=indicator")


@pytest.mark.parametrize("count", [1, 40])
def test_an_object_asks_a_bounded_number_of_queries(
    ana: Client, hold: Hold, count: int, django_assert_max_num_queries: Any
) -> None:
    hold(
        malware("m"),
        *(indicator(n) for n in range(count)),
        *(relationship(n, n, "m") for n in range(count)),
    )
    with django_assert_max_num_queries(18):
        page(ana, f"/objects/{id_of('malware', 'm')}/")


def taken(client: Client, address: str, form: str) -> bytes:
    answer = client.post(address, {"form": form})
    assert answer.status_code == 200
    return b"".join(answer.streaming_content)  # type: ignore[arg-type]


def test_a_bundle_holds_all_that_matches(ana: Client, hold: Hold) -> None:
    hold(*(indicator(n, name=f"network {n}") for n in range(60)), malware("m", name="Proxy kit"))
    bundle = json.loads(taken(ana, "/indicators/export/?text=network", "stix"))
    assert len(bundle["objects"]) == 60 and bundle["type"] == "bundle"


def test_a_bundle_holds_objects_as_they_are(ana: Client, hold: Hold) -> None:
    hold(indicator("a"))
    bundle = json.loads(taken(ana, f"/objects/{id_of('indicator', 'a')}/export/", "stix"))
    assert bundle["objects"] == [indicator("a")]


def test_a_table_has_a_line_an_object(ana: Client, hold: Hold) -> None:
    hold(indicator("a", name="Relay network", confidence=80))
    lines = list(csv.DictReader(io.StringIO(taken(ana, "/indicators/export/", "csv").decode())))
    assert (lines[0]["name"], lines[0]["confidence"]) == ("Relay network", "80")


@pytest.mark.parametrize("start", ["=", "+", "-", "@", " =", "＝"])
def test_no_cell_is_a_formula(ana: Client, hold: Hold, start: str) -> None:
    hold(indicator("a", name=f"{start}cmd|' /C calc'!A0"))
    [line] = csv.DictReader(io.StringIO(taken(ana, "/indicators/export/", "csv").decode()))
    assert line["name"].startswith("'")


def test_what_leaves_is_written_down(ana: Client, hold: Hold) -> None:
    hold(indicator("a"), indicator("b"))
    taken(ana, "/indicators/export/?type=indicator", "csv")
    begun, ended = AuditEvent.objects.order_by("pk")
    assert (begun.act, ended.act, ended.actor) == ("export begun", "export ended", "ana")
    assert (ended.detail["objects"], ended.detail["complete"]) == (2, True)


def test_an_export_that_breaks_off_is_written_down(hold: Hold) -> None:
    hold(indicator("a"), indicator("b"))
    lines = export_csv(Query(), "ana")
    next(lines)
    lines.close()  # type: ignore[attr-defined]
    assert AuditEvent.objects.latest("pk").detail["complete"] is False


def test_the_audit_log_has_no_words_that_somebody_typed(ana: Client, hold: Hold) -> None:
    hold(indicator("a"))
    taken(ana, "/indicators/export/?text=someone@mail.example", "csv")
    assert "mail.example" not in json.dumps(list(AuditEvent.objects.values_list("detail")))


def test_looking_exports_nothing(ana: Client) -> None:
    assert ana.get("/indicators/export/").status_code == 405


def relationship(key: object, source: object, target: object) -> dict[str, Any]:
    return {
        "type": "relationship",
        "spec_version": "2.1",
        "id": id_of("relationship", key),
        "created": stamp(START),
        "modified": stamp(moment(0)),
        "relationship_type": "indicates",
        "source_ref": id_of("indicator", source),
        "target_ref": id_of("malware", target),
    }
