"""`up --demo`: four organizations with one command, stopped with one key, found again."""

import re
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import psutil
import pytest
import requests

from indicators.management.demonstration.cast import CAST
from indicators.management.demonstration.stage import open_stage
from tests.database import place_for_data
from tests.journeys.demo import Demo, forget_demo, four_free_ports, running_demo

pytestmark = pytest.mark.journey

SLUGS = [who.slug for who in CAST]


@pytest.fixture(scope="module")
def root() -> Iterator[Path]:
    with place_for_data("retort-demo-") as root:
        yield root
        forget_demo(root)


@pytest.fixture(scope="module")
def demo(root: Path) -> Iterator[Demo]:
    """After its first start. The last tests stop it."""
    with running_demo(root, four_free_ports()) as found:
        found.await_started()
        yield found


def match_counts(demo: Demo) -> dict[str, int]:
    return {slug: len(demo.rows(slug, "match", "list")) for slug in ("alder", "birch", "cedar")}


def test_what_it_says_to_open_is_served_to_whom_it_names(demo: Demo, root: Path) -> None:
    password = open_stage(root / "demo", None).password
    assert f"password  {password}" in demo.printed()
    pages = re.findall(r"http://\S+", demo.printed())
    assert len(pages) == 6
    for page in pages:
        assert opened(page, "ana", password) == page


def opened(page: str, name: str, password: str) -> str:
    """Where a person ends up who signs in there."""
    with closing(requests.Session()) as session:
        form = session.get(page, timeout=20)
        hidden = dict(re.findall(r'name="(csrfmiddlewaretoken|next)" value="([^"]*)"', form.text))
        fields = {"login": name, "password": password, **hidden}
        answer = session.post(form.url, data=fields, headers={"Referer": form.url}, timeout=60)
        assert answer.status_code == 200
        return answer.url


@pytest.mark.parametrize("slug", SLUGS)
def test_everybody_knows_everybody(demo: Demo, slug: str) -> None:
    known = {row["name"]: row["state"] for row in demo.rows(slug, "peer", "list")}
    assert known == {who.name: "active" for who in CAST if who.slug != slug}


def test_a_campaign_that_hits_three_is_seen_by_all_three(demo: Demo) -> None:
    demo.await_that(lambda: all(match_counts(demo).values()), "everybody had a match")
    three = ("joint", "list", "--organizations", "3")
    demo.await_that(lambda: bool(demo.rows("alder", *three)), "three saw one actor")


def test_the_public_reports_reach_the_labs(demo: Demo) -> None:
    def reports() -> list[dict[str, Any]]:
        found = demo.rows("birch", "collection", "list")
        return [row for row in found if "Public knowledge" in row["title"] and row["entries"] > 10]

    demo.await_that(lambda: bool(reports()), "Birch had the reports")


def test_every_node_has_a_database_of_its_own(demo: Demo) -> None:
    assert sum(is_postmaster(each) for each in demo.family()) == len(CAST)


def is_postmaster(process: psutil.Process) -> bool:
    """False for one that has just ended."""
    with suppress(psutil.NoSuchProcess):
        parent = process.parent()
        return process.name() == "postgres" and parent is not None and parent.name() != "postgres"
    return False


def test_nothing_goes_wrong_that_nobody_sees(demo: Demo) -> None:
    assert "Traceback" not in demo.printed()
    assert "is started again" not in demo.printed()


def test_ctrl_c_stops_all_four(demo: Demo) -> None:
    family = demo.family()
    assert demo.interrupt() == 0
    assert [each for each in family if each.is_running()] == []


def test_a_second_start_finds_everything(demo: Demo, root: Path) -> None:
    assert demo.process.poll() == 0
    with running_demo(root, None) as again:
        again.await_started()
        assert "first start" not in again.printed()
        assert all(match_counts(again).values())
        assert again.interrupt() == 0
