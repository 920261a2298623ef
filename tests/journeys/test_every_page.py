"""Every page that links lead to, at a node among others with campaigns, matches and answers."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from indicators.management.demonstration.desk import PASSWORD as PERSON_PASSWORD
from indicators.models import Role
from tests.journeys.audit import Audit, audit
from tests.journeys.browser import Visitor, chromium, visit
from tests.journeys.crawl import unseen
from tests.journeys.federation import PASSWORD, Federation
from tests.journeys.furnishing import furnish
from tests.journeys.ingest_client import account, window

pytestmark = pytest.mark.journey


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as found:
        yield found


@pytest.fixture(scope="module")
def una(browser: Browser, federation: Federation) -> Visitor:
    """Somebody with every role at Alder."""
    alder = federation["Alder"]
    roles = [word for role in Role for word in ("--role", role.value)]
    alder.rows("person", "add", "una", *roles, "--password-from", PERSON_PASSWORD)
    visitor = visit(browser, alder.node.base_url)
    visitor.sign_in("una", PASSWORD)
    campaign_of(federation)
    return visitor


def campaign_of(federation: Federation) -> None:
    """Something that others have met, too."""
    people = [account(number, "every-page") for number in range(12)]
    for name in ("Birch", "Alder"):
        member = federation[name]
        assert member.detector is not None
        member.rows("detector", "set", member.detector.name, "--policy", "publish")
        job = member.report("every-page", "every-page", people, windows=[window()])
        member.detector.await_published([job])
    federation["Alder"].await_rows("match", "list")


@pytest.fixture(scope="module")
def found(una: Visitor) -> Audit:
    # The first steps are left once they are done.
    return audit(una, "/overview/", "/start/", furnish(una))


# Only a peer that errs or lies makes these: tests/web/test_peers.py shows them.
OF_MISCONDUCT = {"peer-quarantined", "peer-evidence"}


def test_links_lead_to_every_kind_of_page(found: Audit) -> None:
    assert unseen(found.names) - OF_MISCONDUCT == set()


def test_no_link_is_broken(found: Audit) -> None:
    assert found.broken == []


def test_no_page_has_a_serious_obstacle_for_anybody(found: Audit) -> None:
    assert found.inaccessible == []


def test_every_page_fits_a_phone(found: Audit) -> None:
    assert found.too_wide == []


def test_no_page_asks_outside_or_breaks_its_policy(found: Audit, una: Visitor) -> None:
    assert found.places
    una.has_nothing_to_report()
