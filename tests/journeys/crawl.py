"""Every page that people can get to, found as they find it: by the links of the pages before.

A page that nobody can reach by a link is not there for people, so `unseen` names those too.
"""

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from html.parser import HTMLParser
from urllib.parse import urljoin, urlsplit

from django.urls import Resolver404, resolve

from indicators.web.urls import urlpatterns

#: Of one kind of page so many are looked at: they are made by one view.
MOST_OF_A_KIND = 1


@dataclass(frozen=True)
class Place:
    """A page: the name of its path, and one address that it has."""

    name: str
    path: str


class _Links(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = dict(attrs)
        if tag == "a" and named.get("href") and "download" not in named:
            self.found.append(str(named["href"]))


def links(html: str, base: str) -> list[str]:
    """The paths on the same host that a page links to, without what stands behind ? and #."""
    parser = _Links()
    parser.feed(html)
    host = urlsplit(base).netloc
    whole = (urlsplit(urljoin(base, link)) for link in parser.found)
    return list(dict.fromkeys(link.path for link in whole if link.netloc == host))


def name_of(path: str) -> str | None:
    """The name of a page's path; None for what is no page of people's."""
    try:
        found = resolve(path)
    except Resolver404:
        return None
    return found.url_name if hasattr(found.func, "roles") or _is_door(path) else None


def _is_door(path: str) -> bool:
    return path.startswith("/account")


def crawl(html_of: Callable[[Place], str], base_url: str, *starts: str) -> Iterator[Place]:
    """Pages from `starts` on; `html_of` opens one and says what it holds ("" for a download)."""
    waiting, seen, count = deque(starts), {*starts}, dict[str, int]()
    while waiting:
        path = waiting.popleft()
        name = name_of(path)
        if name is None or count.get(name, 0) >= MOST_OF_A_KIND:
            continue
        count[name] = count.get(name, 0) + 1
        place = Place(name, path)
        html = html_of(place)
        yield place
        fresh = [link for link in links(html, base_url + path) if link not in seen]
        seen.update(fresh)
        waiting.extend(fresh)


def unseen(places: set[str]) -> set[str]:
    """The names of pages that were not among these; what only takes POST is no page."""
    named = {each.name for each in urlpatterns if each.name and _is_page(each.callback)}
    return named - places


def _is_page(view: Callable[..., object]) -> bool:
    return hasattr(view, "roles") and "GET" in methods(view)


def methods(view: Callable[..., object] | None) -> frozenset[str]:
    """What a view says that it takes (`require_http_methods`), below its other decorators."""
    while view is not None:
        for cell in getattr(view, "__closure__", None) or ():
            told = cell.cell_contents
            if isinstance(told, list | tuple) and {"GET", "POST"} & {*told}:
                return frozenset(told)
        view = getattr(view, "__wrapped__", None)
    raise AssertionError("Every page says which methods it takes.")
