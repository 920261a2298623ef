"""What must hold on every page: nothing from outside, no error, room on a phone, AA for all."""

from dataclasses import dataclass, field
from typing import Any

from axe_playwright_python.sync_playwright import Axe

from tests.journeys.browser import PHONE, WIDE, Visitor
from tests.journeys.crawl import Place, crawl

_RULES = {
    "resultTypes": ["violations"],
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
}
_CONTRAST = {
    "resultTypes": ["violations"],
    "runOnly": {"type": "rule", "values": ["color-contrast"]},
}
_GRAVE = ("serious", "critical")
# How far the page is wider than the window, and the elements that stick out.
_OVERFLOW = """() => {
  const wide = document.documentElement.scrollWidth - window.innerWidth;
  if (wide <= 0) return null;
  const out = [...document.querySelectorAll("main *")].filter(
    (each) => each.getBoundingClientRect().right > window.innerWidth + 1
      && !each.closest(".table-wrap, pre, .tabs, svg"));
  return `${wide} px: ` + out.slice(0, 3).map((each) => each.outerHTML.slice(0, 120)).join(" | ");
}"""


@dataclass
class Audit:
    """What was found, a sentence each."""

    places: list[Place] = field(default_factory=list)
    inaccessible: list[str] = field(default_factory=list)
    too_wide: list[str] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)

    @property
    def names(self) -> set[str]:
        return {place.name for place in self.places}


def audit(visitor: Visitor, *starts: str) -> Audit:
    """Every page that links lead to, once each: wide, dark, and on a phone."""
    found = Audit()
    for place in crawl(lambda place: _look(visitor, place, found), visitor.base_url, *starts):
        found.places.append(place)
    return found


def _look(visitor: Visitor, place: Place, found: Audit) -> str:
    answer = visitor.page.request.get(visitor.base_url + place.path)
    if answer.status != 200:
        found.broken.append(f"{place.path} ({place.name}) answers {answer.status}")
        return ""
    if "text/html" not in answer.headers.get("content-type", ""):
        return ""
    page = visitor.page
    page.set_viewport_size({"width": WIDE[0], "height": WIDE[1]})
    page.emulate_media(color_scheme="light")
    visitor.open(place.path)
    found.inaccessible += [f"{place.path}: {each}" for each in _violations(visitor, _RULES)]
    page.emulate_media(color_scheme="dark")
    found.inaccessible += [
        f"{place.path}, dark: {each}" for each in _violations(visitor, _CONTRAST)
    ]
    page.set_viewport_size({"width": PHONE[0], "height": PHONE[1]})
    if sticking_out := page.evaluate(_OVERFLOW):
        found.too_wide.append(f"{place.path}: {sticking_out}")
    return page.content()


def _violations(visitor: Visitor, rules: dict[str, Any]) -> list[str]:
    results = Axe().run(visitor.page, options=rules).response["violations"]
    return [
        f"{each['id']}: {each['help']}: {node['html'][:200]} {node.get('failureSummary', '')[:300]}"
        for each in results
        if each["impact"] in _GRAVE
        for node in each["nodes"][:3]
    ]
