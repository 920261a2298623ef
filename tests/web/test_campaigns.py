"""The pages of campaigns and actors, on the public reports and on what detectors find."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from indicators.catalog.campaign import MOST_AROUND
from indicators.catalog.campaign_facts import MOST_LISTED
from indicators.catalog.campaigns import PAGE
from indicators.catalog.claims import MOST_CLAIMS
from indicators.models import Audience, Collection, Grant, JointEvent, Member, Person
from indicators.pipeline.cataloguing import catalogue
from indicators.stix.extensions import extensions
from indicators.store.admission import admit
from indicators.store.custody import ensure_own_member, open_collection
from tests.objects import TLP_GREEN, id_of, indicator, moment, stamp, stix_objects
from tests.reconcile.claims import claim as told_indicator
from tests.reconcile.claims import cluster, connect, match, network_id, publish
from tests.web.reading import page, words

pytestmark = pytest.mark.django_db

REPORTS = Path(__file__).parents[1] / "vectors/stix/public-reports.json"
DEEPSEEK = "campaign--8d25410f-3b58-45b1-b2d5-ba9aa241f093"
ALIBABA = "campaign--f1ee2e87-9b3d-465a-8646-19e37b20903d"
EXTENSIONS = {each.name: each.id for each in extensions().values()}


@pytest.fixture
def shelf(db: None) -> Collection:
    ensure_own_member()
    return open_collection(title="Public knowledge", audience=Audience.NAMED)


@pytest.fixture
def reports(shelf: Collection) -> Collection:
    """The four publicly reported campaigns."""
    add(shelf, ensure_own_member(), *json.loads(REPORTS.read_bytes())["objects"])
    return shelf


def add(shelf: Collection, by: Member, *values: dict[str, Any]) -> None:
    outcomes = admit(shelf, by, stix_objects(values))
    assert {outcome.verdict.value for outcome in outcomes} <= {"added", "duplicate"}, outcomes
    catalogue()


def member(name: str) -> Member:
    identity = id_of("identity", name)
    return Member.objects.get_or_create(name=name, defaults={"identity_id": identity})[0]


def made(kind: str, key: object, **said: Any) -> dict[str, Any]:
    return {
        "type": kind,
        "spec_version": "2.1",
        "id": id_of(kind, key),
        "created": stamp(moment(0)),
        "modified": stamp(moment(0)),
        "object_marking_refs": [TLP_GREEN],
        **said,
    }


def campaign(key: object, told: dict[str, Any] | None = None, **said: Any) -> dict[str, Any]:
    stated = {"extension_type": "property-extension", "allegation_status": "alleged"}
    extension = {EXTENSIONS["distillation-campaign"]: {**stated, **(told or {})}}
    return made("campaign", key, name=f"Campaign {key}", extensions=extension, **said)


def related(source: str, how: str, target: str, key: object = "", **said: Any) -> dict[str, Any]:
    return made(
        "relationship",
        f"{source}{how}{target}{key}",
        relationship_type=how,
        source_ref=source,
        target_ref=target,
        **said,
    )


def attributed(source: str, target: str, by: str, key: object = "", **told: Any) -> dict[str, Any]:
    stated = {
        "extension_type": "property-extension",
        "claimed_by_ref": id_of("identity", by),
        "basis": ["not-stated"],
        "status": "alleged",
        **told,
    }
    extension = {EXTENSIONS["attribution-claim"]: stated}
    return related(source, "attributed-to", target, key, extensions=extension)


def counted(value: int, qualifier: str = "exact") -> dict[str, Any]:
    return {"value": value, "qualifier": qualifier}


# --- The list ---


def test_an_empty_node_says_what_campaigns_are_for(ana: Client) -> None:
    assert "No campaigns yet" in words(ana.get("/campaigns/"))


def test_the_list_names_who_is_alleged(reports: Collection, ana: Client) -> None:
    assert "DeepSeek alleged" in words(ana.get("/campaigns/"))


def test_totals_keep_the_weaker_qualifier(shelf: Collection, ana: Client) -> None:
    for key, value in enumerate((150_000, 3_400_000, 13_000_000)):
        add(shelf, ensure_own_member(), campaign(key, {"interaction_count": counted(value, "gt")}))
    assert "Interactions > 16.55 M" in words(ana.get("/campaigns/"))


def test_a_capability_shows_the_campaigns_that_are_after_it(
    reports: Collection, ana: Client
) -> None:
    shown = page(ana, "/campaigns/?capability=rubric-grading")
    assert DEEPSEEK in shown
    assert ALIBABA not in shown


def test_a_technique_of_the_same_name_is_no_capability(shelf: Collection, ana: Client) -> None:
    told = {"elicitation_techniques": ["rubric-grading"]}
    add(shelf, ensure_own_member(), campaign("one", told))
    shown = words(ana.get("/campaigns/?capability=rubric-grading"))
    assert "No campaign matches" in shown


def test_a_filter_that_makes_no_sense_is_said_at_the_form(ana: Client) -> None:
    answer = ana.get("/campaigns/?status=guilty")
    assert "guilty is not one of the available choices" in words(answer, 400)


def test_text_that_looks_like_a_pattern_is_only_text(reports: Collection, ana: Client) -> None:
    assert "No campaign matches" in words(ana.get("/campaigns/", {"text": "%"}))


def test_what_was_taken_back_is_shown_when_asked_for(shelf: Collection, ana: Client) -> None:
    add(shelf, ensure_own_member(), campaign("one", revoked=True))
    assert "Campaign one" not in words(ana.get("/campaigns/"))
    assert "Campaign one" in words(ana.get("/campaigns/?revoked=on"))


def test_the_list_goes_on_where_the_page_ends(shelf: Collection, ana: Client) -> None:
    add(shelf, ensure_own_member(), *(campaign(number) for number in range(PAGE + 5)))
    first = ana.get("/campaigns/")
    assert len(first.context["found"].rows) == PAGE
    second = ana.get(f"/campaigns/?{first.context['page'].older}")
    assert len(second.context["found"].rows) == 5
    back = ana.get(f"/campaigns/?{second.context['page'].newer}")
    assert back.context["found"].rows == first.context["found"].rows


def test_the_list_costs_the_same_however_many(
    shelf: Collection, ana: Client, django_assert_max_num_queries: Any
) -> None:
    add(shelf, ensure_own_member(), *(campaign(number) for number in range(PAGE + 5)))
    with django_assert_max_num_queries(14):
        page(ana, "/campaigns/")


# --- One campaign ---


def page_of(client: Client, stix_id: str) -> str:
    return words(client.get(f"/campaigns/{stix_id}/"))


def test_an_unknown_campaign_is_404(ana: Client) -> None:
    assert ana.get(f"/campaigns/{id_of('campaign')}/").status_code == 404


def test_another_object_is_no_campaign(shelf: Collection, ana: Client) -> None:
    add(shelf, ensure_own_member(), indicator("one"))
    assert ana.get(f"/campaigns/{id_of('indicator', 'one')}/").status_code == 404


def test_a_count_is_shown_with_its_qualifier_and_as_it_was_reported(
    reports: Collection, ana: Client
) -> None:
    assert "> 150,000 “over 150,000 exchanges”" in page_of(ana, DEEPSEEK)


def test_a_claim_is_shown_with_whose_it_is_and_how_good_its_source(
    reports: Collection, ana: Client
) -> None:
    shown = page_of(ana, ALIBABA)
    assert "Anthropic, 10 Jun 2026" in shown
    assert "C3 fairly reliable source, possibly true" in shown


def test_four_clocks_are_apart(reports: Collection, ana: Client) -> None:
    shown = page_of(ana, ALIBABA)
    clocks = ("It happened", "It was claimed", "It was published", "It arrived here")
    assert all(clock in shown for clock in clocks)


def test_nobody_has_seen_first_hand_what_is_only_reported(reports: Collection, ana: Client) -> None:
    assert "Nobody here has seen it first-hand" in page_of(ana, DEEPSEEK)


def test_a_source_that_is_no_web_address_is_no_link(shelf: Collection, ana: Client) -> None:
    source = {"source_name": "Mallory", "url": "javascript:alert(1)"}
    add(shelf, ensure_own_member(), campaign("one", external_references=[source]))
    shown = page(ana, f"/campaigns/{id_of('campaign', 'one')}/")
    assert 'href="javascript' not in shown


def test_what_others_write_is_only_text(shelf: Collection, ana: Client) -> None:
    add(shelf, ensure_own_member(), campaign("one", description="<script>alert(1)</script>"))
    shown = page(ana, f"/campaigns/{id_of('campaign', 'one')}/")
    assert "<script>alert" not in shown


def test_two_organizations_that_claim_the_same_corroborate(shelf: Collection, ana: Client) -> None:
    told = campaign("one")
    actor = made("threat-actor", "one", name="Operators")
    add(shelf, ensure_own_member(), told, actor)
    for name in ("Birch", "Cedar"):
        add(shelf, member(name), attributed(told["id"], actor["id"], name, name))
    claims = ana.get(f"/campaigns/{told['id']}/").context["campaign"].claims
    assert [each.corroborated_by for each in claims] == [("Cedar",), ("Birch",)]


def test_who_tells_the_claims_of_two_corroborates_nothing(shelf: Collection, ana: Client) -> None:
    told = campaign("one")
    actor = made("threat-actor", "one", name="Operators")
    add(shelf, ensure_own_member(), told, actor)
    for name in ("Birch", "Cedar"):
        add(shelf, member("Mallory"), attributed(told["id"], actor["id"], name, name))
    claims = ana.get(f"/campaigns/{told['id']}/").context["campaign"].claims
    assert [each.corroborated_by for each in claims] == [(), ()]


def test_only_its_author_says_which_accounts_a_campaign_uses(
    shelf: Collection, ana: Client
) -> None:
    told = campaign("one")
    network = made("infrastructure", "one", name="Accounts")
    add(shelf, ensure_own_member(), told, network)
    add(shelf, member("Mallory"), related(told["id"], "uses", network["id"]))
    found = ana.get(f"/campaigns/{told['id']}/").context["campaign"]
    assert found.networks == ()
    assert [(each.stix_id, each.told_by) for each in found.others] == [(network["id"], "Mallory")]


def test_nobody_crowds_out_what_its_author_says(shelf: Collection, ana: Client) -> None:
    told = campaign("one")
    network = made("infrastructure", "one", name="Accounts")
    actor = made("threat-actor", "one", name="Operators")
    add(shelf, ensure_own_member(), told, network, actor)
    flood = [related(told["id"], "uses", id_of("tool", n)) for n in range(MOST_AROUND + 5)]
    claims = [attributed(told["id"], actor["id"], "Mallory", n) for n in range(MOST_CLAIMS + 5)]
    tools = [made("tool", n, name=f"Tool {n}") for n in range(MOST_AROUND + 5)]
    add(shelf, member("Mallory"), *tools, *flood, *claims)
    by_author = attributed(told["id"], actor["id"], "Alder")
    add(shelf, ensure_own_member(), related(told["id"], "uses", network["id"]), by_author)
    found = ana.get(f"/campaigns/{told['id']}/").context["campaign"]
    assert [each.stix_id for each in found.networks] == [network["id"]]
    assert by_author["id"] in {each.stix_id for each in found.claims}


def large(shelf: Collection, indicators: int) -> str:
    """A campaign with one account network of 25,000 accounts, and its indicators; the id."""
    size = {"cluster_size": counted(25_000, "approx"), "method": "synchrony-graph"}
    evidence = {
        EXTENSIONS["coordination-evidence"]: {"extension_type": "property-extension", **size}
    }
    told = campaign("large")
    network = made("infrastructure", "large", name="Accounts", extensions=evidence)
    parts = [indicator(number, object_marking_refs=[TLP_GREEN]) for number in range(indicators)]
    links = [related(part["id"], "indicates", network["id"]) for part in parts]
    uses = related(told["id"], "uses", network["id"])
    add(shelf, ensure_own_member(), told, network, uses, *parts, *links)
    return str(told["id"])


def test_a_large_cluster_is_one_node_with_its_number(shelf: Collection, ana: Client) -> None:
    shown = page(ana, f"/campaigns/{large(shelf, 300)}/")
    assert "about 25,000 accounts" in shown
    assert shown.count("data-node=") == 3


def test_a_large_campaign_costs_the_same_queries(
    shelf: Collection, ana: Client, django_assert_max_num_queries: Any
) -> None:
    stix_id = large(shelf, 300)
    with django_assert_max_num_queries(20):
        page(ana, f"/campaigns/{stix_id}/")


def test_what_changed_between_versions_is_shown(shelf: Collection, ana: Client) -> None:
    add(shelf, ensure_own_member(), campaign("one", description="As we see it."))
    later = {**campaign("one", description="As we see it now."), "modified": stamp(moment(9))}
    add(shelf, ensure_own_member(), later)
    shown = page_of(ana, id_of("campaign", "one"))
    assert "1 field changed" in shown
    assert "As we see it. As we see it now." in shown


def test_who_has_got_it_is_shown(shelf: Collection, ana: Client) -> None:
    add(shelf, ensure_own_member(), campaign("one"))
    Grant.objects.create(member=member("Birch"), collection=shelf)
    assert "Birch Public knowledge not yet" in page_of(ana, id_of("campaign", "one"))


def test_a_list_without_end_is_cut(shelf: Collection, ana: Client) -> None:
    told = {"capability_targets": [f"term-{number}" for number in range(5_000)]}
    add(shelf, ensure_own_member(), campaign("one", told))
    assert len(ana.get("/campaigns/").content) < 100_000
    shown = ana.get(f"/campaigns/{id_of('campaign', 'one')}/").content
    assert shown.count(b'badge info">term-') == MOST_LISTED


@pytest.mark.parametrize("zone", ["Asia/Tokyo", "America/New_York"])
def test_times_at_the_ends_of_the_calendar_are_shown(
    shelf: Collection, ana: Client, zone: str
) -> None:
    Person.objects.update(time_zone=zone)
    seen = {"first_seen": "0001-01-01T00:00:00.000Z", "last_seen": "9999-12-31T23:59:59.999Z"}
    told = campaign("one", **seen)
    actor = made("threat-actor", "one", name="Operators")
    claim = attributed(told["id"], actor["id"], "Birch", claim_date="9999-12-31")
    add(shelf, ensure_own_member(), told, actor, claim)
    assert ana.get(f"/campaigns/{told['id']}/").status_code == 200
    assert ana.get("/campaigns/").status_code == 200


def test_only_who_works_on_it_refers_a_campaign(
    reports: Collection, ana: Client, adam: Client
) -> None:
    assert "Refer to an authority" in page_of(ana, DEEPSEEK)
    assert "Refer to an authority" not in page_of(adam, DEEPSEEK)


# --- An actor ---


@pytest.fixture
def actor(db: None) -> str:
    """Alder and Birch see the same accounts; a second cluster of Alder's is told to nobody."""
    own = cluster("c")
    first = publish(own, "own", ["a", "b"])
    other = told_indicator("Birch", "birch's", ["b", "c"], subject=network_id("birch's"))
    second = cluster("d")
    found = match(second, other, state="confirmed", decided_at=moment(0))
    [joint] = connect(first, other, matches=[found])
    return f"/actors/{joint}/"


