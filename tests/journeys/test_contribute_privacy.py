"""A thousand raw identifiers of every kind go in, also where they don't belong, and while parts
fail. Nothing that the node writes down, sends or answers holds one of them in the clear.
"""

import json
import random
import signal
from base64 import b64encode
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import psutil
import pytest
import requests
import stix2

from federation.errors import NotNormalizable
from federation.pseudonyms.normalize import normalize
from indicators.local import database_url
from indicators.local.valkey import Valkey
from tests.database import place_for_data
from tests.journeys.ingest_client import (
    Detector,
    await_that,
    finding,
    of_type,
    open_detector,
    tokens_of,
    window,
)
from tests.journeys.node import Node, end, free_port, running_node, start_node
from tests.journeys.search import broker, disguises, files, rows

pytestmark = pytest.mark.journey

OF_EACH_KIND = 125
STIX = "application/stix+json;version=2.1"
OCSF = "application/x-ocsf+ndjson"


def planted() -> dict[str, list[str]]:
    """125 distinctive identifiers of each of the eight kinds."""
    chance = random.Random(1000)
    numbers = range(OF_EACH_KIND)

    def word() -> str:
        return "".join(chance.choices("bcdfghjklmnpqrstvwxz", k=14))

    def octet() -> int:
        return chance.randrange(100, 256)

    addresses = [f"10.{octet()}.{octet()}.{octet()}" for _ in numbers[:-25]]
    addresses += [f"2001:db8:{chance.randrange(4096, 65536):x}:{n + 4096:x}::7" for n in range(25)]
    return {
        "email": [f"{word()}.{n}@{word()}.example" for n in numbers],
        "phone": [f"+1{201 + n % 10}555{chance.randrange(10_000):04d}" for n in numbers],
        "ip": addresses,
        "domain": [f"{word()}-{n}.example" for n in numbers],
        "device": [f"device-{word()}-{n}" for n in numbers],
        "payment-instrument": [f"X0RT{word().upper()}{n:011d}" for n in numbers],
        "wallet": [f"0x{chance.randbytes(20).hex()}" for n in numbers],
        "organisation": [f"{word().capitalize()} {word().capitalize()} Ltd" for n in numbers],
    }


PLANTED = planted()
CLUSTER_KEY = "cluster-of-qzvwxkjhq"
NAMES = [f"Qzvwx{number} Jhgkw{number}" for number in range(OF_EACH_KIND)]
REFS = [f"ref-zqxjv-{number}" for number in range(OF_EACH_KIND)]
TITLE, DESCRIPTION = "Titular qvxzjk of the case", "Described as wvqxzj by somebody"


def needles() -> dict[bytes, str]:
    """What must not be found, with what it is; also in other forms, and as it is normalized."""
    values = {value for found in PLANTED.values() for value in found}
    for kind, found in PLANTED.items():
        for value in found:
            with suppress(NotNormalizable):
                values |= {made.value for made in normalize(kind, value)}
    values |= {CLUSTER_KEY, TITLE, DESCRIPTION, *NAMES, *REFS}
    return {form: value for value in sorted(values) for form in disguises(value)}


def accounts(first: int, last: int) -> list[dict[str, Any]]:
    """Accounts with an identifier of every kind each."""
    return [
        {
            "ref": REFS[number],
            "person_names": [NAMES[number]],
            "identifiers": [
                {"kind": kind, "value": values[number]} for kind, values in PLANTED.items()
            ],
        }
        for number in range(first, last)
    ]


@dataclass
class Written:
    """All that a node wrote down and answered, by place."""

    places: dict[str, bytes] = field(default_factory=dict)
    feed: list[dict[str, Any]] = field(default_factory=list)
    stages: dict[str, int] = field(default_factory=dict)

    def add(self, place: str, content: bytes) -> None:
        self.places[place] = self.places.get(place, b"") + content


