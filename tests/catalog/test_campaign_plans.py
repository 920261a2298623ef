"""What the pages of campaigns and actors read, they find by indexes, however much is held."""

import pytest

from indicators.catalog.campaign import campaign
from indicators.catalog.campaigns import MOST_SUMMED, PAGE, Query, campaigns
from indicators.reconcile.actors import actor
from tests.catalog.large import INDICATORS, fill, joint_id, stix_id
from tests.store.plans import Plans, explained

pytestmark = pytest.mark.django_db

CAMPAIGNS = 1_500
#: A handful of rows each: reading them whole is right.
SMALL = {"indicators_member", "indicators_collection"}


@pytest.fixture(scope="module")
def held(lasting: None) -> None:
    """Campaigns with all that belongs to them."""
    fill(CAMPAIGNS)


def assert_by_indexes(plans: Plans, *names: str) -> None:
    assert not plans.scanned - SMALL
    assert set(names) <= plans.indexes


@pytest.mark.parametrize(
    "query",
    [
        Query(),
        Query(before=CAMPAIGNS // 2),
        Query(after=CAMPAIGNS // 2),
        Query(capability="coding", status="alleged", own=True),
    ],
    ids=["the first page", "older ones", "newer ones", "filtered"],
)
def test_the_list_reads_campaigns_alone(held: None, query: Query) -> None:
    with explained() as plans:
        found = campaigns(query)
    assert len(found.rows) == PAGE
    assert_by_indexes(plans, "catalog_by_type", "references_from")
    # The page and the sums, a few rows around each campaign of the page; nothing of the rest.
    assert plans.visited < 4 * (MOST_SUMMED + 1) + 40 * PAGE


def test_the_sums_end_somewhere(held: None) -> None:
    totals = campaigns(Query()).totals
    assert totals.campaigns == MOST_SUMMED
    assert not totals.is_all


def test_a_filter_that_nothing_passes_reads_campaigns_alone(held: None) -> None:
    with explained() as plans:
        assert campaigns(Query(text="nothing like it")).rows == ()
    assert_by_indexes(plans, "catalog_by_type")
    assert plans.visited < 8 * CAMPAIGNS


def test_a_campaign_costs_by_what_belongs_to_it(held: None) -> None:
    with explained() as plans:
        found = campaign(stix_id("campaign", "campaign/7"))
    assert found is not None
    assert found.indicator_count == INDICATORS
    assert len(found.heard) == INDICATORS
    assert_by_indexes(plans, "references_from", "references_to", "answers_to_object")
    assert plans.visited < 40 * INDICATORS


def test_an_actor_costs_by_its_members(held: None) -> None:
    with explained() as plans:
        found = actor(joint_id(7))
    assert found is not None
    assert [each.stix_id for each in found.campaigns] == [stix_id("campaign", "campaign/7")]
    assert_by_indexes(plans, "references_to")
    assert plans.visited < 200
