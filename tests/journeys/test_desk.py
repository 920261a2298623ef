"""A campaign goes from one person's desk to another organization's and back, in real browsers.

Ana of Alder submits what she knows, Rae of Alder decides, Birch has met the same accounts and
confirms it, and Alder sees that it is not alone. Told once; each test looks at one thing.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.journeys.browser import Visitor, chromium, visit
from tests.journeys.federation import PASSWORD, Federation, Member
from tests.journeys.ingest_client import account, wanted
from tests.journeys.submitting import WORKERS, own_collection, send, submitted, until

pytestmark = pytest.mark.journey

NAME = "Campaign of the lower desk"
ROWS = wanted("RETORT_CSV_ROWS", 100_000)
PEOPLE = [account(number, "desk-both") for number in range(12)]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as found:
        yield found


@dataclass
class Desk:
    """The people of the story, and what they saw."""

    ana: Visitor
    rae: Visitor
    birch: Visitor
    pages: dict[str, str] = field(default_factory=dict)
    path: str = ""


def at(browser: Browser, member: Member, name: str, **how: bool) -> Visitor:
    visitor = visit(browser, member.node.base_url, **how)  # type: ignore[arg-type]
    visitor.sign_in(name, PASSWORD)
    return visitor


@pytest.fixture(scope="module")
def desk(browser: Browser, federation: Federation) -> Desk:
    alder, birch = federation["Alder"], federation["Birch"]
    met_at_birch(birch)
    told = Desk(at(browser, alder, "ana"), at(browser, alder, "rae"), at(browser, birch, "ana"))
    told.path = submitted(told.ana, NAME, PEOPLE)
    told.pages["prepared"] = told.ana.text()
    send(told.ana)
    told.pages["sent"] = told.ana.text()
    approve(told)
    told.pages["published"] = published(told)
    confirm_at_birch(told)
    told.pages["corroborated"] = corroborated(told)
    return told


def met_at_birch(birch: Member) -> None:
    """Of which Birch has told nobody."""
    assert birch.detector is not None
    birch.rows("detector", "set", birch.detector.name, "--policy", "review")
    birch.report("desk", "desk-cluster", PEOPLE)
    birch.await_rows("draft", "list")


def approve(told: Desk) -> None:
    page = told.rae.page
    told.rae.open("/reviews/")
    told.pages["queue"] = told.rae.text()
    page.locator("main [data-row] a").first.click()
    page.wait_for_url(re.compile(r"/reviews/[0-9a-f-]{36}/"))
    told.pages["review"] = told.rae.text()
    page.get_by_role("button", name="Approve").click()
    page.wait_for_load_state()


def published(told: Desk) -> str:
    until(told.ana, told.path, lambda: "Published. What peers see" in told.ana.text())
    return told.ana.text()


def confirm_at_birch(told: Desk) -> None:
    page = told.birch.page
    row = page.locator("main [data-row]", has_text="Alder").first
    until(told.birch, "/matches/", lambda: row.count() > 0)
    told.pages["matches"] = told.birch.text()
    for box in page.locator("main [data-row] input[type=checkbox]").all():
        box.check()
    page.get_by_role("button", name="Confirm…").click()
    expect(page.get_by_role("heading", name="What will be told")).to_be_visible()
    told.pages["told"] = told.birch.text()
    page.locator("#preview button.primary").click()
    page.wait_for_url("**/matches/**")
    expect(page.get_by_text("Nobody is told before").first).to_be_visible()


def corroborated(told: Desk) -> str:
    """The campaign's page at Alder, once it says that Birch saw it, too."""
    told.ana.open("/campaigns/")
    told.ana.page.get_by_role("link", name=NAME).first.click()
    told.ana.page.wait_for_url("**/campaigns/campaign--*/")
    path = told.ana.path()
    until(told.ana, path, lambda: "Birch" in told.ana.text())
    return told.ana.text()


def test_its_author_sees_what_becomes_of_identifiers_before_anybody_else(desk: Desk) -> None:
    assert "email" in desk.pages["prepared"]
    assert "Birch" in desk.pages["prepared"]
    assert "desk-both" not in desk.pages["prepared"]


def test_the_reviewer_reads_the_same_words(desk: Desk) -> None:
    assert "Many accounts ask for worked reasoning by turns." in desk.pages["review"]
    assert "desk-both" not in desk.pages["review"]


def test_who_approved_it_is_shown_to_its_author(desk: Desk) -> None:
    assert "rae approved it" in desk.pages["published"]


def test_a_match_is_called_a_lead(desk: Desk) -> None:
    assert "A match is a lead" in desk.pages["matches"]
    assert "Alder" in desk.pages["matches"]


def test_what_is_told_is_shown_before_it_is_told(desk: Desk) -> None:
    assert "Exactly as it leaves" in desk.pages["told"]
    assert "Alder" in desk.pages["told"]
    assert "desk-both" not in desk.pages["told"]


def test_corroboration_is_visible_at_home(desk: Desk) -> None:
    assert "Birch" in desk.pages["corroborated"]