@pytest.fixture(scope="module")
def written() -> Iterator[Written]:
    found = Written()
    with place_for_data("retort-planted-") as data_dir:
        nobody = {
            "LOG_LEVEL": "info",
            "KEYHOLDER_URL": f"http://127.0.0.1:{free_port()}",
            "KEYHOLDER_USER": "alder",
            "KEYHOLDER_KEY": "not-a-key",
        }
        node = start_node(data_dir, environment=nobody)
        try:
            node.await_served()
            alder = open_detector(node, "alder-planted")
            jobs = contribute(alder, found)
            misuse(alder, found)
            restart_database_meanwhile(alder, found)
            keep(found, node, "while the key-holder is away")
            node.stop()
            found.add("log of the first run", node.printed().encode())
        finally:
            end(node)
        with running_node(data_dir, environment={"LOG_LEVEL": "info"}) as node:
            alder.node = alder.feed.node = node
            jobs.append(contribute_while_the_worker_stands(alder, found))
            found.stages = dict(alder.await_published(jobs))
            misuse(alder, found)
            feedback(alder, found)
            found.feed = alder.feed.everything(**{"match[version]": "all"})
            keep(found, node, "at the end")
            for job in jobs:
                found.add("jobs", json.dumps(alder.job(job)).encode())
            found.add("log of the second run", node.printed().encode())
        for path, content in files(data_dir):
            if path.endswith((".log", ".db")):
                found.add(path, content)
    yield found


def contribute(alder: Detector, found: Written) -> list[str]:
    """The same campaign in four formats; the ids of the jobs."""
    told = {"title": TITLE, "description": DESCRIPTION, "windows": [window()]}
    native = finding("planted-native", CLUSTER_KEY, accounts(0, 40), **told)
    answers = [
        alder.post("detections", native + b"\n"),
        alder.post("detections", csv(accounts(40, 60)), "text/csv"),
        alder.post("detections", ocsf(accounts(60, 80)), OCSF),
        alder.post("detections", bundle(80, 90), STIX),
    ]
    for response in answers:
        found.add("answers", response.content)
        assert (response.status_code, response.json().get("rejected")) == (200, 0), response.text
    return [str(each.json()["job"]) for each in answers]


def csv(accounts: list[dict[str, Any]]) -> bytes:
    lines = [
        ",".join((CLUSTER_KEY + "-csv", account["ref"], each["kind"], each["value"]))
        for account in accounts
        for each in account["identifiers"]
    ]
    return "\n".join(["cluster_key,account,kind,value", *lines, ""]).encode()


def ocsf(accounts: list[dict[str, Any]]) -> bytes:
    event = {
        "class_uid": 2004,
        "activity_id": 1,
        "time": 1_782_432_000_000,
        "status_id": 1,
        "metadata": {"version": "1.9.0-dev", "uid": "planted-ocsf"},
        "finding_info": {"uid": "planted-ocsf", "title": TITLE},
        "unmapped": {"exchange": {"cluster_key": CLUSTER_KEY + "-ocsf", "accounts": accounts}},
    }
    return json.dumps(event).encode() + b"\n"


def bundle(first: int, last: int) -> bytes:
    """Observables as STIX has them, all of one cluster."""
    seen = [
        made(value=PLANTED[kind][number])
        for number in range(first, last)
        for made, kind in (
            (stix2.EmailAddress, "email"),
            (stix2.DomainName, "domain"),
            (stix2.IPv4Address, "ip"),
        )
    ]
    network = stix2.Infrastructure(name=TITLE, description=DESCRIPTION)
    return str(stix2.Bundle(network, *seen).serialize()).encode()


def misuse(alder: Detector, found: Written) -> None:
    """Identifiers where they don't belong; every answer is an error, or a rejection of the line."""
    for response in wrong_requests(alder):
        found.add("answers", response.content)
        found.add("answers", repr(sorted(response.headers.items())).encode())
        refused = response.status_code >= 400 or response.json().get("rejected") != 0
        assert refused, response.text


