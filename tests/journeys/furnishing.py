"""What somebody has to do at a node before every kind of page has something to show."""

import re

from tests.journeys.browser import Visitor
from tests.journeys.ingest_client import account
from tests.journeys.submitting import pasted, submitted, until


def furnish(una: Visitor) -> str:
    """By somebody with every role, at a node where a campaign was reported. The path of what no
    link leads to once it is done: an errand that a worker was sent on."""
    _submit(una)
    refer(una)
    _webhook(una)
    return _errand(una)


def _submit(una: Visitor) -> None:
    """A submission with a line that is left out, back at its author."""
    path = submitted(una, "To show every page", [account(n, "furniture") for n in range(3)])
    una.open(f"{path}evidence/")
    box = una.page.locator("#id_pasted")
    box.fill(pasted([account(n, "furniture") for n in range(3)]) + "\nb, ip, nowhere")
    una.page.get_by_role("button", name="Save", exact=True).click()
    faults = una.page.get_by_role("link", name="Download the list")
    until(una, f"{path}evidence/", lambda: faults.count() == 1)


def refer(una: Visitor) -> str:
    """The path of a referral of the newest campaign to a recipient that is registered for it."""
    page = una.page
    una.open("/referrals/recipients/")
    page.get_by_label("Name").fill("Office of the public prosecutor")
    page.locator("select[name=max_tlp]").select_option(index=1)
    page.get_by_role("button", name="Register").click()
    una.open("/campaigns/")
    page.locator("main a[href^='/campaigns/campaign--']").first.click()
    page.locator("a[href$='/refer/']").first.click()
    page.locator("select[name=recipient]").select_option(label="Office of the public prosecutor")
    page.get_by_role("button", name="Show what they would get").click()
    page.get_by_label("Summary for the recipient").fill("Accounts that act together.")
    page.locator("input[name=legal_basis]").first.check()
    page.get_by_label("Contact").fill("abuse@alder.example")
    page.get_by_role("button", name="Make the referral").click()
    page.wait_for_url(re.compile(r"/referrals/[0-9a-f-]{36}/"))
    return una.path()


def _webhook(una: Visitor) -> None:
    una.open("/settings/webhooks/")
    una.page.locator("input[name=url]").fill("https://hooks.example/retort")
    una.page.locator("input[name=events]").first.check()
    una.page.get_by_role("button", name="Add it").click()
    una.page.wait_for_load_state()


def _errand(una: Visitor) -> str:
    """A worker is sent to a node that does not answer."""
    una.open("/peers/add/")
    una.page.locator("main input[name=url]").fill("http://127.0.0.1:9")
    una.page.locator("main details:has(input[name=allow_private]) summary").click()
    una.page.locator("main input[name=allow_private]").check()
    una.page.get_by_role("button", name="Read its description").click()
    una.page.wait_for_url("**/errands/**")
    return una.path()
