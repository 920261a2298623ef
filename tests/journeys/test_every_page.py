"""Every page that links lead to, at a node among others with campaigns, matches and answers."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tests.journeys.audit import Audit, audit
from tests.journeys.browser import Visitor, chromium, visit
from tests.journeys.crawl import unseen
from tests.journeys.federation import PASSWORD, Federation

pytestmark = pytest.mark.journey


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as found:
        yield found


@pytest.fixture(scope="module")
def ana(browser: Browser, federation: Federation) -> Visitor:
    visitor = visit(browser, federation["Birch"].node.base_url)
    visitor.sign_in("ana", PASSWORD)
    return visitor


@pytest.fixture(scope="module")
def found(ana: Visitor) -> Audit:
    return audit(ana)


def test_links_lead_to_every_kind_of_page(found: Audit) -> None:
    assert unseen(found.names) == set()


def test_no_link_is_broken(found: Audit) -> None:
    assert found.broken == []


def test_no_page_has_a_serious_obstacle_for_anybody(found: Audit) -> None:
    assert found.inaccessible == []


def test_every_page_fits_a_phone(found: Audit) -> None:
    assert found.too_wide == []


def test_no_page_asks_outside_or_breaks_its_policy(found: Audit, ana: Visitor) -> None:
    assert found.places
    ana.has_nothing_to_report()