def wrong_requests(alder: Detector) -> Iterator[requests.Response]:
    for line in wrong_lines():
        yield alder.post("detections", line + b"\n")
        yield alder.post("detections?dry_run=true", line + b"\n")
    email, device = PLANTED["email"][90], PLANTED["device"][91]
    yield alder.post("detections", email.encode())
    yield alder.post("detections", f"cluster_key,{email}\nc,{device}\n".encode(), "text/csv")
    yield alder.post("detections", email.encode(), STIX)
    yield alder.post("detections", json.dumps({"class_uid": email}).encode() + b"\n", OCSF)
    yield alder.post("detections", b"{}", f"text/{device}")
    yield alder.post("detections", b"{}", Content_Encoding=device)
    yield alder.post(f"detections?dry_run={device}", b"{}")
    yield alder.post("detections", b"{}", Idempotency_Key=f"{device} with a space")
    yield alder.post(f"jobs/{device}", b"{}")
    yield alder.post(f"{device}/{email}", b"{}")
    for question in (
        {"identifiers": [{"kind": email, "value": device}]},
        {"identifiers": [{"kind": "phone", "value": email}]},
        {"identifiers": [{"kind": "email", "value": email, device: 1}]},
        {email: []},
        [device],
    ):
        yield alder.post("lookup", json.dumps(question).encode(), "application/json")
    wrong_verdict = {"uid": "planted-native", "verdict": device}
    yield alder.post("feedback", json.dumps(wrong_verdict).encode(), "application/json")
    unknown_uid = {"uid": email, "verdict": "true-positive"}
    yield alder.post("feedback", json.dumps(unknown_uid).encode(), "application/json")


def wrong_lines() -> Iterator[bytes]:
    """Each with an identifier in a place where a message about it would like to quote it."""
    email, phone, device = (PLANTED[kind][92] for kind in ("email", "phone", "device"))
    for identifier in (
        {"kind": device, "value": email},
        {"kind": "phone", "value": email},
        {"kind": "ip", "value": device},
        {"kind": "email", "value": phone},
        {"kind": "domain", "value": f"https://{email}/"},
        {"kind": "wallet", "value": device},
        {"kind": "email", "value": email, "region": device},
        {"kind": "email", "value": email, device: "unknown field"},
        {"kind": "email", "value": [email]},
        {"kind": "email", "value": {device: email}},
    ):
        yield finding("wrong", CLUSTER_KEY, [{"ref": REFS[92], "identifiers": [identifier]}])
    yield finding("wrong", CLUSTER_KEY, [], **{email: device})
    yield finding("wrong", CLUSTER_KEY, [], status=email)
    yield finding("wrong", CLUSTER_KEY, [], detected_at=phone)
    yield finding("wrong", CLUSTER_KEY, [], prompt=device)
    yield finding("wrong", CLUSTER_KEY, [], capability_targets=[email])
    yield finding("wrong", CLUSTER_KEY, [], prompt_fingerprints=[{"minhash": device}])
    yield finding("wrong", CLUSTER_KEY, [{"ref": 5, "identifiers": [device]}])
    yield f'{{"uid":"wrong","cluster":{{"key":"{device}"}},"{email}":1,"{email}":2}}'.encode()
    yield f'{{"uid":"wrong","cluster":{{"key":"{device}'.encode()
    yield f'{{"uid":"wrong","x":{phone.removeprefix("+")}00000000000000}}'.encode()
    yield f'{{"uid":"wrong","x":"{email}\\ud800"}}'.encode()


def restart_database_meanwhile(alder: Detector, found: Written) -> None:
    """A POST and a lookup that PostgreSQL doesn't survive."""
    node = alder.node
    for process in psutil.Process(node.pids()["database"]).children():
        with suppress(psutil.NoSuchProcess):
            process.kill()
    node.kill("database")
    question = {"identifiers": [{"kind": "email", "value": PLANTED["email"][93]}]}
    for _ in range(3):
        with suppress(requests.RequestException):
            line = finding("lost", CLUSTER_KEY, accounts(93, 95)) + b"\n"
            found.add("answers", alder.post("detections", line).content)
            body = json.dumps(question).encode()
            found.add("answers", alder.post("lookup", body, "application/json").content)
    node.await_parts("database")

    def serves() -> bool:
        with suppress(requests.RequestException):
            return alder.feed.session().get(alder.feed.url, timeout=5).status_code == 200
        return False

    await_that(serves, lambda: "the node did not recover", node)