def test_its_peers_hold_it_by_their_own_word(desk: Desk) -> None:
    until(desk.ana, desk.path, lambda: "all of it" in desk.ana.text())


def test_the_pages_complained_of_nothing(desk: Desk) -> None:
    for visitor in (desk.ana, desk.rae, desk.birch):
        visitor.has_nothing_to_report()


def test_who_submits_cannot_approve_not_even_by_a_crafted_request(
    browser: Browser, federation: Federation
) -> None:
    rae = at(browser, federation["Alder"], "rae")
    submitted(rae, "Written by a reviewer", [account(n, "desk-own") for n in range(12)])
    send(rae)
    rae.open("/reviews/")
    own = rae.page.get_by_role("link", name=re.compile("submission|Written", re.IGNORECASE))
    path = own.first.get_attribute("href") or ""
    assert path.startswith("/reviews/")
    rae.open(path)
    assert rae.page.get_by_role("button", name="Approve").count() == 0
    token = rae.page.locator("input[name=csrfmiddlewaretoken]").first.input_value()
    fields = {"csrfmiddlewaretoken": token, "decision": "approve", "reason": ""}
    headers = {"Referer": rae.base_url + path}
    answer = rae.page.request.post(
        f"{rae.base_url}{path}decide/", form=fields, headers=headers, max_redirects=0
    )
    assert answer.status in (302, 303, 403, 409, 422, 200)
    [draft] = [row for row in federation["Alder"].rows("draft", "list") if row["id"] in path]
    assert draft["state"] == "review"


def test_a_submission_is_made_without_script(browser: Browser, federation: Federation) -> None:
    ana = at(browser, federation["Alder"], "ana", script=False)
    page = ana.page
    ana.open("/submissions/new/")
    page.get_by_label("Name").fill("Without script")
    page.get_by_role("button", name="Begin").click()
    page.locator("select[name=collection]").select_option(label=own_collection(page))
    page.locator("select[name=tlp]").select_option("green")
    page.locator("input[name=capability_targets][value=reasoning]").check()
    page.get_by_role("button", name="Save and look at what peers will see").click()
    prepared = page.get_by_role("button", name="Send to review")
    path = ana.path()
    until(ana, path, lambda: prepared.count() == 1)
    prepared.click()
    assert "It waits for a reviewer" in ana.text()


def test_a_table_of_many_rows_is_read_and_its_faults_named(
    browser: Browser, federation: Federation, tmp_path: Path
) -> None:
    table = tmp_path / "identifiers.csv"
    rows = [f"seat-{n},email,seat.{n}@mail.example\n" for n in range(ROWS - 2)]
    table.write_text("account,kind,identifier\n" + "".join(rows) + "a,email,none\nb,ip,nowhere\n")
    ana = at(browser, federation["Alder"], "ana")
    page = ana.page
    ana.open("/submissions/new/")
    page.get_by_label("Name").fill("A large table")
    page.get_by_role("button", name="Begin").click()
    page.get_by_role("link", name="2. Identifiers").click()
    page.locator("input[type=file]").set_input_files(table)
    page.get_by_role("button", name="Upload").click()
    found = page.get_by_text(f"{ROWS - 2:,} identifiers")
    expect(found).to_be_visible(timeout=WORKERS)
    with page.expect_download() as download:
        page.get_by_role("link", name="Download the list").click()
    faults = Path(str(download.value.path())).read_text()
    assert str(ROWS) in faults
    assert str(ROWS + 1) in faults
    assert "nowhere" not in faults
    ana.has_nothing_to_report()


@pytest.mark.parametrize(
    ("name", "opened", "closed"),
    [
        ("rae", ["Submit", "Review", "Matches"], ["/peers/", "/audit/", "/settings/people/"]),
        ("ana", ["Submit", "Peers", "Audit"], ["/reviews/"]),
    ],
)
def test_each_person_sees_the_pages_of_their_roles(
    browser: Browser, federation: Federation, name: str, opened: list[str], closed: list[str]
) -> None:
    person = at(browser, federation["Birch"], name)
    person.expected.add(403)
    areas = person.page.locator("nav.side a").all_inner_texts()
    assert set(opened) <= set(areas)
    for path in closed:
        assert person.open(path).status == 403
        assert person.page.locator(f'nav.side a[href="{path}"]').count() == 0


def test_the_keyboard_walks_a_list_and_opens_its_rows(desk: Desk) -> None:
    page = desk.birch.page
    desk.birch.open("/matches/?state=confirmed")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"/matches/[0-9a-f-]{36}/"))
    page.keyboard.press("g")
    page.keyboard.press("o")
    page.wait_for_url("**/overview/")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_be_visible()


def test_a_campaign_prints_without_the_frame(desk: Desk) -> None:
    page = desk.ana.page
    desk.ana.open("/campaigns/")
    page.get_by_role("link", name=NAME).first.click()
    page.emulate_media(media="print")
    assert not page.locator("nav.side").is_visible()
    assert page.locator("main h1").is_visible()
    page.emulate_media(media="screen")
