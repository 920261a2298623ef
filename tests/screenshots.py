"""`python -m tests.screenshots [--seconds N] [--into FOLDER]`: every page as people see it.

Starts the demonstration, lets its campaigns flow for a while, opens every page of one organization
that links lead to, light and dark, wide and on a phone, and keeps pictures of them in a folder that
git ignores. For looking at; what can be checked without eyes is checked by the tests.
"""

import argparse
import sys
import tempfile
import time
from itertools import product
from pathlib import Path

from playwright.sync_api import Browser

import tests.conftest  # noqa: F401 - settings, of nobody's node
from indicators.local.places import CHECKOUT
from tests.journeys.browser import PHONE, WIDE, Visitor, chromium, visit
from tests.journeys.crawl import Place, crawl
from tests.journeys.demo import forget_demo, four_free_ports, running_demo
from tests.journeys.furnishing import furnish

NAME = "una"
_SHAPES = {"wide": WIDE, "phone": PHONE}
_LIGHTS = {"light": False, "dark": True}


def main() -> None:
    options = _options()
    with tempfile.TemporaryDirectory(prefix="retort-screens-") as folder:
        root = Path(folder)
        root.chmod(0o711)
        with running_demo(root / "node", four_free_ports()) as demo, chromium() as browser:
            demo.await_started()
            time.sleep(options.seconds)
            url, password = demo.door()
            demo.add_with_every_role(NAME, password)
            count = shoot(browser, url, password, options.into)
        forget_demo(root / "node")
    print(f"{count} pictures in {options.into}")


def shoot(browser: Browser, url: str, password: str, into: Path) -> int:
    """The number of pictures."""
    into.mkdir(parents=True, exist_ok=True)
    guide = _guest(browser, url, password)
    starts = ("/overview/", "/start/", furnish(guide))
    places = list(crawl(lambda place: _html(guide, place), url, *starts))
    count = 0
    for shape, light in product(_SHAPES, _LIGHTS):
        guest = _guest(browser, url, password, _SHAPES[shape], dark=_LIGHTS[light])
        for place in places:
            if _html(guest, place):
                name = f"{place.name}-{shape}-{light}.png"
                guest.page.screenshot(path=into / name, full_page=True)
                count += 1
        guest.context.close()
    return count


def _guest(
    browser: Browser, url: str, password: str, size: tuple[int, int] = WIDE, *, dark: bool = False
) -> Visitor:
    guest = visit(browser, url, size=size, dark=dark)
    guest.sign_in(NAME, password)
    return guest


def _html(guest: Visitor, place: Place) -> str:
    answer = guest.page.request.get(guest.base_url + place.path)
    if "text/html" not in answer.headers.get("content-type", ""):
        return ""
    guest.open(place.path)
    return guest.page.content()


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.screenshots", description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0, help="that campaigns flow (60)")
    parser.add_argument("--into", type=Path, default=CHECKOUT / "screenshots", help="the folder")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