def contribute_while_the_worker_stands(alder: Detector, found: Written) -> str:
    """So that its tasks lie in the broker when we look; then it is killed, and goes on."""
    node = alder.node
    pid = node.await_parts("worker", "broker")["worker"]
    worker = psutil.Process(pid)
    standing = [worker, *worker.children(recursive=True)]
    for process in standing:
        process.send_signal(signal.SIGSTOP)
    told = {"title": TITLE, "description": DESCRIPTION}
    job = alder.send_all([finding("planted-late", CLUSTER_KEY, accounts(95, 125), **told)])
    queued = broker(Valkey(node.data_dir).socket)
    assert b"indicators.pseudonymize" in queued
    found.add("broker with tasks", queued)
    for process in standing:
        with suppress(psutil.NoSuchProcess):
            process.kill()
    return job


def feedback(alder: Detector, found: Written) -> None:
    """A lookup of everything planted, and a verdict."""
    identifiers = [
        {"kind": kind, "value": value} for kind, values in PLANTED.items() for value in values
    ]
    body = json.dumps({"identifiers": identifiers}).encode()
    response = alder.post("lookup", body, "application/json")
    assert response.status_code == 200, response.text
    matched = [bool(each) for each in response.json()["results"]]
    # All but those of the lines that were refused or lost.
    assert sum(matched) > 900
    found.add("answers", response.content)
    verdict = {"uid": "planted-late", "verdict": "false-positive"}
    response = alder.post("feedback", json.dumps(verdict).encode(), "application/json")
    assert response.status_code == 200, response.text
    found.add("answers", response.content)


def keep(found: Written, node: Node, when: str) -> None:
    """Tables, broker, metrics and what the commands show."""
    for column, content in rows(database_url(node.data_dir)):
        found.add(f"{column} {when}", content)
    found.add(f"broker {when}", broker(Valkey(node.data_dir).socket))
    found.add(f"metrics {when}", requests.get(f"{node.base_url}/metrics", timeout=60).content)
    for command in (("waiting", "list"), ("draft", "list"), ("detector", "list"), ("doctor",)):
        shown = node.run(*command, check=False)
        found.add(f"{' '.join(command)} {when}", (shown.stdout + shown.stderr).encode())


def test_the_search_finds_what_is_there(written: Written) -> None:
    """Or the other tests here would prove nothing."""
    assert b"planted-native" in written.places["indicators_detection.uid at the end"]
    assert b"planted-late" in written.places["indicators_job.results at the end"]
    assert b"identifier-token:value" in written.places["indicators_draft.objects_zstd at the end"]
    assert b"psi1." in written.places["indicators_objectversion.body at the end"]
    assert len(written.places) > 100


def test_the_search_knows_the_forms_that_values_take() -> None:
    value = PLANTED["email"][0]
    assert b64encode(value.encode())[:20] in b"".join(disguises(value))
    assert len(needles()) > 6000


def test_nothing_that_was_written_down_holds_an_identifier(written: Written) -> None:
    hits = [
        f"{value!r} in {place}: {around(form, content)!r}"
        for form, value in needles().items()
        for place, content in written.places.items()
        if form in content
    ]
    assert not hits, "\n".join(hits[:50])


def around(form: bytes, content: bytes) -> bytes:
    at = content.index(form)
    return content[max(0, at - 100) : at + len(form) + 20]


def test_the_feed_holds_no_identifier(written: Written) -> None:
    served = json.dumps(written.feed, ensure_ascii=False).encode()
    assert [value for form, value in needles().items() if form in served] == []


def test_a_key_holder_that_is_away_is_named_as_what_is_waited_for(written: Written) -> None:
    shown = written.places["waiting list while the key-holder is away"]
    assert b"can't be reached" in shown, shown


def test_what_could_be_shared_was_published(written: Written) -> None:
    """So that nothing was found for the reason that nothing was done."""
    assert written.stages == {"published": 5}
    tokens = {token for each in of_type(written.feed, "indicator") for token in tokens_of(each)}
    assert len(tokens) > 900