def test_an_actor_is_shown_with_who_sees_it(actor: str, ana: Client) -> None:
    assert "An actor seen by 2 organizations" in words(ana.get(actor))


def test_an_actors_confidence_is_explained_term_by_term(actor: str, ana: Client) -> None:
    shown = words(ana.get(actor))
    assert "Birch (usually reliable, 0.8) states 80 of 100" in shown


def test_an_actors_explanation_leads_to_its_evidence(actor: str, ana: Client) -> None:
    shown = page(ana, actor)
    assert re.search(r"states 80 of 100 by indicator <a href", shown)


def test_an_analyst_comes_from_an_actor_to_our_clusters(actor: str, ana: Client) -> None:
    assert "/clusters/" in page(ana, actor)


def test_an_administrator_sees_no_cluster_of_ours(actor: str, adam: Client) -> None:
    shown = page(adam, actor)
    assert "/clusters/" not in shown
    assert not re.search(r"[Cc]luster[ /][0-9]", shown)


def test_an_actors_history_is_told(actor: str, ana: Client) -> None:
    assert JointEvent.objects.exists()
    assert "Formed" in words(ana.get(actor))


def test_an_unknown_actor_is_404(ana: Client) -> None:
    assert ana.get("/actors/00000000-0000-4000-8000-000000000000/").status_code == 404


def test_an_actor_that_merged_leads_on_to_where_it_went(db: None, ana: Client) -> None:
    [first] = connect(told_indicator("Birch", "one", ["a"]))
    [second] = connect(told_indicator("Cedar", "two", ["b"]))
    connect(told_indicator("Forum", "three", ["a", "b"]))
    pages = [words(ana.get(f"/actors/{each}/")) for each in (first, second)]
    assert sum("found to be the same as this one" in page for page in pages) == 1


def test_an_actor_costs_the_same_queries(
    actor: str, ana: Client, django_assert_max_num_queries: Any
) -> None:
    with django_assert_max_num_queries(18):
        page(ana, actor)
