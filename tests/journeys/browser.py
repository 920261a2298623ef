"""People at a node's pages, in a real Chromium: nothing is mocked, and nothing is overlooked.

    with chromium() as browser:
        ana = visit(browser, alder.base_url)
        ana.sign_in("ana", PASSWORD)
        ana.open("/overview/")
        ana.has_nothing_to_report()

A page that asks for anything outside its node, breaks its content security policy or logs an error
is remembered, and `has_nothing_to_report` fails for it.
"""

import contextlib
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Request, Response, sync_playwright

# Debian's Chromium, without anything that would ask for hosts elsewhere.
_QUIET = [
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
]
PATIENCE = 30_000.0
WIDE, PHONE = (1280, 900), (360, 740)


@contextlib.contextmanager
def chromium() -> Iterator[Browser]:
    """A browser of one's own; skips where none is installed (`.ci/run` installs one)."""
    program = shutil.which("chromium") or shutil.which("chromium-browser")
    if program is None:
        pytest.skip("Chromium is not installed (Debian's package chromium).")
    sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=[*_QUIET, *sandbox])
        try:
            yield browser
        finally:
            browser.close()


@dataclass
class Visitor:
    """A person with cookies of their own. `complaints` is what no page should ever cause."""

    context: BrowserContext
    page: Page
    base_url: str
    complaints: list[str] = field(default_factory=list)
    # Answers that a test asks for on purpose, e.g. a refusal.
    expected: set[int] = field(default_factory=set)

    def open(self, path: str) -> Response:
        """The page at a path, or at an address that some other place has given."""
        address = path if path.startswith("http") else self.base_url + path
        answer = self.page.goto(address)
        assert answer is not None
        return answer

    def sign_in(self, name: str, password: str) -> None:
        self.open("/overview/")
        self.page.fill("input[name=login]", name)
        self.page.fill("input[name=password]", password)
        self.page.get_by_role("button", name="Sign in", exact=True).click()
        self.page.wait_for_url(lambda url: "/account/" not in url)

    def path(self) -> str:
        return urlsplit(self.page.url).path

    def text(self) -> str:
        return self.page.inner_text("main")

    def has_nothing_to_report(self) -> None:
        assert not self.complaints, "\n".join(self.complaints)


def visit(
    browser: Browser,
    base_url: str,
    *,
    size: tuple[int, int] = WIDE,
    dark: bool = False,
    script: bool = True,
    zone: str = "Europe/Vienna",
) -> Visitor:
    """Somebody who opens the node's pages for the first time."""
    context = browser.new_context(
        viewport={"width": size[0], "height": size[1]},
        color_scheme="dark" if dark else "light",
        java_script_enabled=script,
        timezone_id=zone,
        accept_downloads=True,
        reduced_motion="reduce",
    )
    context.set_default_timeout(PATIENCE)
    visitor = Visitor(context, context.new_page(), base_url)
    visitor.page.on("console", lambda told: _heard(visitor, told.type, told.text, told.location))
    visitor.page.on("pageerror", lambda error: visitor.complaints.append(f"script: {error}"))
    visitor.page.on("request", lambda request: _asked(visitor, request))
    return visitor


def _heard(visitor: Visitor, kind: str, text: str, location: object) -> None:
    refused = any(f"status of {status}" in text for status in visitor.expected)
    if kind in ("error", "warning") and not refused:
        visitor.complaints.append(f"console of {visitor.page.url}: {text} {location}")


def _asked(visitor: Visitor, request: Request) -> None:
    address = urlsplit(request.url)
    if address.scheme not in ("data", "blob") and not request.url.startswith(visitor.base_url):
        visitor.complaints.append(f"{visitor.page.url} asked for {request.url}")
