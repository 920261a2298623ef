"""A detector's way into a started node, and a member's way to what comes out of it.

alder = open_detector(node, "alder-watch")
job = alder.send([alder.finding("f-1", "cluster", accounts=12)])
alder.await_published([job["job"]])
alder.feed.everything()
"""

import json
import os
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import requests
from isal import igzip

from tests.journeys.feed import Feed
from tests.journeys.node import Node

NDJSON = "application/x-ndjson"
TOKEN_INDICATOR = "extension-definition--594eb5c0-0756-465b-be9f-6d2436faa48f"
#: What is over: nothing further will be made of the detection.
ENDED = frozenset({"published", "withheld", "superseded"})
PATIENCE = 120.0


def wanted(variable: str, small: int) -> int:
    """A journey's size: small in the suite, as large as the environment asks for by hand."""
    return int(os.environ.get(variable, small))


@dataclass
class Detector:
    """A registered detector with a key for every scope, and the feed that it publishes to."""

    node: Node
    name: str
    key: str
    feed: Feed
    session: requests.Session = field(default_factory=requests.Session)

    def url(self, path: str) -> str:
        return f"{self.node.base_url}/ingest/v1/{path}"

    def post(
        self, path: str, body: bytes, media_type: str = NDJSON, **headers: str
    ) -> requests.Response:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        named |= {"Content-Type": media_type, "Authorization": f"Bearer {self.key}"}
        return self.session.post(self.url(path), data=body, headers=named, timeout=120)

    def send(self, lines: Iterable[bytes], **headers: str) -> dict[str, Any]:
        """POST detections as gzipped NDJSON; the answer, which must be one of acceptance."""
        body = igzip.compress(b"".join(line.rstrip(b"\n") + b"\n" for line in lines), 1)
        response = self.post("detections", body, Content_Encoding="gzip", **headers)
        assert response.status_code in (200, 202), response.text
        return dict(response.json())

    def send_all(self, lines: Iterable[bytes], **headers: str) -> str:
        """POST detections of which none may be refused; the id of their job."""
        answered = self.send(lines, **headers)
        assert answered["rejected"] == 0, self.job(answered["job"])["results"]
        return str(answered["job"])

    def job(self, job_id: str) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {self.key}"}
        while True:
            response = self.session.get(self.url(f"jobs/{job_id}"), headers=headers, timeout=60)
            if response.status_code != 429:
                assert response.status_code == 200, response.text
                return dict(response.json())
            time.sleep(float(response.headers["Retry-After"]))

    def stages(self, jobs: Iterable[str]) -> Counter[str]:
        found: Counter[str] = Counter()
        for job_id in jobs:
            found.update(self.job(job_id)["stages"])
        return found

    def await_published(self, jobs: Iterable[str], patience: float = PATIENCE) -> Counter[str]:
        """Until nothing of these jobs is under way any more; how many detections at which stage."""
        return sum((self._await_job(job_id, patience) for job_id in jobs), Counter())

    def _await_job(self, job_id: str, patience: float) -> Counter[str]:
        found: Counter[str] = Counter()

        def ended() -> bool:
            found.clear()
            found.update(self.job(job_id)["stages"])
            return found.keys() <= ENDED

        await_that(ended, lambda: f"only {dict(found)} of {self.name}", self.node, patience)
        return found

    def contribute(self, *lines: bytes) -> list[dict[str, Any]]:
        """Send lines, await them, and read the feed: the newest version of every object."""
        self.await_published([self.send_all(lines)])
        return self.feed.everything()


