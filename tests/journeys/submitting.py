"""What people type, and press, to submit a campaign."""

import re
from collections.abc import Callable
from typing import Any

from playwright.sync_api import Page, expect

from tests.journeys.browser import Visitor

#: Milliseconds that workers may take.
WORKERS = 120_000.0


def submitted(author: Visitor, name: str, people: list[dict[str, Any]]) -> str:
    """A prepared submission: its path."""
    page = author.page
    author.open("/submissions/new/")
    page.get_by_label("Name").fill(name)
    page.get_by_role("button", name="Begin").click()
    page.wait_for_url("**/edit/")
    page.get_by_label("What is known").fill("Many accounts ask for worked reasoning by turns.")
    page.locator("input[name=capability_targets][value=coding]").check()
    page.locator("input[name=interaction_count]").fill("61,240")
    page.locator("select[name=interaction_count_qualifier]").select_option("gt")
    page.locator("select[name=collection]").select_option(label=own_collection(page))
    page.locator("select[name=tlp]").select_option("green")
    page.get_by_role("button", name="Save", exact=True).click()
    page.get_by_role("link", name="2. Identifiers").click()
    page.locator("#id_pasted").fill(pasted(people))
    page.get_by_role("button", name="Save and look at what peers will see").click()
    page.wait_for_url(re.compile(r"/submissions/[0-9a-f-]{36}/$"))
    expect(page.get_by_role("heading", name="Send it to review")).to_be_visible(timeout=WORKERS)
    return author.path()


def own_collection(page: Page) -> str:
    options = page.locator("select[name=collection] option").all_inner_texts()
    return next(option for option in options if option.startswith("Findings of"))


def pasted(people: list[dict[str, Any]]) -> str:
    return "\n".join(
        f"{person['ref']}, {each['kind']}, {each['value']}"
        for person in people
        for each in person["identifiers"]
    )


def send(author: Visitor) -> None:
    author.page.get_by_role("button", name="Send to review").click()
    expect(author.page.get_by_text("It waits for a reviewer")).to_be_visible(timeout=WORKERS)


def until(
    visitor: Visitor, path: str, condition: Callable[[], bool], patience: float = 90.0
) -> None:
    """Reloads, as people do."""
    for _ in range(int(patience * 2)):
        visitor.open(path)
        if condition():
            return
        visitor.page.wait_for_timeout(500)
    raise AssertionError(f"After {patience:.0f} s {path} says:\n{visitor.text()}")