def open_detector(
    node: Node, name: str, *, policy: str = "publish", feed: Feed | None = None
) -> Detector:
    """A detector that publishes into a collection of its own, or into that of `feed`."""
    reader, maker = f"reader-of-{name}", f"maker-of-{name}"
    scopes = [part for scope in SCOPES for part in ("--scope", scope)]
    own = [
        ["collection", "create", f"Found by {name}", "--alias", name, "--audience", "members"],
        ["member", "add", reader],
        ["collection", "grant", name, reader, "--read"],
        ["credential", "create", reader, f"{reader}-feed"],
    ]
    home = feed.collection if feed else name
    made = answers(
        node,
        *([] if feed else own),
        ["detector", "add", name, "--policy", policy, "--collection", home, "--tlp", "green"],
        ["member", "add", maker],
        # A lookup shows what its member may read.
        ["collection", "grant", home, maker, "--read"],
        ["credential", "create", maker, f"{maker}-key", *scopes, "--detector", name],
    )
    if feed is None:
        collection, _, _, reading = made[:4]
        feed = Feed(node, collection["id"], reading["name"], reading["key"], collection["vkey"])
    return Detector(node, name, made[-1]["key"], feed)


SCOPES = ("ingest", "lookup", "feedback")


def answers(node: Node, *commands: list[str]) -> list[dict[str, Any]]:
    """The row that each command prints; in one process, as starting one takes the most time."""
    told = node.run("shell", "--no-imports", "-c", _RUN_ALL.format(commands=json.dumps(commands)))
    return [json.loads(line) for line in told.stdout.splitlines()]


_RUN_ALL = """
import io, json
from django.core.management import call_command
for words in {commands}:
    told = io.StringIO()
    call_command(*words, "--json", stdout=told, stderr=io.StringIO())
    print(json.dumps(json.loads(told.getvalue())[0]))
"""


def finding(
    uid: str,
    cluster: str,
    accounts: Iterable[dict[str, Any]] = (),
    *,
    revision: int = 1,
    **more: Any,
) -> bytes:
    """A line of native NDJSON."""
    line = {
        "uid": uid,
        "cluster": {"key": cluster},
        "revision": revision,
        "accounts": list(accounts),
        **more,
    }
    return json.dumps({name: value for name, value in line.items() if value != []}).encode()


def account(number: int, prefix: str = "account") -> dict[str, Any]:
    """An account with an email and a device, which nobody else has."""
    return {
        "ref": f"{prefix}-{number}",
        "identifiers": [
            {"kind": "email", "value": f"{prefix}.{number}@mail.example"},
            {"kind": "device", "value": f"{prefix}-device-{number}"},
        ],
    }


def window(requests_count: int = 5000, accounts: int = 12) -> dict[str, Any]:
    """A day's traffic."""
    return {
        "start": "2026-04-22T00:00:00Z",
        "seconds": 86_400,
        "account_count": accounts,
        "request_count": requests_count,
    }


def of_type(objects: Iterable[dict[str, Any]], kind: str) -> list[dict[str, Any]]:
    return [each for each in objects if each["type"] == kind]


def live(objects: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    return [each for each in objects if not each.get("revoked")]


def tokens_of(indicator: dict[str, Any]) -> list[str]:
    """The tokens of a token indicator, none of another one."""
    return [part for part in indicator["pattern"].split("'") if part.startswith("psi1.")]


def all_tokens(objects: Iterable[dict[str, Any]]) -> Iterator[str]:
    """Every token that the live indicators among these objects hold."""
    for each in live(of_type(objects, "indicator")):
        yield from tokens_of(each)


def kinds_of(objects: Iterable[dict[str, Any]]) -> Counter[str]:
    """How many tokens of each kind."""
    found: Counter[str] = Counter()
    for each in live(of_type(objects, "indicator")):
        (kind,) = each["extensions"][TOKEN_INDICATOR]["kinds"]
        found[kind] += len(tokens_of(each))
    return found


def await_that(
    condition: Callable[[], bool], what: Callable[[], str], node: Node, patience: float = PATIENCE
) -> None:
    deadline = time.monotonic() + patience
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"After {patience:.0f} s {what()}:\n{_told(node)}")
        time.sleep(0.2)


def _told(node: Node) -> str:
    """What a person would look at: what waits and why, and the log but for its requests."""
    waiting = node.run("waiting", "list", check=False).stdout
    lines = [line for line in node.printed().splitlines() if "[retort.access]" not in line]
    return "\n".join([waiting, *lines[-40:]])
